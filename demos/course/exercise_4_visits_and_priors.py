r"""
Exercise 4: visits, and the prior as a knob
===========================================

30 minutes. You need: chapters 4 and 6 of ``maxent-irl lesson``.

Six rooms in a ring; actions stay, right, left. Everybody begins in room 0; room 3 pays 1 a decision. The discount is 0.9.
"""

import numpy as np
from checks import check

from maxent_irl import MDP, expected_visitations, sample_demonstrations, soft_value_iteration

rooms = np.arange(6)
next_room = np.stack([rooms, (rooms + 1) % 6, (rooms - 1) % 6], axis=1)
mdp = MDP.from_successors(next_room, discount=0.9, initial=[1.0, 0, 0, 0, 0, 0])
reward = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
solution = soft_value_iteration(mdp, reward)
visits = expected_visitations(mdp, solution.policy)

# %%
# a) Add up all expected discounted visits. Predict the sum before you look.

total = None
check("4a", total)

# %%
# b) How many of them fall on room 3?

room_3 = None
check("4b", room_3)

# %%
# c) What does the agent earn, in expectation, from room 0? Use the visits, not the value.

earned = None
check("4c", earned)

# %%
# d) Somebody walks to the right out of habit: the action prior is 0.1, 0.8, 0.1 in every room. Find a reward for each room and
# action, (6, 3), that makes an agent *without* prior behave the same.

prior = np.array([0.1, 0.8, 0.1])
shaped = None
check("4d", shaped)

# %%
# e) The habit is only known from demonstrations. Which prior do they give in room 0?

habit = sample_demonstrations(mdp, np.tile(prior, (6, 1)), 50, max_steps=20, random_state=0)
estimated = None  # three probabilities
check("4e", estimated)

# %%
# To discuss: uniform, pretrained, demonstrated. Which algorithm do you get from each prior?
