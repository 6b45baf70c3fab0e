"""How sure: bootstrap, maps with their error, tests between models, identifiability, counterfactuals.

Standard errors themselves belong to a fit (``standard_errors_``, ``summary()``), and `maxent_irl.likelihood.information` derives
them. Reading order: `maps` (the delta method), `resampling` (the bootstrap), `comparisons` (tests), `identification`,
`counterfactuals`, `estimated_dynamics`. ``python -m maxent_irl.uncertainty.coverage`` checks by simulation that intervals cover.
"""

from .comparisons import TestResult, likelihood_ratio_test, wald_test
from .counterfactuals import Behaviour, Change, Counterfactual, counterfactual
from .estimated_dynamics import covariance_with_estimated_dynamics
from .identification import FlatDirection, IdentifiabilityReport, identifiability
from .maps import ErrorMap, policy_map, reward_map
from .resampling import Bootstrap, bootstrap

__all__ = [
    "Behaviour",
    "Bootstrap",
    "Change",
    "Counterfactual",
    "ErrorMap",
    "FlatDirection",
    "IdentifiabilityReport",
    "TestResult",
    "bootstrap",
    "counterfactual",
    "covariance_with_estimated_dynamics",
    "identifiability",
    "likelihood_ratio_test",
    "policy_map",
    "reward_map",
    "wald_test",
]
