"""Demonstrations in ``.npz`` files: plain arrays, labels as JSON, nothing that has to be executed to be read."""

from __future__ import annotations

import os

import numpy as np

from ._labels import from_json, to_json
from ._npz import read_arrays, write_arrays
from ._trajectory import Flat, flatten

FILE_FORMAT = "maxent_irl.Demonstrations 1"


def write_npz(flat: Flat, path: str | os.PathLike) -> None:
    """Write to exactly this path."""
    fields = flat._asdict()
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    arrays |= {f"{what}_labels": np.array(to_json(fields[f"{what}_labels"], what)) for what in ("state", "action")}
    write_arrays(path, {"format": np.array(FILE_FORMAT), **arrays})


def read_npz(path: str | os.PathLike) -> Flat:
    """Read what `write_npz` wrote; raise ValueError naming the file if it is cut or of another kind."""
    name = os.fspath(path)
    arrays = read_arrays(path)
    if str(arrays.pop("format", "")) != FILE_FORMAT:
        raise ValueError(f"{name} holds no demonstrations of this version: write them with Demonstrations.save")
    labels = {key: from_json(str(arrays.pop(key))) for key in ("state_labels", "action_labels")}
    return flatten(lengths=np.diff(arrays.pop("offsets")), **arrays, **labels)
