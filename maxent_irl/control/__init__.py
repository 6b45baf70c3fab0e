"""The forward family of control as inference: one soft Bellman equation, many algorithms.

Reading order, as in the lesson:

- `graphical_model`: optimality variables, messages, the exact posterior; `elbo`: exact against variational inference;
- `limits`: temperature 0 and infinity, and the constant of the uniform prior; `em_planning`;
- learning from samples: `soft_q_learning`, `soft_actor_critic`;
- continuous actions: `linear_quadratic` (closed form), `gaussian_actor`, `continuous_actor_critic`;
- a reference policy as the prior: `kl_control`, `demonstrated_prior`;
- fine-tuning on a `token_tree`: `ppo` with a reward model from `bradley_terry`, or `preference_optimisation` without one;
- `preferences`: rewards estimated from preferences between trajectories.

`members` measures each of them against the exact answer.
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
from .gaussian_actor import ActorFit, GaussianActor, fit_gaussian_actor
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
