"""
When does Harold Zurcher replace an engine?
===========================================

For ten years Harold Zurcher decided each month, bus by bus, whether to keep an engine for another month or to replace it. Rust
(1987) asked what costs make his decisions sensible, and founded dynamic discrete choice. The same question, the same model and
the same numbers are inverse reinforcement learning with the likelihood objective.

Needs the real data (environment variable ``MAXENT_IRL_DATA``). The figure shows the recovered cost over the mileage, and the
probability of replacing that follows from it, over what was done.
"""

import os
import sys

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_bus_engine
from maxent_irl.plotting import CoefficientsDisplay, StateCurveDisplay
from maxent_irl.uncertainty import reward_map

if "MAXENT_IRL_DATA" not in os.environ:
    print("skipped: set MAXENT_IRL_DATA to the folder with the real data")
    sys.exit()

data = load_bus_engine()
print(data.demonstrations)

# %%
# Rust's numbers
# --------------
# Table IX of the paper, group 4: replacement cost 10.0750 (standard error 1.582), maintenance cost 2.2930 (0.639), with errors
# from the outer product of the scores.

estimator = MaxEntIRL(
    data.mdp, data.features, feature_names=data.feature_names, objective="likelihood", covariance="opg"
)
estimator.fit(data.demonstrations)
print(estimator.summary())

# %%
# A manager who does not look ahead would need other costs to act the same, and explains the decisions less well.

myopic = MaxEntIRL(data.mdp.replace(discount=0.0), data.features, objective="likelihood").fit(data.demonstrations)
for name, model in (("looks ahead", estimator), ("myopic", myopic)):
    print(
        f"{name:>11}: RC {model.coef_[0]:8.4f}  theta11 {model.coef_[1]:8.4f}  log-likelihood {model.log_likelihood_:.3f}"
    )

# %%
# Cost and choice over mileage
# ----------------------------
# Keeping an engine costs more the older it is, but never as much as replacing it: he replaces for the sake of the months to
# come. The band is the 95% interval. Points are the shares of decisions in the data, larger where there were more.

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
    title="The cost of an old engine, and what he does about it",
).plot()

# %%
# The logarithm of the odds is the difference in value between replacing and keeping. Zero would be even odds.

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(mileage, np.log(estimator.policy_[:, 1] / estimator.policy_[:, 0]), color="#0a5ea2")
ax.axhline(0, color="#8c8c8c", linewidth=0.9)
ax.set(
    xlabel="mileage since the last replacement (thousand miles)",
    ylabel="log odds of replacing",
    title="Replacing is never the likelier choice in any one month",
)
ax.spines[["top", "right"]].set_visible(False)

# %%
# The coefficients
# ----------------

CoefficientsDisplay.from_estimator(estimator, label="cost, in units of the taste shocks", title="Two costs").plot()

plt.show()
