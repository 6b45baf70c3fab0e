"""Demonstrations in ``.npz`` files: plain arrays, labels as JSON, nothing that has to be executed to be read."""

from __future__ import annotations

import os

import numpy as np

from ..mdp.files import read_arrays, write_arrays
from .columns import Columns
from .flat import Flat, flatten
from .labels import from_json, to_json

FILE_FORMAT = "maxent_irl.Demonstrations 1"


def write_npz(flat: Flat, path: str | os.PathLike) -> None:
    """Write to exactly this path."""
    fields = flat._asdict()
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    arrays |= {f"{what}_labels": np.array(to_json(fields[f"{what}_labels"], what)) for what in ("state", "action")}
    arrays |= flat.columns.to_arrays()
    write_arrays(path, {"format": np.array(FILE_FORMAT), **arrays})


def read_npz(path: str | os.PathLike) -> Flat:
    """Read what `write_npz` wrote; raise ValueError naming the file if it is cut or of another kind."""
    name = os.fspath(path)
    arrays = read_arrays(path)
    if str(arrays.pop("format", "")) != FILE_FORMAT:
        raise ValueError(f"{name} holds no demonstrations of this version: write them with Demonstrations.save")
    _check(arrays, name)
    labels = {key: from_json(str(arrays.pop(key))) for key in ("state_labels", "action_labels")}
    columns = Columns.from_arrays(arrays, len(arrays["final_states"]), len(arrays["states"]))
    return flatten(lengths=np.diff(arrays.pop("offsets")), **arrays, **labels, columns=columns)


def _check(arrays: dict, name: str) -> None:
    """Raise where arrays contradict one another, as those of a file changed by hand may."""
    lacking = {"states", "actions", "offsets", "final_states", "state_labels", "action_labels"} - set(arrays)
    if lacking:
        raise ValueError(f"{name} is damaged: it lacks {', '.join(sorted(lacking))}")
    states, actions, offsets, final = (arrays[key] for key in ("states", "actions", "offsets", "final_states"))
    if offsets[:1].tolist() != [0] or (np.diff(offsets) <= 0).any() or not offsets[-1] == len(states) == len(actions):
        raise ValueError(
            f"{name} is damaged: its offsets do not divide its {len(states)} states and {len(actions)} actions"
        )
    least = {"states": states, "actions": actions, "goals": arrays.get("goals", states), "final_states": final + 1}
    for key, values in least.items():
        if (values < 0).any():
            raise ValueError(f"{name} is damaged: negative {key}")
