"""
What do mice seek in a labyrinth?
=================================

Ten thirsty mice explored a maze of 127 forks in the dark, with water at the end of one corridor (Rosenberg, Zhang, Perona and
Meister 2021). One reward per fork, recovered from 190 stretches of their paths, predicts held-out steps a little better than
chance does, and shows that what pulls them is not only water: the last forks before the dead ends are worth visiting
everywhere in the maze, as they are for an animal that explores.

Needs the real data (environment variable ``MAXENT_IRL_DATA``). The figure is the maze itself, each fork coloured by its
reward and as large as it was often visited.
"""

import os
import sys

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_mouse_labyrinth
from maxent_irl.plotting import CalibrationDisplay, TreeMapDisplay

if "MAXENT_IRL_DATA" not in os.environ:
    print("skipped: set MAXENT_IRL_DATA to the folder with the real data")
    sys.exit()

data = load_mouse_labyrinth(discount=0.9)
print(data.demonstrations)

# %%
# One reward per fork
# -------------------
# The likelihood objective weighs every step alike. Adding a constant to all rewards changes nothing, so that the mean is taken
# as zero.

estimator = MaxEntIRL(data.mdp, objective="likelihood").fit(data.train)
print(f"log-likelihood per step: fitted {estimator.score(data.train):.6f}, held out {estimator.score(data.test):.6f},")
print(f"                         choosing at random {-np.log(4):.6f}")

# %%
# The discount cannot be told from these paths: every fork has its own reward, and for any discount there are rewards that
# explain the paths equally well. Published models with a state-only reward reach the same number.

for discount in (0.5, 0.99):
    again = MaxEntIRL(data.mdp.replace(discount=discount), objective="likelihood").fit(data.train)
    print(f"discount {discount:4}: fitted {again.score(data.train):.6f}, held out {again.score(data.test):.6f}")

# %%
# The maze
# --------
# A light penalty keeps the map calm without changing what it says. The last fork before the water is worth most. Dead ends come
# out low, the water port among them, and that is a lesson about the model: at a dead end three of the four actions stay where
# one is, no mouse was ever recorded to take one, and a place where nobody stays cannot be worth much to the model. What draws
# the mice in is credited to the fork before.

calm = MaxEntIRL(data.mdp, objective="likelihood", l2=1.0).fit(data.train)
visits = data.train.state_action_counts(data.mdp.n_states, data.mdp.n_actions).sum(axis=1)


def draw_maze(values, label, title):
    TreeMapDisplay.from_values(
        values - values.mean(),
        positions=data.world.positions,
        sizes=visits,
        label=f"{label}, mean removed",
        title=title,
        size_label="area of a disc: how often the mice came by",
        marks={"water": data.water, "home": data.world.home},
    ).plot()


draw_maze(calm.reward_, "reward per visit", "What the mice seek")

# %%
# The value says where it is good to be, counting what comes after: the way to the water stands out.

draw_maze(calm.value_, "soft value", "Where it is good to be")

# %%
# Are its predictions honest?
# ---------------------------
# On stretches it has not seen.

CalibrationDisplay.from_estimator(calm, data.test).plot()

plt.show()
