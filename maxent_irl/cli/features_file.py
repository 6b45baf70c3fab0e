"""Features in a text file: one row per state, or per state and action."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..demonstrations.cells import MISSING, numbers
from ..demonstrations.labels import shown
from ..demonstrations.table_sources import Roles, Table, read_columns

KEYS = ("state", "action")


def read_features(
    path: Path, states: Sequence[Any], actions: Sequence[Any], available: NDArray, delimiter: str | None = None
) -> tuple[NDArray, list[str]]:
    """Read a feature table: column ``state``, perhaps ``action``, then one column per feature.

    Every state with an available action (every available pair) must have exactly one row. Columns are separated by commas, or
    as `delimiter` says.

    Parameters
    ----------
    path : path
    states, actions : sequences of S and A names
        Labels, or indices, as the file writes them.
    available : (S, A) bool array
    delimiter : str, optional

    Returns
    -------
    features : (S, K) or (S, A, K) float64 array
    names : list of K str

    Raises
    ------
    ValueError
        Naming the file, the line and the column at fault.
    """
    table = _read(path, delimiter)
    keys = [key for key in KEYS if key in table.columns]
    names = [name for name in table.columns if name not in keys]
    if not names:
        raise ValueError(f"{path} has no feature columns beside {', '.join(keys)}")
    rows = [_indices(table, key, states if key == "state" else actions) for key in keys]
    shape = available.shape[: len(keys)]
    entry = np.ravel_multi_index(rows, shape)
    order = np.argsort(entry, kind="stable")
    again = np.flatnonzero(np.diff(entry[order]) == 0)
    if again.size:
        row = int(order[again + 1].min())
        what = ", ".join(f"{key} {table.columns[key][row]}" for key in keys)
        raise ValueError(f"{path}, {table.place(row)}: a second row for {what}")
    features = np.full((*shape, len(names)), np.nan)
    features.reshape(-1, len(names))[entry] = np.column_stack(
        [numbers(table.columns[name], table.where(name)) for name in names]
    )
    needed = available if len(keys) == 2 else available.any(axis=1)
    lacking = np.argwhere(needed & np.isnan(features).any(axis=-1))
    if len(lacking):
        known = (states, actions)
        what = ", ".join(f"{key} {known[j][int(i)]}" for j, (key, i) in enumerate(zip(keys, lacking[0], strict=True)))
        raise ValueError(
            f"{path} gives no (or not all) features for {what}; {len(lacking)} such rows are missing in all"
        )
    return np.nan_to_num(features, nan=0.0), names


def _read(path: Path, delimiter: str | None) -> Table:
    def roles(header: tuple[str, ...]) -> Roles:
        if "state" not in header:
            raise _NoKeyError
        unnamed = next((k for k, name in enumerate(header) if not name.strip()), None)
        if unnamed is not None:
            raise ValueError(
                f"{path}: column {unnamed + 1} has no name, as the row numbers that pandas writes have none: leave it out "
                "(to_csv(index=False)), or name it"
            )
        return {(name if name in KEYS else f"feature {name}"): name for name in header}

    for mark in dict.fromkeys((delimiter, None)):  # it need not be separated as the table of demonstrations is
        try:
            return read_columns(path, roles, mark, frozenset(MISSING))
        except _NoKeyError:
            pass
    raise ValueError(
        f"{path} needs a header with a column 'state', perhaps 'action', and one column per feature, separated by commas or "
        "as --delimiter says"
    )


class _NoKeyError(Exception):
    """The header has no column of states."""


def _indices(table: Table, key: str, names: Sequence[Any]) -> NDArray:
    index = {str(name): i for i, name in enumerate(names)}
    found = np.empty(table.n_rows, dtype=np.int64)
    for row, cell in enumerate(table.columns[key].tolist()):
        if str(cell) not in index:
            said = "is missing" if cell is None else f"{shown(cell)} is not one of the problem's {key}s"
            raise ValueError(f"{table.source}, {table.place(row)}: {key} {said}")
        found[row] = index[str(cell)]
    return found
