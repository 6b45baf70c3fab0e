"""The command ``maxent-irl lesson``: its options, and what it does with them."""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import threading
import warnings
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .recording import Recording

DESCRIPTION = """\
Open the lesson in a browser: control as inference and its inverse, seven screens
computed by this package. It is served to this machine only. Ctrl-C ends it.

examples:
  maxent-irl lesson
  maxent-irl lesson --no-browser --port 8000
  maxent-irl lesson --data walks.csv --grid 8x12
"""
DONE, BAD_INPUT = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to a parser."""
    parser.description, parser.formatter_class = DESCRIPTION, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--port", type=_port, default=0, help="default: a free one")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    table = parser.add_argument_group("your own demonstrations, for the last chapter")
    table.add_argument("--data", metavar="FILE.csv", type=Path, help="a table with one decision per row")
    for name, meaning in (
        ("id", "which trajectory"),
        ("state", "the state"),
        ("action", "the action taken in it"),
        ("time", "orders the rows of a trajectory"),
        ("next-state", "state that followed"),
    ):
        table.add_argument(f"--{name}", metavar="COLUMN", help=f"{meaning}; default: '{name.replace('-', '_')}'")
    table.add_argument(
        "--delimiter", metavar="CHAR", help="between columns; default: a tab in .tsv files, otherwise ','"
    )
    table.add_argument("--grid", metavar="ROWSxCOLUMNS", type=_grid, help="states are cells, numbered row by row")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="maxent-irl lesson")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Serve the lesson until Ctrl-C."""
    from .answers import Lesson
    from .server import LessonServer

    # The page says what did not converge or is not determined; warnings on the terminal would say it again.
    warnings.simplefilter("ignore", UserWarning)
    try:
        server = LessonServer(Lesson(_recording(options)), options.port)
    except (ValueError, OSError) as error:
        print(f"maxent-irl lesson: {error}", file=sys.stderr)
        return BAD_INPUT
    print(f"The lesson is at {server.address}  (Ctrl-C ends it)", flush=True)
    if not options.no_browser:
        threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        print("\nThe lesson has ended.", flush=True)
    finally:
        server.server_close()
    return DONE


def _recording(options: argparse.Namespace) -> Recording:
    from .recording import best_available, from_csv

    if options.data is None:
        return best_available()
    tab_or_comma = "\t" if ".tsv" in options.data.suffixes else ","
    open_ = gzip.open if options.data.suffix == ".gz" else open
    with open_(options.data, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file, delimiter=options.delimiter or tab_or_comma), [])
    columns = {name: getattr(options, name) or name for name in ("id", "state", "action")}
    for name in ("time", "next_state"):
        given = getattr(options, name)
        if given is not None or name in header:
            columns[name] = given or name
    return from_csv(options.data, columns, options.grid, options.delimiter)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number up to 65535; got {text!r}")
    return int(text)


def _grid(text: str) -> tuple[int, int]:
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() and 0 < int(side) <= 100 for side in sides):
        raise argparse.ArgumentTypeError(f"two numbers up to 100, such as 8x12; got {text!r}")
    return int(sides[0]), int(sides[1])
