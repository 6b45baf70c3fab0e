"""The data: who did what, in which state, in every format people have it.

`demonstrations` holds the class, whose arrays `flat` describes and `changes` slices and joins. `formats`, `episodes`, `files` and
`tables` read into them. A table is read into `columns` (from a file by `text_tables`), its `cells` are read as text, numbers or
flags, `row_order` sorts its rows, and `neighbours` finds actions where it has none. `labels` and `labelled` map names to indices,
`feasibility` checks against an MDP, `sampling` draws new demonstrations, `joined` lays several MDPs side by side.
"""

from .demonstrations import Demonstrations, Trajectory

__all__ = ["Demonstrations", "Trajectory"]
