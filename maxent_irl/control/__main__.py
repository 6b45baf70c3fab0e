"""Run every member of the family at small size, and print its distance from the exact answer.

    python -m maxent_irl.control [--seed SEED] [--deep]

The exit code is 1 if a distance exceeds its bound.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .members import MEMBERS, Member, measure


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m maxent_irl.control",
        description="Run every member of the family, and print its distance from the exact answer.",
    )
    parser.add_argument("--seed", type=_seed, default=0, help="seed of all random draws (default 0)")
    parser.add_argument(
        "--deep", action="store_true", help="run the members with networks instead, some minutes; needs torch"
    )
    options = parser.parse_args(arguments)
    seed, members = options.seed, _deep_members() if options.deep else MEMBERS
    print(f"{'member':24} {'measured':56} {'distance':>9} {'bound':>8} {'seconds':>8}", flush=True)
    results = []
    for member in members:
        result = measure(member, seed)
        results.append(result)
        mark = "" if result.kept else "  EXCEEDED"
        print(
            f"{member.name:24} {member.measured:56} {result.distance:9.2e} {member.bound:8.0e} {result.seconds:8.2f}{mark}",
            flush=True,
        )
    missed = [result.member.name for result in results if not result.kept]
    total = sum(result.seconds for result in results)
    verdict = f"bounds exceeded by: {', '.join(missed)}" if missed else "all within their bounds"
    print(f"{len(results)} members in {total:.1f} s, {verdict}")
    return 1 if missed else 0


def _deep_members() -> tuple[Member, ...]:
    """The members with networks, one thread for each; exit where torch is missing, saying which extra has it."""
    try:
        from .deep.members import DEEP_MEMBERS, use_one_thread
    except ImportError as error:
        sys.exit(str(error))
    use_one_thread()
    return DEEP_MEMBERS


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a seed is an integer >= 0; got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
