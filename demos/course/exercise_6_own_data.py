r"""
Exercise 6: your own data
=========================

30 minutes. You need: a table with one decision per row (which trajectory, which state, which action), and chapter 7 of
``maxent-irl lesson --data my.csv``.

The checks below are about the built-in walks. Do the same with your own table beside it:
``Demonstrations.from_csv("my.csv", id="id", state="state", action="action")``.
"""

from checks import check

from maxent_irl import MDP, MaxEntIRL
from maxent_irl.datasets import load_gridworld

data = load_gridworld()
demonstrations = data.demonstrations
print(demonstrations)

# %%
# a) How many decisions are there?

decisions = None
check("6a", decisions)

# %%
# b) Suppose that nobody knew the map. Estimate the dynamics from the walks, discount 0.95. How many pairs of state and action
# are available?

estimated = MDP.from_demonstrations(demonstrations, discount=0.95)
pairs = None
check("6b", pairs)

# %%
# c) Fit the three features of the map, with the true dynamics ``data.mdp``. By how many nats per decision is the fit better than
# choosing among five actions at random?

model = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names)
gain = None
check("6c", gain)

# %%
# d) Fit the first 150 walks and score the others.

held_out = None
check("6d", held_out)

# %%
# e) Which feature is the least certain to matter?

weakest = None  # its name
check("6e", weakest)

# %%
# To discuss, about your own table: what is a state? What did nobody ever do, and could it have been done? Which features would
# you write down before looking at the fit?
