"""The forward family of control as inference: one soft Bellman equation under many names.

Reading order, which is the lesson's: `graphical_model` (optimality variables, messages, the exact posterior), `elbo` (exact
against variational, and the optimism gap), `limits` (cold, hot, and the constant of the uniform prior), `em_planning`; then,
from samples, `soft_q_learning` and `soft_actor_critic`, and with continuous actions `linear_quadratic` (closed form),
`gaussian_actor` and `continuous_actor_critic`; a reference policy as the prior: `kl_control`, `demonstrated_prior`, then
fine-tuning on a `token_tree` by `ppo` with a reward model from `bradley_terry`, or without one by `preference_optimisation`;
last, `preferences`, which goes back from judgements to rewards.
"""

from ._sampled_learning import SampledSolution
from .bradley_terry import BradleyTerryFit, draw_preferences, fit_bradley_terry
from .continuous_actor_critic import ContinuousSolution, soft_actor_critic_continuous
from .demonstrated_prior import demonstrated_prior
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
    GaussianActor,
    fit_gaussian_actor,
)
from .graphical_model import TrajectoryPosterior, message_passing
from .kl_control import Frontier, desirability, reward_divergence, reward_kl_frontier
from .limits import TemperatureSweep, temperature_sweep, uniform_prior, uniform_prior_cost
from .linear_quadratic import LinearQuadratic, LinearQuadraticSolution
from .ppo import PolicyGradientRun, ppo
from .preference_optimisation import (
    AlignedPolicy,
    direct_preference_optimisation,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
)
from .preferences import Comparisons, PreferenceIRL
from .soft_actor_critic import soft_actor_critic
from .soft_q_learning import soft_q_learning
from .token_tree import TokenTree

__all__ = [
    "ActorFit",
    "AlignedPolicy",
    "BoundMaximum",
    "BradleyTerryFit",
    "Comparisons",
    "ContinuousSolution",
    "EMPlan",
    "Frontier",
    "GaussianActor",
    "InferenceComparison",
    "LinearQuadratic",
    "LinearQuadraticSolution",
    "PolicyGradientRun",
    "PreferenceIRL",
    "SampledSolution",
    "TemperatureSweep",
    "TokenTree",
    "TrajectoryPosterior",
    "compare_inference",
    "demonstrated_prior",
    "desirability",
    "direct_preference_optimisation",
    "draw_preferences",
    "em_planning",
    "evidence_lower_bound",
    "fit_bradley_terry",
    "fit_gaussian_actor",
    "identity_preference_optimisation",
    "kahneman_tversky_optimisation",
    "maximise_evidence_lower_bound",
    "message_passing",
    "ppo",
    "reward_divergence",
    "reward_kl_frontier",
    "reward_time_posterior",
    "soft_actor_critic",
    "soft_actor_critic_continuous",
    "soft_q_learning",
    "temperature_sweep",
    "uniform_prior",
    "uniform_prior_cost",
]
