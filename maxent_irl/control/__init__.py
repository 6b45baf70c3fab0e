"""The forward family of control as inference: one soft Bellman equation under many names.

Reading order, which is the lesson's: `graphical_model` (optimality variables, messages, the exact posterior), `elbo` (exact
against variational, and the optimism gap), `limits` (cold, hot, and the constant of the uniform prior), `em_planning`; then,
from samples, `soft_q_learning` and `soft_actor_critic`, and with continuous actions `linear_quadratic` (closed form) and
`gaussian_actor`.
"""

from ._sampled_learning import SampledSolution
from .elbo import (
    BoundMaximum,
    InferenceComparison,
    compare_inference,
    evidence_lower_bound,
    maximise_evidence_lower_bound,
)
from .em_planning import EMPlan, em_planning, reward_time_posterior
from .gaussian_actor import (
    ActorFit,
    ContinuousSolution,
    GaussianActor,
    fit_gaussian_actor,
    soft_actor_critic_continuous,
)
from .graphical_model import TrajectoryPosterior, message_passing
from .limits import TemperatureSweep, temperature_sweep, uniform_prior, uniform_prior_cost
from .linear_quadratic import LinearQuadratic, LinearQuadraticSolution
from .soft_actor_critic import soft_actor_critic
from .soft_q_learning import soft_q_learning

__all__ = [
    "ActorFit",
    "BoundMaximum",
    "ContinuousSolution",
    "EMPlan",
    "GaussianActor",
    "InferenceComparison",
    "LinearQuadratic",
    "LinearQuadraticSolution",
    "SampledSolution",
    "TemperatureSweep",
    "TrajectoryPosterior",
    "compare_inference",
    "em_planning",
    "evidence_lower_bound",
    "fit_gaussian_actor",
    "maximise_evidence_lower_bound",
    "message_passing",
    "reward_time_posterior",
    "soft_actor_critic",
    "soft_actor_critic_continuous",
    "soft_q_learning",
    "temperature_sweep",
    "uniform_prior",
    "uniform_prior_cost",
]
