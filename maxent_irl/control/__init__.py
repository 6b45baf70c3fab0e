"""The forward family of control as inference: one soft Bellman equation, many algorithms.

Reading order, as in the lesson:

- `graphical_model`: optimality variables, messages, the exact posterior; `elbo`: exact against variational inference;
- `limits`: temperature 0 and infinity, and the constant of the uniform prior;
- the posterior by other means: `discounted_posterior`, `particle_posterior`, `policy_gradient`, `amortised_inference`;
- reward as one event: `em_planning`, `time_mixture`, `gaussian_messages`, `finite_state_controller` on a `pomdp`;
- learning from samples: `soft_q_learning`, `soft_actor_critic`; `sampled_improvement`;
- continuous actions: `linear_quadratic` (closed form), `gaussian_actor`, `continuous_actor_critic`;
- a reference policy as the prior: `kl_control`, `demonstrated_prior`;
- fine-tuning on a `token_tree`: `ppo` with a reward model from `bradley_terry`, or `preference_optimisation` without one;
- `preferences`: rewards estimated from preferences between trajectories.

`members` measures each of them against the exact answer.
"""

from ._sampled_learning import SampledSolution
from .amortised_inference import AmortisedFit, InferenceNetwork, fit_inference_network
from .bradley_terry import BradleyTerryFit, draw_preferences, fit_bradley_terry
from .continuous_actor_critic import ContinuousSolution, soft_actor_critic_continuous
from .demonstrated_prior import demonstrated_prior
from .discounted_posterior import DiscountedPosterior, discounted_posterior, terminating
from .elbo import (
    BoundMaximum,
    InferenceComparison,
    compare_inference,
    evidence_lower_bound,
    maximise_evidence_lower_bound,
)
from .em_planning import EMPlan, em_planning
from .finite_state_controller import ControllerPlan, FiniteStateController, controller_value, em_controller
from .gaussian_actor import (
    ActorFit,
    GaussianActor,
    fit_gaussian_actor,
)
from .gaussian_messages import GaussianMessages, GaussianMixture, GaussianPlan
from .graphical_model import TrajectoryPosterior, message_passing
from .kl_control import Frontier, desirability, reward_divergence, reward_kl_frontier
from .limits import TemperatureSweep, temperature_sweep, uniform_prior, uniform_prior_cost
from .linear_quadratic import LinearQuadratic, LinearQuadraticSolution
from .particle_posterior import ParticlePosterior, particle_posterior
from .policy_gradient import GradientAscent, GradientEstimate, estimate_gradient, maximum_entropy_policy_gradient
from .pomdp import POMDP, BeliefSolution, cheese_maze, solve_beliefs
from .ppo import PolicyGradientRun, ppo
from .preference_optimisation import (
    AlignedPolicy,
    direct_preference_optimisation,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
)
from .preferences import Comparisons, PreferenceIRL
from .sampled_improvement import (
    SampledPlan,
    asymptotic_variance,
    improve,
    sampled_action_weights,
    sampled_improvement,
    sampled_policy_iteration,
)
from .soft_actor_critic import soft_actor_critic
from .soft_q_learning import soft_q_learning
from .time_mixture import MixtureMessages, TimedPlan, geometric_prior, growing_horizon, plan_with_time_prior
from .token_tree import TokenTree

__all__ = [
    "ActorFit",
    "AlignedPolicy",
    "AmortisedFit",
    "BeliefSolution",
    "BoundMaximum",
    "BradleyTerryFit",
    "Comparisons",
    "ContinuousSolution",
    "ControllerPlan",
    "DiscountedPosterior",
    "EMPlan",
    "FiniteStateController",
    "Frontier",
    "GaussianActor",
    "GaussianMessages",
    "GaussianMixture",
    "GaussianPlan",
    "GradientAscent",
    "GradientEstimate",
    "InferenceComparison",
    "InferenceNetwork",
    "LinearQuadratic",
    "LinearQuadraticSolution",
    "MixtureMessages",
    "POMDP",
    "ParticlePosterior",
    "PolicyGradientRun",
    "PreferenceIRL",
    "SampledPlan",
    "SampledSolution",
    "TemperatureSweep",
    "TimedPlan",
    "TokenTree",
    "TrajectoryPosterior",
    "asymptotic_variance",
    "cheese_maze",
    "compare_inference",
    "controller_value",
    "demonstrated_prior",
    "desirability",
    "direct_preference_optimisation",
    "discounted_posterior",
    "draw_preferences",
    "em_controller",
    "em_planning",
    "estimate_gradient",
    "evidence_lower_bound",
    "fit_bradley_terry",
    "fit_gaussian_actor",
    "fit_inference_network",
    "geometric_prior",
    "growing_horizon",
    "identity_preference_optimisation",
    "improve",
    "kahneman_tversky_optimisation",
    "maximise_evidence_lower_bound",
    "maximum_entropy_policy_gradient",
    "message_passing",
    "particle_posterior",
    "plan_with_time_prior",
    "ppo",
    "reward_divergence",
    "reward_kl_frontier",
    "sampled_action_weights",
    "sampled_improvement",
    "sampled_policy_iteration",
    "soft_actor_critic",
    "soft_actor_critic_continuous",
    "soft_q_learning",
    "solve_beliefs",
    "temperature_sweep",
    "terminating",
    "uniform_prior",
    "uniform_prior_cost",
]
