"""What every benchmark prints and how it takes the time: the machine, a table, medians, one thread."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

import maxent_irl


def one_thread() -> None:
    """Keep this process's linear algebra to one thread: threads that wait for a busy core would be timed as well."""
    threadpool_limits(1)


def begin(title: str) -> None:
    """Keep to one thread, and print what is measured, where, and with which versions."""
    one_thread()
    print(f"\n# {title}\n\n{machine()}\n", flush=True)


def machine() -> str:
    """CPU, cores, load and versions, in two lines."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    cpu = names[0] if names else platform.processor() or platform.machine()
    return (
        f"{cpu}, {os.cpu_count()} cores{load}, {platform.system()}, one thread\n"
        f"Python {platform.python_version()}, numpy {_version('numpy')}, scipy {_version('scipy')}, "
        f"maxent_irl {maxent_irl.__version__}"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def timed(action: Callable[[], Any], *, repeat: int = 5, enough: float = 20.0) -> tuple[float, Any]:
    """Median time in seconds, and the last result, of an action run up to `repeat` times.

    The time is the processor's, user and system: for one thread on an idle machine that is the wall's, and on a busy one
    it still means something. No new run starts once `enough` seconds have been spent.
    """
    taken: list[float] = []
    result = None
    while len(taken) < repeat and sum(taken) < enough:
        gc.collect()
        start = time.process_time()
        result = action()
        taken.append(time.process_time() - start)
    return statistics.median(taken), result


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, numbers to three digits, in a form that Markdown reads too."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(header), *cells]) for i in range(len(header))]
    for row in [list(header), ["-" * width for width in widths], *cells]:
        print("| " + " | ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) + " |")
    print(flush=True)


def verdict(claim: str, value: float, *, least: float | None = None, most: float | None = None) -> None:
    """Print whether a measured number is where it should be."""
    good = (least is None or value >= least) and (most is None or value <= most)
    wanted = f"at least {least:g}" if least is not None else f"at most {most:g}"
    print(f"{'reached' if good else 'MISSED'}: {claim}: {value:.3g} (wanted {wanted})", flush=True)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return str(value)
