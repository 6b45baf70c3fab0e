"""
What if the reward is not linear in what we measure?
====================================================

In objectworld (Levine, Popović and Koltun 2011) a cell pays +1 near objects of the first and of the second colour, -1 near the
first colour alone, and 0 elsewhere. No linear function of the distances to the objects is this reward. Nor is any linear function
of the indicators "closer than 1, 2, 3, ... cells". Products of two indicators are needed: "near the first *and* near the second".
The reward stays linear in the coefficients of these products.

The figure shows the true reward and three estimates on one colour scale. Only the last one has the true pattern.
"""

# %%
# The world and its demonstrations
# --------------------------------

import numpy as np
from matplotlib import pyplot as plt
from sklearn.preprocessing import PolynomialFeatures

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.metrics import expected_value_difference
from maxent_irl.plotting import GridMapDisplay, RewardComparisonDisplay, colour_scale
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.worlds import ObjectWorld

plt.style.use(HOUSE_STYLE)

TEMPERATURE = 0.5  # smaller: closer to the optimal policy

world = ObjectWorld(20, n_objects=24, random_state=0)
demonstrator = soft_value_iteration(world.mdp, world.reward, temperature=TEMPERATURE)
demonstrations = sample_demonstrations(world.mdp, demonstrator.policy, 1200, max_steps=16, random_state=0)
train, test = demonstrations[:1000], demonstrations[1000:]
print(demonstrations)

# %%
# Three sets of features
# ----------------------
# First, four distances: to the nearest object of each outer and each inner colour. Inner colours do not matter, but the estimator
# does not know. Second, the 20 indicators "closer than 1, ..., 5 cells". Third, these and all products of two indicators, 210
# columns. The penalty keeps coefficients without effect near zero.

distances = world.features("continuous")
binned = (distances[:, :, None] < np.arange(1, 6)).reshape(world.n_states, -1).astype(float)
features = {
    "distances": distances,
    "binned distances": binned,
    "products of bins": PolynomialFeatures(2, interaction_only=True, include_bias=False).fit_transform(binned),
}
estimators = {
    name: MaxEntIRL(world.mdp, columns, temperature=TEMPERATURE, objective="likelihood", l2=1.0).fit(train)
    for name, columns in features.items()
}

# %%
# The three estimates
# -------------------
# Discs mark the objects by their outer colour. The undetermined constant is removed from each estimate before it is compared.

comparisons = {
    name: RewardComparisonDisplay.from_estimator(estimator, world.reward, world)
    for name, estimator in estimators.items()
}
maps = {"True reward": world.reward} | {
    f"Recovered from {name}": comparison.aligned.recovered for name, comparison in comparisons.items()
}
scale = colour_scale(*maps.values())
figure, axes = plt.subplots(2, 2, figsize=(10.5, 9.2), layout="constrained")
for ax, (title, reward) in zip(axes.flat, maps.items(), strict=True):
    display = GridMapDisplay.from_values(reward, world, label="reward per decision", title=title)
    display.plot(ax, scale=scale)
    for colour, face in enumerate(("white", "black")):
        rows, columns = world.objects[world.outer_colors == colour].T
        name = ("first", "second")[colour]
        ax.scatter(
            columns, rows, 30, face, marker="o", edgecolors="grey", label=f"object of the {name} colour", zorder=4
        )
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)

# %%
# Value lost
# ----------
# The policy that is optimal for the recovered reward earns less true reward than the optimal policy. "Value lost" is the
# difference, averaged over the initial states.

print(
    f"{'recovered from':>18}  {'columns':>7}  {'held-out log-likelihood':>23}  {'correlation':>11}  {'value lost':>10}"
)
for name, estimator in estimators.items():
    planned = soft_value_iteration(world.mdp, estimator.reward_, temperature=0.0)
    lost = expected_value_difference(world.mdp, world.reward, planned)
    print(
        f"{name:>18}  {features[name].shape[1]:7}  {estimator.score(test):23.4f}  "
        f"{comparisons[name].aligned.correlation:11.3f}  {lost:10.3f}"
    )
at_random = np.full((world.n_states, world.n_actions), 1 / world.n_actions)
lost = expected_value_difference(world.mdp, world.reward, at_random)
print(f"{'choosing at random':>18}  {'':7}  {-np.log(world.n_actions):23.4f}  {'':11}  {lost:10.3f}")

plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_11.png'
