r"""
Exercise 3: optimism
====================

25 minutes. You need: chapter 3 of ``maxent-irl lesson``.

An agent may take the safe action, which pays 1, or spin a wheel, which pays 3 or -3, each with probability one half. The action
prior is uniform, the temperature 1. Exact inference conditions everything on success, the wheel included; variational inference
only chooses the action.
"""

import numpy as np
from checks import check

from maxent_irl import MDP
from maxent_irl.control import compare_inference

transitions = np.zeros((4, 2, 4))
transitions[0, 0, 1] = 1.0  # safe
transitions[0, 1, 2] = transitions[0, 1, 3] = 0.5  # the wheel
over = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])  # after states 1, 2, 3 the episode ends
mdp = MDP(transitions, ending=over, initial=[1.0, 0.0, 0.0, 0.0], horizon=2, discount=1.0)
reward = np.array([0.0, 1.0, 3.0, -3.0])
both = compare_inference(mdp, reward, action_prior=[0.5, 0.5])

# %%
# a) What does the wheel pay on average?

mean = None
check("3a", mean)

# %%
# b) With which probability does each inference spin? Predict who spins more; then read it off ``both``.

spins = None  # [exact, variational]
check("3b", spins)

# %%
# c) Which probability does the posterior of exact inference give to 3, if the wheel is spun?
# Each outcome weighs its probability times exp(reward).

believed = None
check("3c", believed)

# %%
# d) By how much does the value of exact inference exceed what its own policy earns?

excess = None
check("3d", excess)

# %%
# e) For which dynamics do both inferences agree?

dynamics = None  # "deterministic" or "stochastic"
check("3e", dynamics)

# %%
# To discuss: which inference would you use for a robot on stairs? Which one to explain somebody who buys lottery tickets?
