r"""
Exercise 2: soft value iteration
================================

30 minutes. You need: chapter 2 of ``maxent-irl lesson``.

Five places in a row, actions left, right and stay. At an end, a step outwards stays. Place 4 pays 1 for every decision taken
there, the others nothing. The discount is 0.9, the temperature 1:

.. math:: Q(s,a) = r(s) + \gamma V(s'), \qquad V(s) = \log \sum_a e^{Q(s,a)} .
"""

import numpy as np
from checks import check

from maxent_irl import MDP, soft_value_iteration

places = np.arange(5)
next_place = np.stack([np.maximum(places - 1, 0), np.minimum(places + 1, 4), places], axis=1)  # left, right, stay
reward = np.array([0.0, 0.0, 0.0, 0.0, 1.0])

# %%
# a) Write one backup: from V, an array of five numbers, to the new V.


def backup(V):
    return None


check("2a", None if backup(np.zeros(5)) is None else backup)

# %%
# b) Repeat it from zero until nothing changes. What is V?

V = None
check("2b", V)

# %%
# c) How many sweeps does it take until the largest change is below 1e-6? Predict with log(1e-6) / log(0.9); then count.

sweeps = None
check("2c", sweeps)

# %%
# d) The package solves the same equation by Newton's method. How many steps does it take at discount 0.999?

mdp = MDP.from_successors(next_place, discount=0.999)
solution = soft_value_iteration(mdp, reward)
steps = None
check("2d", steps)

# %%
# e) Two knobs are easily confused. Which one changes all choices, and which one mostly those far from the reward? Try both in
# chapter 2.

knobs = None  # {"temperature": "all choices" or "far choices", "discount": ...}
check("2e", knobs)

# %%
# To discuss: why does Newton's method not care about the discount, while value iteration does?
