"""
Can a reward be read off two hundred walks?
===========================================

Somebody walks through four rooms with mud, flowers and a goal; we see where to, not why. If we know what could matter
(the kinds of tiles), two hundred walks tell what each is worth, within narrow intervals. If all we allow ourselves is one
number per cell, the map comes back blurred, and least of all where nobody went.

The first figure shows the walks, the second what was recovered from them beside the truth, the
third how sure that is.
"""

# %%
# The demonstrations
# ------------------
# The data set was made with a known reward, so that we can check the answer.

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
# Three features: flowers (f), mud (m), the goal. Plain floor is the reference, worth nothing.

by_tile = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names, objective="likelihood")
by_tile.fit(demonstrations)
print(by_tile.summary())
plot_recovery(by_tile, world, true_reward=data.true_reward)

# %%
# Every interval contains the true value. Few walks touch the mud, because it is avoided: its worth is known least well.

title, label = "What a step on each tile is worth", "reward per decision"
CoefficientsDisplay.from_estimator(by_tile, truth=data.true_coef, title=title, label=label).plot()

# %%
# What an action leads to
# -----------------------
# The soft action values show what the walker weighs in every cell: each triangle is the move towards that side, the diamond is
# staying.

ActionValueDisplay.from_estimator(by_tile, world).plot()

# %%
# A reward per cell
# -----------------
# Without features there is one coefficient for each of the 158 cells. A penalty keeps cells that nobody visits at zero. The
# goal and the mud are still found, but the noise of single cells is large.

by_cell = MaxEntIRL(data.mdp, objective="likelihood", l2=1.0).fit(demonstrations)
RewardComparisonDisplay.from_estimator(by_cell, data.true_reward, world).plot()

# %%
# How large that noise is can be estimated too, and says where not to trust the map: the standard error is smallest along the
# ways people took, and largest where few or none ever decided anything. (There it is the penalty that speaks: 1 is what the
# prior allows.)

GridMapDisplay.from_estimator(by_cell, world, show="standard_error").plot()

# %%
# Does it predict?
# ----------------
# The first question about a model of behaviour: when it says "30 percent", is it 30 percent? And: would more walks help?

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
CalibrationDisplay.from_estimator(by_tile, demonstrations).plot(left)
LearningCurveDisplay.from_estimator(
    MaxEntIRL(data.mdp, data.features, objective="likelihood", l2=0.1),
    demonstrations,
    train_sizes=[2, 5, 15, 50, 160],
    reference=-np.log(5),
).plot(right)

# %%
# While it is learnt
# ------------------
# Plain gradient ascent on the log-likelihood: first the goal appears, then the mud, at last the flowers.
# ``RewardAnimation.from_estimator(slow, world).save("reward.gif")`` makes a film of it.

slow = MaxEntIRL(data.mdp, data.features, solver="gradient-ascent", tol=1e-3, record_iterates=True).fit(demonstrations)
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

# sphinx_gallery_thumbnail_number = 2
