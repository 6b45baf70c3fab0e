"""
Does what is wanted change within a session?
============================================

`DriftingIRL` lets coefficients walk at random from bin to bin of a clock. How fast each one may change is estimated from the
data, by the evidence. The question is put to paths of mice in a labyrinth, with the step of the path as the clock, and to a
simulated animal whose thirst declines, where the answer is known.

Needs the real data (environment variable ``MAXENT_IRL_DATA``) for the mice. The figures show the coefficients with 95% bands.
"""

import os
import sys

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import Demonstrations, DriftingIRL, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.datasets import load_mouse_labyrinth
from maxent_irl.plotting import DriftDisplay
from maxent_irl.worlds import GridWorld

# %%
# Where the answer is known
# -------------------------
# A simulated animal on a grid likes water in one corner, less and less over 20 days, and food in another, more and more.

world = GridWorld(5, discount=0.9)
corners = np.zeros((25, 2))
corners[0, 0] = corners[24, 1] = 1.0
days = np.arange(20)
truth = np.stack([3.0 - 0.13 * days, 0.08 * days], axis=1)
walks = [
    sample_demonstrations(
        world.mdp, soft_value_iteration(world.mdp, corners @ coef).policy, 10, max_steps=25, random_state=day
    )
    for day, coef in zip(days, truth, strict=True)
]
simulated = Demonstrations(sum(walks[1:], walks[0]), trajectory_columns={"day": np.repeat(days, 10)})
names = ["water", "food"]
drifting = DriftingIRL(world.mdp, corners, clock="day", n_bins=20, feature_names=names).fit(simulated)
print("steps of the random walk, per day:", drifting.sigma_.round(3))
inside = np.abs(drifting.coef_path_ - truth) < 1.96 * drifting.standard_errors_
print(f"the 95% bands cover the truth in {inside.mean():.0%} of the bins")
DriftDisplay.from_estimator(drifting, truth=truth, title="A simulated animal").plot()

# %%
# Mice
# ----

if "MAXENT_IRL_DATA" not in os.environ:
    print("skipped: set MAXENT_IRL_DATA to the folder with the real data")
    sys.exit()

data = load_mouse_labyrinth(discount=0.9)
levels = data.world.levels
features = np.zeros((data.mdp.n_states, 4))
features[data.water, 0] = features[data.world.home, 1] = 1.0
features[:, 2], features[levels == levels.max(), 3] = levels / levels.max(), 1.0
names = ["water", "home", "depth", "dead end"]
mice = DriftingIRL(data.mdp, features, n_bins=20, feature_names=names).fit(data.train)
still = MaxEntIRL(data.mdp, features, objective="likelihood", feature_names=names).fit(data.train)
print("steps of the random walk, per 25 decisions:", mice.sigma_.round(4))
print(f"held out, nats per decision: one reward {still.score(data.test):.5f}, drifting {mice.score(data.test):.5f}")

# %%
# The evidence finds almost no drift, and held-out paths are not better predicted with it. Paths of 500 nodes are pieces cut
# from whole nights, so that the step within a piece says little about when in the night it was.

DriftDisplay.from_estimator(mice, title="Mice within 500 decisions").plot()

plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_22.png'
