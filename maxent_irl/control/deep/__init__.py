"""Members of the family as their papers have them, with networks, each held against the exact soft solution.

Reading order: `networks` and `replay`, then `soft_actor_critic` (Box actions), held against `pendulum` (Pendulum-v1 on a fine
grid) and `regulator` (Riccati); `soft_q_learning` (several modes, an amortised sampler) against `multigoal`; then language models
that can be enumerated: `language_task`, `language_model` (supervised stage), `reward_model` (rankings), `rlhf` (PPO), and
`preference_losses` (DPO, IPO, KTO).

Needs torch and gymnasium, ``pip install 'maxent-irl[torch]'``; nothing else in the package imports this folder. A learner uses as
many threads as ``torch.set_num_threads`` says: networks this small are fastest with one.
"""

try:
    import gymnasium  # noqa: F401
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"maxent_irl.control.deep needs {error.name}, which is not installed: pip install 'maxent-irl[torch]'"
    ) from error

from .language_model import Enumeration, PrefixNetwork, fit_supervised
from .language_task import LanguageTask, language_task
from .multigoal import MultiGoal, MultiGoalSolution, solve_multigoal
from .pendulum import PendulumSolution, pendulum_returns, solve_pendulum
from .preference_losses import (
    Aligned,
    direct_preference_optimisation,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
)
from .regulator import Regulator
from .reward_model import RewardModel, draw_rankings, fit_reward_model
from .rlhf import FineTuned, fine_tune
from .soft_actor_critic import DeepActorCritic, soft_actor_critic
from .soft_q_learning import EnergyPolicy, composed, soft_q_learning

__all__ = [
    "Aligned",
    "DeepActorCritic",
    "EnergyPolicy",
    "Enumeration",
    "FineTuned",
    "LanguageTask",
    "MultiGoal",
    "MultiGoalSolution",
    "PendulumSolution",
    "PrefixNetwork",
    "Regulator",
    "RewardModel",
    "composed",
    "direct_preference_optimisation",
    "draw_rankings",
    "fine_tune",
    "fit_reward_model",
    "fit_supervised",
    "identity_preference_optimisation",
    "kahneman_tversky_optimisation",
    "language_task",
    "pendulum_returns",
    "soft_actor_critic",
    "soft_q_learning",
    "solve_multigoal",
    "solve_pendulum",
]
