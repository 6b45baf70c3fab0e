"""
What do mice seek in a labyrinth?
=================================

Ten thirsty mice explored a maze of 127 nodes in the dark, with water at the end of one corridor (Rosenberg, Zhang, Perona and
Meister 2021). One reward per node was recovered from 190 sequences of their paths. It predicts held-out steps a little better
than uniform random choice. The reward is high not only near the water: the last forks before the dead ends have high rewards in
the whole maze. An animal that explores behaves like this.

Needs the real data (environment variable ``MAXENT_IRL_DATA``). The figure is a map of the maze. The colour of a node is its
reward, and its area is the number of visits.
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
# One reward per node
# -------------------
# The likelihood objective gives every step the same weight. Adding a constant to all rewards changes no decision.

estimator = MaxEntIRL(data.mdp, objective="likelihood").fit(data.train)
print(f"log-likelihood per step: fitted {estimator.score(data.train):.6f}, held out {estimator.score(data.test):.6f},")
print(f"                         choosing at random {-np.log(4):.6f}")

# %%
# These paths do not identify the discount. With one reward per node, every discount has rewards that explain the paths equally
# well. Published models with a reward per state reach the same log-likelihood.

for discount in (0.5, 0.99):
    again = MaxEntIRL(data.mdp.replace(discount=discount), objective="likelihood").fit(data.train)
    print(f"discount {discount:4}: fitted {again.score(data.train):.6f}, held out {again.score(data.test):.6f}")

# %%
# The maze
# --------
# A small penalty reduces the noise of the map. The last fork before the water has the highest reward. Dead ends have low rewards,
# the water port included, and the reason lies in the model. At a dead end three of the four actions stay there, and no mouse was
# recorded to take one. So the model assigns a low reward to being there, and a high reward to the fork before.

calm = MaxEntIRL(data.mdp, objective="likelihood", l2=1.0).fit(data.train)
visits = data.train.state_action_counts(data.mdp.n_states, data.mdp.n_actions).sum(axis=1)


def draw_maze(values, label, title):
    TreeMapDisplay.from_values(
        values - values.mean(),
        positions=data.world.positions,
        sizes=visits,
        label=f"{label}, mean removed",
        title=title,
        size_label="area of a disc: number of visits",
        marks={"water": data.water, "home": data.world.home},
    ).plot()


draw_maze(calm.reward_, "reward per visit", "Reward of each node")

# %%
# The soft value counts future rewards too. It is highest along the way to the water.

draw_maze(calm.value_, "soft value", "Soft value of each node")

# %%
# Are the predicted probabilities calibrated?
# -------------------------------------------
# Predicted probabilities against observed frequencies, on held-out sequences.

CalibrationDisplay.from_estimator(calm, data.test).plot()

plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_12.png'
