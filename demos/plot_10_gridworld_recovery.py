"""
Can a reward be recovered from two hundred walks?
=================================================

The demonstrations are walks through four rooms with mud, flowers and a goal. With one feature per kind of tile, two hundred walks
determine the reward of each kind within narrow intervals. With one reward per cell the estimates are noisy, most of all in cells
with few visits.

The first figure shows the walks. The second compares the recovered with the true reward. The third shows the coefficients with
their intervals.
"""

# %%
# The demonstrations
# ------------------
# The data set was made with a known reward, so the estimate can be checked.

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_gridworld
from maxent_irl.plotting import (
    ActionValueDisplay,
    CalibrationDisplay,
    CoefficientsDisplay,
    GridMapDisplay,
    LearningCurveDisplay,
    PathsDisplay,
    RewardComparisonDisplay,
    plot_recovery,
)
from maxent_irl.plotting.style import HOUSE_STYLE

plt.style.use(HOUSE_STYLE)

data = load_gridworld()
world, demonstrations = data.world, data.demonstrations
print(world)
print(demonstrations)

figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5.4), layout="constrained")
PathsDisplay.from_demonstrations(demonstrations[:8], world, title="The first 8 of 200 walks").plot(left)
PathsDisplay.from_demonstrations(demonstrations, world, title="All 200 walks, summed").plot(right)

# %%
# A reward per kind of tile
# -------------------------
# Three features: flowers (f), mud (m) and the goal. Plain floor is the reference, with reward 0.

by_tile = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names, objective="likelihood")
by_tile.fit(demonstrations)
print(by_tile.summary())
plot_recovery(by_tile, world, true_reward=data.true_reward)

# %%
# Every interval contains the true value. The interval of mud is the widest, because walks avoid mud.

title, label = "Reward of each kind of tile", "reward per decision"
CoefficientsDisplay.from_estimator(by_tile, truth=data.true_coef, title=title, label=label).plot()

# %%
# What an action leads to
# -----------------------
# The soft action values, cell by cell. Each triangle is the move towards that side; the diamond is staying.

ActionValueDisplay.from_estimator(by_tile, world).plot()

# %%
# A reward per cell
# -----------------
# Without features there is one coefficient for each of the 158 cells. The penalty keeps cells without visits at zero. The goal
# and the mud are still visible, but the noise of single cells is large.

by_cell = MaxEntIRL(data.mdp, objective="likelihood", l2=1.0).fit(demonstrations)
RewardComparisonDisplay.from_estimator(by_cell, data.true_reward, world).plot()

# %%
# The standard error of each cell says where the map is reliable. It is smallest along frequent paths, and largest in cells
# with few decisions. There it is near 1, the standard deviation of the prior that the penalty stands for.

GridMapDisplay.from_estimator(by_cell, world, show="standard_error").plot()

# %%
# Does it predict?
# ----------------
# Left: predicted probabilities against observed frequencies. Right: held-out log-likelihood against the number of walks.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
CalibrationDisplay.from_estimator(by_tile, demonstrations).plot(left)
LearningCurveDisplay.from_estimator(
    MaxEntIRL(data.mdp, data.features, objective="likelihood", l2=0.1),
    demonstrations,
    train_sizes=[2, 5, 15, 50, 160],
    reference=-np.log(5),
).plot(right)

# %%
# The reward during the fit
# -------------------------
# Gradient ascent on the textbook's objective, feature matching, finds the goal first, then the mud, and the flowers last.
# ``RewardAnimation.from_estimator(slow, world).save("reward.gif")`` animates it.

textbook = {"objective": "feature-matching", "solver": "gradient-ascent", "tol": 1e-3}
slow = MaxEntIRL(data.mdp, data.features, **textbook, record_iterates=True).fit(demonstrations)
steps = [0, 2, 4, len(slow.coef_path_) - 1]
rewards = [data.features @ slow.coef_path_[step] for step in steps]
figure, axes = plt.subplots(1, len(steps), figsize=(14, 3.2), layout="constrained")
last = GridMapDisplay.from_values(
    rewards[-1], world, label="reward per decision", title=f"after {steps[-1]} steps of ascent"
)
last.plot(axes[-1], key=False)
scale = {"cmap": last.image_.cmap, "norm": last.image_.norm}
for ax, step, reward in zip(axes[:-1], steps[:-1], rewards[:-1], strict=True):
    display = GridMapDisplay.from_values(reward, world, label="reward", title=f"after {step} steps of ascent")
    display.plot(ax, scale=scale, colour_bar=False, key=False)

plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_10.png'
