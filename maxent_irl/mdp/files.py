"""Arrays in ``.npz`` files: plain ones only, so that reading them executes nothing."""

from __future__ import annotations

import os
import zipfile
import zlib

import numpy as np
from numpy.typing import NDArray


def write_arrays(path: str | os.PathLike, arrays: dict) -> None:
    """Write to exactly this path (numpy alone would append ``.npz``)."""
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def read_arrays(path: str | os.PathLike) -> dict[str, NDArray]:
    """Read all arrays; raise ValueError naming the file if it is cut or of another kind."""
    try:
        # numpy would leave a file that it opened itself open when it cannot read it
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{os.fspath(path)} is not a readable .npz file (truncated, or of another kind): {error}"
        ) from error
