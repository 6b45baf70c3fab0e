"""The data: who did what, in which state, in every format people have it.

`demonstrations` holds the class, whose arrays `flat` describes and `changes` slices and joins. `formats`, `episodes`, `files` and
`tables` read into them. `table_sources` reads any table, `text_tables` one from a file. Its `cells` are read as text, numbers or
flags; `row_order` sorts its rows; `neighbours` finds actions where it has none. `labels` and `labelled` map names to indices,
`feasibility` checks against an MDP, `sampling` draws new demonstrations, `joined` lays several MDPs side by side.
"""

from .demonstrations import Demonstrations, Trajectory

__all__ = ["Demonstrations", "Trajectory"]
