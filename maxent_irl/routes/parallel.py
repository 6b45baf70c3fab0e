"""Spreading work over threads, processes or machines: joblib, with whatever backend it is told to use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray

ATTEMPTS = 3  # a worker that dies takes its share of an evaluation with it: the evaluation is made again


def shares(n: int, n_jobs: int | None) -> list[NDArray]:
    """Positions 0 to n - 1 in as many runs as there are workers."""
    return [part for part in np.array_split(np.arange(n), max(1, effective_n_jobs(n_jobs))) if len(part)]


def spread(function: Callable, arguments: list[tuple], n_jobs: int | None) -> list[Any]:
    """``[function(*args) for args in arguments]``, side by side.

    Threads unless joblib has been told otherwise (``joblib.parallel_config``): the solves release Python's lock. When workers
    are lost on the way, everything is computed again, at last in this process.
    """
    if len(arguments) == 1:
        return [function(*arguments[0])]
    for _ in range(ATTEMPTS):
        try:
            results = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(function)(*args) for args in arguments)
        except Exception as error:
            if not _lost_worker(error):
                raise
            continue
        if not any(isinstance(result, BaseException) for result in results):
            return results
    return [function(*args) for args in arguments]


def _lost_worker(error: Exception) -> bool:
    """Whether an error is about a worker that went away, not about the work."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(
        names & {"CancelledError", "KilledWorker", "TerminatedWorkerError", "CommClosedError", "BrokenProcessPool"}
    )
