"""The problem: a finite Markov decision process without its reward.

`process` holds the MDP and `inputs` turns what users have into one. `structure` finds what follows from its graph.
`policies` checks policies. `files` reads and writes plain arrays.
"""

from .process import MDP, check_mdp, gymnasium_reward

__all__ = ["MDP", "check_mdp", "gymnasium_reward"]
