"""
When does Harold Zurcher replace an engine?
===========================================

For ten years Harold Zurcher decided each month, for each bus, whether to keep its engine or to replace it. Rust (1987)
estimated costs under which these decisions are optimal, in the standard example of dynamic discrete choice. Inverse
reinforcement learning with the likelihood objective is the same model, and it reproduces the published numbers.

Needs the real data (environment variable ``MAXENT_IRL_DATA``). The figure shows the estimated cost over the mileage, and the
probability of replacing beside the observed shares.
"""

import os
import sys

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_bus_engine
from maxent_irl.plotting import CoefficientsDisplay, StateCurveDisplay
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.uncertainty import covariance_with_estimated_dynamics, reward_map
from maxent_irl.worlds import BusEngine

plt.style.use(HOUSE_STYLE)

if "MAXENT_IRL_DATA" not in os.environ:
    print("skipped: set MAXENT_IRL_DATA to the folder with the real data")
    sys.exit()

data = load_bus_engine()
print(data.demonstrations)

# %%
# Rust's numbers
# --------------
# Table IX of the paper, group 4: replacement cost 10.0750 (standard error 1.582), maintenance cost 2.2930 (0.639). The errors are
# from the outer product of the scores.

estimator = MaxEntIRL(
    data.mdp, data.features, feature_names=data.feature_names, objective="likelihood", covariance="opg"
)
estimator.fit(data.demonstrations)
print(estimator.summary())

# %%
# The published errors take into account that the usage of the buses was estimated too, and so does the published log-likelihood,
# -3304.155: choices and transitions together. `BusEngine` contains the model of usage.

engine = data.world
scores = engine.usage_scores(data.demonstrations, data.usage)
joint = covariance_with_estimated_dynamics(estimator, engine.usage_derivatives(), scores)
likelihood = engine.log_likelihood(estimator.policy_, data.demonstrations, data.usage)
print(f"joint errors {joint.standard_errors.round(3)}; log-likelihood {likelihood.total:.3f} in total,")
print(f"{likelihood.choices:.3f} of the choices, {likelihood.transitions:.3f} of the transitions")

# %%
# A model with discount 0, of a manager who does not look ahead, has other costs and a lower likelihood.

myopic = MaxEntIRL(data.mdp.replace(discount=0.0), data.features, objective="likelihood").fit(data.demonstrations)
for name, model in (("looks ahead", estimator), ("myopic", myopic)):
    print(
        f"{name:>11}: RC {model.coef_[0]:8.4f}  theta11 {model.coef_[1]:8.4f}  log-likelihood {model.log_likelihood_:.3f}"
    )

# %%
# All groups of buses
# -------------------
# Rust's sample has four groups. His likelihood-ratio test that groups 1 to 3 and group 4 have the same costs and the same usage
# is 85.46 on 4 degrees of freedom. One coefficient for :math:`x^2` more tests whether costs are linear in mileage.

total = {4: likelihood.total}
for groups in ((1, 2, 3), (1, 2, 3, 4)):
    buses = load_bus_engine(groups=groups)
    fit = MaxEntIRL(buses.mdp, buses.features, objective="likelihood").fit(buses.demonstrations)
    total[groups] = buses.world.log_likelihood(fit.policy_, buses.demonstrations, buses.usage).total
    print(f"groups {groups}: RC {fit.coef_[0]:.3f}  theta11 {fit.coef_[1]:.3f}  log-likelihood {total[groups]:.3f}")
print(f"likelihood ratio: {2 * (total[4] + total[1, 2, 3] - total[1, 2, 3, 4]):.2f}")

quadratic = BusEngine(engine.usage_probabilities, cost="quadratic")
curved = MaxEntIRL(quadratic.mdp, quadratic.features, objective="likelihood").fit(data.demonstrations)
gain = 2 * (curved.log_likelihood_ - estimator.log_likelihood_)
print(f"quadratic instead of linear costs, group 4: likelihood ratio {gain:.2f} on 1 degree of freedom")

# %%
# Cost and choice over mileage
# ----------------------------
# The cost of keeping an engine increases with mileage, but stays below the cost of replacing it. Replacing is optimal because
# it lowers the costs of all later months. The band is the 95% interval. Points are observed shares, with areas by the number of
# months.

mileage = 5 * np.arange(data.mdp.n_states)  # thousand miles
recovered = reward_map(estimator, centre=False)
observed = data.demonstrations.state_action_counts(data.mdp.n_states, 2)
StateCurveDisplay.from_values(
    mileage,
    recovered.estimate[:, 0],
    errors=recovered.standard_error[:, 0],
    probabilities=estimator.policy_,
    observed=observed,
    curve_names=["keep"],
    action_names=["keep", "replace"],
    x_label="mileage since the last replacement (thousand miles)",
    reward_label="reward of keeping for a month",
    title="Cost of keeping an engine, and probability of replacing it",
).plot()

# %%
# The log odds of replacing are the difference in value between replacing and keeping. At 0 both are equally probable.

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(mileage, np.log(estimator.policy_[:, 1] / estimator.policy_[:, 0]), color="C0")
ax.axhline(0, color="#8c8c8c", linewidth=0.9)
ax.set(
    xlabel="mileage since the last replacement (thousand miles)",
    ylabel="log odds of replacing",
    title="Keeping is more probable everywhere",
)
ax.spines[["top", "right"]].set_visible(False)

# %%
# The coefficients
# ----------------

label = "cost, in units of the temperature"
CoefficientsDisplay.from_estimator(estimator, label=label, title="The two costs").plot()

plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_13.png'
