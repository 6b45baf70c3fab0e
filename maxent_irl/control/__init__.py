"""The forward family of control as inference: one soft Bellman equation under many names.

Reading order, which is the lesson's: `graphical_model` (optimality variables, messages, the exact posterior), `elbo` (exact
against variational, and the optimism gap), `limits` (cold, hot, and the constant of the uniform prior), `em_planning`.
"""

from .elbo import (
    BoundMaximum,
    InferenceComparison,
    compare_inference,
    evidence_lower_bound,
    maximise_evidence_lower_bound,
)
from .em_planning import EMPlan, em_planning, reward_time_posterior
from .graphical_model import TrajectoryPosterior, message_passing
from .limits import TemperatureSweep, temperature_sweep, uniform_prior, uniform_prior_cost

__all__ = [
    "BoundMaximum",
    "EMPlan",
    "InferenceComparison",
    "TemperatureSweep",
    "TrajectoryPosterior",
    "compare_inference",
    "em_planning",
    "evidence_lower_bound",
    "maximise_evidence_lower_bound",
    "message_passing",
    "reward_time_posterior",
    "temperature_sweep",
    "uniform_prior",
    "uniform_prior_cost",
]
