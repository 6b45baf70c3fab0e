"""
Which features, and how much penalty?
=====================================

More features always fit the given demonstrations better. Cross-validation over trajectories measures whether they also predict
new ones. AIC and BIC estimate the same without refitting. With forty walks through the rooms of
:doc:`plot_10_gridworld_recovery`, all three select the three features that generated the data. One reward for each of the 158
cells predicts almost as well only with a strong penalty.

The first figure compares feature sets. The second compares penalties for one reward per cell.
"""

# %%
# Feature sets, from too small to too large
# -----------------------------------------

import numpy as np
from matplotlib import pyplot as plt
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_gridworld
from maxent_irl.plotting.style import HOUSE_STYLE

plt.style.use(HOUSE_STYLE)

data = load_gridworld()
world = data.world
walks, later_walks = data.demonstrations[:40], data.demonstrations[40:]

tiles = data.features
feature_sets = {
    "goal alone": tiles[:, 2:],
    "mud and goal": tiles[:, 1:],
    "flowers, mud and goal (the truth)": tiles,
    "... and 8 smooth waves": np.hstack([tiles, world.features("smooth", n_features=8)]),
    "... and 40 smooth waves": np.hstack([tiles, world.features("smooth", n_features=40)]),
    "40 smooth waves alone": world.features("smooth", n_features=40),
}

# %%
# Each is fitted to 40 walks and evaluated by 5-fold cross-validation, by AIC and BIC, and by 160 further walks. All numbers are
# log-likelihoods per decision in nats. For this, AIC and BIC are divided by minus twice the number of decisions.

folds = KFold(5, shuffle=True, random_state=0)
rows = {}
for name, features in feature_sets.items():
    model = MaxEntIRL(data.mdp, features, objective="likelihood", l2=1e-3).fit(walks)
    statistics = model.summary().statistics
    per_decision = -1 / (2 * statistics["n_decisions"])
    rows[name] = {
        "fitted walks": model.score(walks),
        "cross-validation": cross_val_score(model, walks, cv=folds).mean(),
        "AIC": per_decision * statistics["aic"],
        "BIC": per_decision * statistics["bic"],
        "160 later walks": model.score(later_walks),
    }

criteria = list(rows["goal alone"])
print(f"{'':34}" + "".join(f"{criterion:>18}" for criterion in criteria))
for name, row in rows.items():
    print(f"{name:34}" + "".join(f"{row[criterion]:18.4f}" for criterion in criteria))

# %%
# The log-likelihood of the fitted walks increases with every feature. All estimates for other walks have their maximum at
# the truth.

figure, ax = plt.subplots(figsize=(9, 4.4), layout="constrained")
styles = {
    "fitted walks": ("#8c8c8c", "x"),
    "cross-validation": ("C0", "o"),
    "AIC": ("C1", "s"),
    "BIC": ("#3d3d3d", "^"),
    "160 later walks": ("#5c9f6e", "D"),
}
for shift, (criterion, (colour, marker)) in zip(np.linspace(-0.24, 0.24, 5), styles.items(), strict=True):
    values = [row[criterion] for row in rows.values()]
    best = int(np.argmax(values))
    y = np.arange(len(rows)) + shift
    ax.plot(values, y, linestyle="", color=colour, marker=marker, markerfacecolor="none", label=criterion)
    if criterion != "fitted walks":
        ax.plot(values[best], y[best], color=colour, marker=marker)
ax.set_yticks(np.arange(len(rows)), rows)
ax.invert_yaxis()
ax.set(xlabel="log-likelihood (nats per decision)", title="Which features? (the best by each criterion is filled)")
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
ax.spines[["top", "right"]].set_visible(False)

# %%
# One reward per cell
# -------------------
# `GridSearchCV` accepts demonstrations, splits them by trajectory, and refits to all of them with the best penalty.

search = GridSearchCV(
    MaxEntIRL(data.mdp, objective="likelihood", tol=1e-4),
    {"l2": np.logspace(-0.5, 2, 6)},
    cv=KFold(4, shuffle=True, random_state=0),
    return_train_score=True,
)
search.fit(walks)
print(f"best l2: {search.best_params_['l2']:.3g}; later walks {search.best_estimator_.score(later_walks):.4f}")

penalties = search.param_grid["l2"]
figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.plot(penalties, search.cv_results_["mean_train_score"], "s--", color="C1", label="fitted walks")
ax.plot(penalties, search.cv_results_["mean_test_score"], "o-", color="C0", label="held-out walks")
truth = rows["flowers, mud and goal (the truth)"]["cross-validation"]
ax.axhline(truth, color="#3d3d3d", linestyle=":", label="held-out walks, three features")
ax.axvline(search.best_params_["l2"], color="#8c8c8c", linewidth=0.9)
ax.annotate("best", (search.best_params_["l2"], ax.get_ylim()[0]), (4, 6), textcoords="offset points", color="#5c5c5c")
ax.set(
    xscale="log",
    xlabel="penalty l2",
    ylabel="log-likelihood (nats per decision)",
    title="One reward per cell: how much penalty?",
)
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)

plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_15.png'
