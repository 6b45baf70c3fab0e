"""
How sure is a recovered reward, and what follows from it?
=========================================================

A fit to a hundred walks through the rooms of :doc:`plot_10_gridworld_recovery` has standard errors. This demo asks three
questions. Are the errors calibrated? Which coefficients do the walks not determine? How would behaviour change without the mud?

The first figure compares the errors with refits to resampled walks. They agree except for mud, which few walks touch; there the
standard errors are a little too small. The second figure shows the predicted change of visits without mud, with its interval.
"""

# %%
# Are the errors right?
# ---------------------
# `reward_map` computes the standard error of every cell by the delta method. `bootstrap` draws walks with replacement and refits,
# 200 times.

import warnings

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_gridworld
from maxent_irl.plotting import GridMapDisplay, error_colour_map
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.uncertainty import bootstrap, counterfactual, identifiability, reward_map, wald_test

plt.style.use(HOUSE_STYLE)

data = load_gridworld()
world, walks = data.world, data.demonstrations[:100]
waves = world.features("smooth", n_features=8)
features = np.hstack([data.features, waves])
names = [*data.feature_names, *(f"wave {k + 1}" for k in range(8))]
model = MaxEntIRL(data.mdp, features, objective="likelihood", feature_names=names, covariance="robust").fit(walks)
print(model.summary())

resampled = bootstrap(model, 200, random_state=0)
by_formula, by_resampling = reward_map(model), reward_map(model, bootstrap=resampled)

figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 4.8), layout="constrained", width_ratios=[1.25, 1])
GridMapDisplay.from_values(
    by_formula.standard_error,
    world,
    label="standard error of the reward per decision",
    title="Standard error of each cell",
    from_zero=True,
    cmap=error_colour_map(),
).plot(left)
right.plot(by_formula.standard_error, by_resampling.standard_error, "o", color="C0", markerfacecolor="none")
limit = 1.05 * max(by_formula.standard_error.max(), by_resampling.standard_error.max())
right.plot([0, limit], [0, limit], color="#8c8c8c", linewidth=0.9, label="equal")
right.set(
    xlim=(0, limit),
    ylim=(0, limit),
    aspect="equal",
    xlabel="standard error by the delta method",
    ylabel="standard error by 200 refits",
    title="The same from resampled walks",
)
right.legend(frameon=False, loc="upper left")
right.spines[["top", "right"]].set_visible(False)

# %%
# The data were made from tiles alone. Wald's test of all eight waves together does not reject that their coefficients are zero.

print(wald_test(model, dict.fromkeys(names[3:], 0.0)))

# %%
# What do the walks not determine?
# --------------------------------
# A constant feature is not identified, and neither are two features that are multiples of each other. The fit warns, and the
# report gives the reasons.

confused = MaxEntIRL(
    data.mdp,
    np.column_stack([data.features, np.ones(len(features)), 2 * data.features[:, 1]]),
    feature_names=[*data.feature_names, "bias", "mud again"],
    objective="likelihood",
)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    confused.fit(walks)
print(caught[0].message, "\n")
print(identifiability(confused))

# %%
# What if there were no mud?
# --------------------------
# The reward of mud is set to that of plain floor; the other coefficients keep their estimates. Intervals come from 200 draws of
# the coefficients. Visits to the former mud and to the goal increase by several standard errors.

tiles = MaxEntIRL(data.mdp, data.features, objective="likelihood", feature_names=data.feature_names).fit(walks)
cleared = counterfactual(tiles, coef={data.feature_names[1]: 0.0}, n_draws=200, random_state=0)
print(cleared)

change = cleared.difference
visits, lowest, highest = (part.visitations.sum(axis=1) for part in (change.estimate, change.lower, change.upper))
figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 4.6), layout="constrained")
GridMapDisplay.from_values(
    visits,
    world,
    label="change of expected decisions per walk, discounted",
    title="Change of visits without the mud",
    signed=True,
).plot(left)
GridMapDisplay.from_values(
    (highest - lowest) / 2,
    world,
    label="half the 95% interval of the change",
    title="Uncertainty of the change",
    from_zero=True,
    cmap=error_colour_map(),
).plot(right)

plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_16.png'
