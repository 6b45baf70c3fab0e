"""The data: who did what, in which state, in every format people have it.

`demonstrations` holds the class. `formats`, `tables` and `files` read into its flat form (`flat`). `labels` and `labelled` map
names to indices. `feasibility` checks against an MDP, `sampling` draws new ones, `joined` lays several MDPs side by side.
"""

from .demonstrations import Demonstrations, Trajectory

__all__ = ["Demonstrations", "Trajectory"]
