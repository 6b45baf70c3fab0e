"""What each trajectory of a table belongs to, such as an animal, from a column of the table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..demonstrations.cells import MISSING, check_missing
from ..demonstrations.labels import shown
from ..demonstrations.table_sources import read_columns


def groups_of(path: Path, id: Any, options: argparse.Namespace, ids: Sequence[Any]) -> list[Any]:
    """Group of each trajectory, in the order of `ids`.

    Raises
    ------
    ValueError
        For a trajectory whose rows name several groups or none.
    """
    words = check_missing(MISSING if options.missing is None else options.missing)
    table = read_columns(path, {"id": id, "group": options.groups}, options.delimiter, words)
    names = table.identifiers({"id": id})["id"].tolist()
    group_of: dict[Any, Any] = {}
    for row, (name, group) in enumerate(zip(names, table.columns[options.groups].tolist(), strict=True)):
        name = tuple(name) if isinstance(name, list) else name
        if group is None:
            raise ValueError(f"{table.source}, {table.place(row)}: column {options.groups!r} is missing: fill it in")
        if group_of.setdefault(name, group) != group:
            raise ValueError(
                f"{table.source}, {table.place(row)}: trajectory {shown(name)} belongs to {shown(group)} here and to "
                f"{shown(group_of[name])} before: a trajectory has one group"
            )
    # A trip that was cut at a gap is named (trip, 0), (trip, 1), ...
    return [group_of[name] if name in group_of else group_of[name[0]] for name in ids]
