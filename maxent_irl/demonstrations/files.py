"""Demonstrations in ``.npz`` files: plain arrays, labels and ids as JSON, nothing that has to be executed to be read."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mdp.files import Entry, read_checked, write_checked
from .columns import Columns
from .flat import Flat, flatten
from .labels import as_labels, from_json, to_json

FILE_FORMAT = "maxent_irl.Demonstrations 2"
LARGEST = float(2**63 - 1)
SCHEMA = {
    "states": Entry("whole", ("decisions",), low=0, high=LARGEST),
    "actions": Entry("whole", ("decisions",), low=0, high=LARGEST),
    "offsets": Entry("whole", ("trajectories + 1",), low=0, high=LARGEST),
    "final_states": Entry("whole", ("trajectories",), low=-1, high=LARGEST),
    "terminated": Entry("flag", ("trajectories",)),
    "weights": Entry("real", ("trajectories",), low=0.0),
    "goals": Entry("whole", ("trajectories",), required=False, low=0, high=LARGEST),
    **{
        name: Entry("whole", (f"bytes of {name}",), low=0, high=255)
        for name in ("ids", "state_labels", "action_labels")
    },
}
NAMED = {"decision_column.": "decisions", "trajectory_column.": "trajectories"}


def write_npz(flat: Flat, path: str | os.PathLike) -> None:
    """Write to exactly this path."""
    fields = flat.fields()
    if fields["ids"] == tuple(range(len(flat.ids))):
        fields["ids"] = None
    texts = {"ids": "trajectory id", "state_labels": "state label", "action_labels": "action label"}
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    arrays |= {name: _bytes(to_json(fields[name], what)) for name, what in texts.items()}
    write_checked(path, FILE_FORMAT, arrays | flat.columns.to_arrays())


def read_npz(path: str | os.PathLike) -> Flat:
    """Read what `write_npz` wrote; raise ValueError naming the file and the entry if it is damaged or of another kind."""
    name = os.fspath(path)
    arrays = read_checked(path, FILE_FORMAT, SCHEMA, named=NAMED)
    columns = Columns.from_arrays(arrays, len(arrays["final_states"]), len(arrays["states"]))
    labels: dict[str, Any] = {
        key: _names(arrays.pop(key), key, name) for key in ("ids", "state_labels", "action_labels")
    }
    offsets, n_decisions = arrays.pop("offsets"), len(arrays["states"])
    if offsets[:1].tolist() != [0] or (np.diff(offsets) <= 0).any() or offsets[-1] != n_decisions:
        raise ValueError(f"{name} is damaged: its offsets do not divide its {n_decisions} decisions")
    if len(offsets) != len(arrays["final_states"]) + 1:
        raise ValueError(
            f"{name} is damaged: its offsets are of {len(offsets) - 1} trajectories, its final_states of "
            f"{len(arrays['final_states'])}"
        )
    for key, kind in (("states", "state"), ("final_states", "state"), ("goals", "state"), ("actions", "action")):
        known = labels[f"{kind}_labels"]
        if key in arrays and known is not None and arrays[key].max() >= len(known):
            raise ValueError(
                f"{name} is damaged: {key} holds {arrays[key].max()}, and {kind}_labels has {len(known)} entries"
            )
    whole = {
        key: arrays[key].astype(np.int64) for key in ("states", "actions", "final_states", "goals") if key in arrays
    }
    try:
        return flatten(
            whole["states"],
            whole["actions"],
            np.diff(offsets).astype(np.int64),
            whole["final_states"],
            terminated=arrays["terminated"],
            weights=arrays["weights"],
            goals=whole.get("goals"),
            columns=columns,
            **labels,
        )
    except ValueError as error:
        raise ValueError(f"{name} is damaged: {error}") from None


def _bytes(text: str) -> NDArray:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _names(codes: NDArray, key: str, name: str) -> tuple[Any, ...] | None:
    """Labels or ids from the bytes of JSON text."""
    try:
        names = from_json(codes.astype(np.uint8).tobytes().decode())
        if names is None or key == "ids" and isinstance(names, tuple):
            return names
        if not isinstance(names, tuple):
            raise ValueError("it must be a list")
        return as_labels(names, key)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is damaged: {key} cannot be read: {error}") from None
