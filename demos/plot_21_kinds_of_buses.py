"""
Are these all of one kind?
==========================

Harold Zurcher's buses had engines of different makes, in four groups. `MixtureIRL` is not told the groups. It supposes that
each bus belongs to one of several classes with costs of their own, and estimates the costs, the shares, and the class of each
bus. Rust (1987) tested whether the groups share their costs; they do not.

Needs the real data (environment variable ``MAXENT_IRL_DATA``). The figures show the criterion BIC for each number of classes,
and the costs of each class with 95% intervals.
"""

import os
import sys
import warnings

import numpy as np
from matplotlib import pyplot as plt
from sklearn.exceptions import ConvergenceWarning

from maxent_irl import MixtureIRL
from maxent_irl.datasets import load_bus_engine
from maxent_irl.plotting import ComponentsDisplay

if "MAXENT_IRL_DATA" not in os.environ:
    print("skipped: set MAXENT_IRL_DATA to the folder with the real data")
    sys.exit()

data = load_bus_engine(groups=(1, 2, 3, 4), discount=0.9)
buses = data.demonstrations
print(buses)

# %%
# How many classes?
# -----------------
# Every bus is a unit: all its decisions are of one class. A small penalty keeps the costs of small classes finite.

options = {"feature_names": list(data.feature_names), "l2": 1e-3, "n_init": 6, "random_state": 0}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # a third class remains empty, which the fit would say
    fits = {c: MixtureIRL(c, data.mdp, data.features, **options).fit(buses) for c in (1, 2, 3)}
criteria = {c: (fit.aic(buses), fit.bic(buses)) for c, fit in fits.items()}
for c, (aic, bic) in criteria.items():
    print(f"{c} class{'es' * (c > 1)}: log-likelihood {fits[c].log_likelihood_:.2f}, AIC {aic:.1f}, BIC {bic:.1f}")

figure, ax = plt.subplots(figsize=(4.5, 3.2), layout="constrained")
for name, values, style in (("AIC", 0, "o--"), ("BIC", 1, "s-")):
    ax.plot(list(criteria), [pair[values] for pair in criteria.values()], style, label=name)
ax.set(
    xlabel="number of classes",
    ylabel="criterion (less is better)",
    xticks=list(criteria),
    title="How many kinds of buses?",
)
ax.legend(frameon=False)

# %%
# The two criteria disagree. BIC, which asks for more evidence, prefers one class, and AIC prefers two. Engines are replaced
# so rarely that these records cannot settle the question.
#
# Two classes
# -----------

two = fits[2]
print(two.summary())
ComponentsDisplay.from_estimator(two).plot()

# %%
# Do the classes agree with Rust's groups?
# ----------------------------------------
# A bus has 10 years of decisions and about one replacement, so its class stays uncertain. Group 4 has the oldest engines.

responsibilities = two.responsibilities(buses)
for group in (1, 2, 3, 4):
    mine = data.bus_groups == group
    print(f"group {group}: {mine.sum():2d} buses, mean probability of class 1 {responsibilities[mine, 1].mean():.2f}")
certain = np.max(responsibilities, axis=1) > 0.9
print(f"{certain.sum()} of {len(buses)} buses belong to one class with a probability above 0.9")

plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_21.png'
