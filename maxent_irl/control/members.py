"""Every member of the family at small size, measured against the exact answer: what ``python -m maxent_irl.control`` runs.

One slippery 5 x 5 grid serves the planners and the learners. One token tree serves the methods that fine-tune language
models. A double integrator serves the continuous members. Each function returns a distance from `soft_value_iteration` or
from a closed form. It takes a seed, which deterministic members ignore. `_planning_members` holds the rows of other
posteriors, of EM and of sampled improvement.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from ..demonstrations.sampling import sample_demonstrations
from ..estimators import MaxEntIRL
from ..inference import soft_value_iteration
from ..inference.visitations import expected_visitations
from ._member import ALPHA, Measured, Member, measure, slippery_grid
from ._planning_members import PLANNING_MEMBERS
from ._sampled_learning import SampledSolution
from .bradley_terry import draw_preferences, fit_bradley_terry
from .continuous_actor_critic import soft_actor_critic_continuous
from .demonstrated_prior import demonstrated_prior
from .elbo import evidence_lower_bound, maximise_evidence_lower_bound
from .gaussian_actor import fit_gaussian_actor
from .graphical_model import message_passing
from .kl_control import desirability
from .limits import temperature_sweep, uniform_prior
from .linear_quadratic import LinearQuadratic
from .ppo import ppo
from .preference_optimisation import (
    direct_preference_optimisation,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
)
from .preferences import Comparisons, PreferenceIRL
from .soft_actor_critic import soft_actor_critic
from .soft_q_learning import soft_q_learning
from .token_tree import TokenTree

__all__ = ["ALPHA", "MEMBERS", "Measured", "Member", "double_integrator", "measure"]

BETA = 0.5
PREFERENCES = 50_000


@cache
def token_task() -> tuple[TokenTree, NDArray, NDArray]:
    """Return a tree of 15 completions, a reference policy, and scores of mean 0 and standard deviation 1.

    Reward models are commonly scaled in this way (Ziegler, D. M., et al. (2019), Fine-tuning language models from human
    preferences, arXiv:1909.08593). The scale affects relative errors, because preferences say less about small rewards.
    """
    tree = TokenTree("ab", 3)
    scores = np.random.default_rng(1).normal(size=tree.n_completions)
    scores = (scores - scores.mean()) / scores.std()
    return tree, tree.random_policy(concentration=5.0, random_state=0), scores


@cache
def double_integrator() -> LinearQuadratic:
    """Return a point mass with position and velocity, moved by a force; quadratic cost, and some noise."""
    return LinearQuadratic(
        [[1.0, 0.5], [0.0, 1.0]],
        [[0.125], [0.5]],
        np.diag([1.0, 0.1]),
        [[0.5]],
        noise=0.0025 * np.eye(2),
        discount=0.8,
    )


def _token_preferences(seed: int) -> NDArray:
    """Bradley-Terry preferences between completions, all pairs equally likely."""
    tree, _, scores = token_task()
    pairs = tree.draw_pairs(tree.policy_of(np.ones(tree.n_completions)), PREFERENCES, random_state=[seed, 0])
    return draw_preferences(scores, pairs, random_state=[seed, 1])


def _largest(a: NDArray, b: ArrayLike) -> float:
    """The largest absolute difference."""
    return float(np.abs(np.subtract(a, b)).max())


def _messages(seed: int) -> float:
    world = slippery_grid()
    mdp = world.mdp.replace(horizon=20, discount=1.0)
    prior = np.full(mdp.n_actions, 1 / mdp.n_actions)
    posterior = message_passing(mdp, world.reward, temperature=ALPHA, action_prior=prior)
    exact = soft_value_iteration(mdp, world.reward, temperature=ALPHA, action_prior=prior, inference="exact")
    flow = expected_visitations(mdp, exact, initial=posterior.state_marginals[0])
    return max(
        _largest(ALPHA * posterior.log_backward, exact.V),
        _largest(posterior.policy, exact.policy),
        _largest(posterior.pair_marginals, flow),
    )


def _elbo(seed: int) -> float:
    world = slippery_grid()
    solution = soft_value_iteration(world.mdp, world.reward, temperature=ALPHA)
    attained = evidence_lower_bound(world.mdp, world.reward, solution.policy, temperature=ALPHA)
    largest = maximise_evidence_lower_bound(world.mdp, world.reward, temperature=ALPHA).value
    return max(_largest(attained, solution.V), float(abs(largest - world.mdp.initial_distribution @ solution.V)))


def _limits(seed: int) -> float:
    sweep = temperature_sweep(slippery_grid().mdp, slippery_grid().reward, [1e-6, 1e6])
    return float(max(sweep.cold_distance[0], sweep.hot_distance[1]))


def _uniform_constant(seed: int) -> float:
    world = slippery_grid()
    mdp = world.mdp
    without = soft_value_iteration(mdp, world.reward, temperature=ALPHA)
    uniform = soft_value_iteration(mdp, world.reward, temperature=ALPHA, action_prior=uniform_prior(mdp))
    constant = ALPHA * math.log(mdp.n_actions) / (1 - mdp.discount)
    return max(_largest(without.V - constant, uniform.V), _largest(without.policy, uniform.policy))


def _learner(learn: Callable[..., SampledSolution], seed: int, **options: float) -> float:
    world = slippery_grid()
    learnt = learn(world.mdp, world.reward, temperature=ALPHA, random_state=seed, **options)
    return _largest(learnt.V, soft_value_iteration(world.mdp, world.reward, temperature=ALPHA).V)


def _twin_critics(seed: int) -> float:
    # The minimum of two noisy critics is too low, so this takes many more transitions than one critic.
    return _learner(soft_actor_critic, seed, n_critics=2, step_decay=0.9, n_walkers=15_000)


def _automatic_temperature(seed: int) -> float:
    world, target, exploration = slippery_grid(), 1.0, 0.1
    learnt = soft_actor_critic(
        world.mdp, world.reward, temperature="auto", target_entropy=target, exploration=exploration, random_state=seed
    )
    acting = (1 - exploration) * learnt.policy + exploration / world.n_actions
    where = expected_visitations(world.mdp, acting).sum(axis=1) * (1 - world.mdp.discount)
    entropy = -float(where @ (learnt.policy * np.log(learnt.policy)).sum(axis=1))
    return abs(entropy - target) / target


def _gaussian_actor(seed: int) -> float:
    best, curvature = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 1.0]])

    def value(_: NDArray, actions: NDArray) -> tuple[NDArray, NDArray]:
        away = actions - best
        return -0.5 * ((away @ curvature) * away).sum(axis=1), -away @ curvature

    closed = LinearQuadratic.single_choice(best, curvature).solve(BETA)
    fit = fit_gaussian_actor(value, np.ones((20_000, 1)), 2, temperature=BETA, random_state=seed)
    deviation = np.sqrt(np.diag(closed.covariance))
    return max(_largest(fit.actor.gain / closed.gain, 1.0), _largest(fit.actor.deviation / deviation, 1.0))


def _regulator(seed: int) -> float:
    closed = double_integrator().solve(ALPHA)
    learnt = soft_actor_critic_continuous(double_integrator(), temperature=ALPHA, random_state=seed)
    deviation = np.sqrt(np.diag(closed.covariance))
    return max(_largest(learnt.actor.gain / closed.gain, 1.0), _largest(learnt.actor.deviation / deviation, 1.0))


def _kl_control(seed: int) -> float:
    tree, reference, scores = token_task()
    reward = tree.reward_table(scores)
    z = desirability(tree.mdp, reward, reference, temperature=BETA)
    solution = soft_value_iteration(tree.mdp, reward, temperature=BETA, action_prior=reference)
    by_token = np.exp(tree.log_probabilities(solution.policy))
    return max(_largest(BETA * np.log(z), solution.V), _largest(by_token, tree.posterior(reference, scores, BETA)))


def _imitation(seed: int) -> float:
    world, own = slippery_grid(), slippery_grid().features("smooth", n_features=3) @ [0.3, -0.2, 0.1]
    demonstrators = soft_value_iteration(world.mdp, world.reward, temperature=ALPHA)
    demos = sample_demonstrations(world.mdp, demonstrators.policy, 5000, max_steps=50, random_state=seed)
    prior = demonstrated_prior(world.mdp, demos)
    improved = soft_value_iteration(world.mdp, own, temperature=ALPHA, action_prior=prior)
    both = world.reward + own
    earned = evidence_lower_bound(world.mdp, both, improved.policy, temperature=ALPHA)
    missed = soft_value_iteration(world.mdp, both, temperature=ALPHA).V - earned
    return float(world.mdp.initial_distribution @ missed)


def _ppo(scores: NDArray, seed: int) -> float:
    tree, reference, _ = token_task()
    reward = tree.reward_table(scores)
    run = ppo(tree.mdp, reward, reference, temperature=BETA, random_state=seed)
    best = soft_value_iteration(tree.mdp, reward, temperature=BETA, action_prior=reference).V
    earned = evidence_lower_bound(tree.mdp, reward, run.policy, temperature=BETA, action_prior=reference)
    return float(tree.mdp.initial_distribution @ (best - earned))


def _rlhf(seed: int) -> float:
    model = fit_bradley_terry(np.eye(token_task()[0].n_completions), _token_preferences(seed))
    return _ppo(model.coef, seed)


def _dpo(seed: int) -> float:
    tree, reference, scores = token_task()
    aligned = direct_preference_optimisation(tree, reference, _token_preferences(seed), temperature=BETA)
    found, true = (np.subtract.outer(r, r) for r in (aligned.implied_reward, scores))
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


def _total_variation(policy: NDArray, distribution: NDArray) -> float:
    """Total variation distance of a policy (S, A) from a distribution over completions, (n,)."""
    return float(np.abs(np.exp(token_task()[0].log_probabilities(policy)) - distribution).sum() / 2)


def _ipo(seed: int) -> float:
    tree, reference, scores = token_task()
    aligned = identity_preference_optimisation(tree, reference, _token_preferences(seed), temperature=BETA)
    preferred = expit(np.subtract.outer(scores, scores)).mean(axis=1)  # probability, to a random completion
    return _total_variation(aligned.policy, tree.posterior(reference, preferred, BETA))


def _kto(seed: int) -> float:
    tree, reference, scores = token_task()
    chance, good = np.exp(tree.log_probabilities(reference)), scores > np.median(scores)
    rated = np.repeat(np.arange(tree.n_completions), np.round(100_000 * chance).astype(int))
    aligned = kahneman_tversky_optimisation(tree, reference, rated, good[rated], temperature=BETA)
    return _total_variation(aligned.policy, np.where(good, chance, 0.0) / chance[good].sum())


def _inverse(fit: Callable[[NDArray, NDArray, int], NDArray], seed: int) -> float:
    """Relative error of the coefficients that ``fit(features, coef, seed)`` recovers."""
    features, coef = slippery_grid().features("smooth", n_features=3), np.array([1.0, -0.5, 0.5])
    return float(np.linalg.norm(fit(features, coef, seed) - coef) / np.linalg.norm(coef))


def _from_preferences(features: NDArray, coef: NDArray, seed: int) -> NDArray:
    mdp, rng = slippery_grid().mdp, np.random.default_rng(seed)
    demos = sample_demonstrations(mdp, uniform_prior(mdp), 500, max_steps=20, random_state=rng)
    model = PreferenceIRL(mdp, features)
    counts = model.feature_counts(demos)
    pairs = rng.integers(500, size=(20_000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    preferred = draw_preferences(counts @ coef, pairs, random_state=rng)
    return model.fit(Comparisons(demos, pairs), preferred[:, 0] == pairs[:, 0]).coef_


def _from_demonstrations(features: NDArray, coef: NDArray, seed: int) -> NDArray:
    mdp = slippery_grid().mdp
    policy = soft_value_iteration(mdp, features @ coef).policy
    demos = sample_demonstrations(mdp, policy, 20_000, max_steps=50, random_state=seed)
    return MaxEntIRL(mdp, features).fit(demos).coef_


MEMBERS = (
    Member("messages", "V, policy and marginals against the exact soft value", 1e-10, _messages),
    Member("ELBO", "ELBO of the soft policy and its maximum, against V", 1e-8, _elbo),
    Member("both limits", "V from hard V at 1e-6, log policy from prior at 1e6", 2e-5, _limits),
    Member("uniform prior", "V against V without prior minus its constant", 1e-9, _uniform_constant),
    *PLANNING_MEMBERS,
    Member("soft Q-learning", "V against the soft value, max norm", 0.02, lambda seed: _learner(soft_q_learning, seed)),
    Member(
        "soft actor-critic", "V against the soft value, max norm", 0.02, lambda seed: _learner(soft_actor_critic, seed)
    ),
    Member("twin critics", "V against the soft value, max norm", 0.02, _twin_critics),
    Member("automatic temperature", "entropy against its target, relative", 0.01, _automatic_temperature),
    Member("Gaussian actor", "mean and deviation against the posterior, relative", 0.01, _gaussian_actor),
    Member("continuous actor-critic", "gain and deviation against Riccati, relative", 0.01, _regulator),
    Member("KL control", "linear solve and token policy against the posterior", 1e-10, _kl_control),
    Member("imitation prior", "shortfall of the objective, both rewards together", 0.02, _imitation),
    Member("RLHF by PPO", "shortfall of the objective, true reward", 1e-3, lambda seed: _ppo(token_task()[2], seed)),
    Member("RLHF, reward model", "shortfall of the objective, fitted reward", 1e-3, _rlhf),
    Member("DPO", "implied reward differences, relative", 0.05, _dpo),
    Member("IPO", "policy against its closed form, total variation", 0.02, _ipo),
    Member("KTO", "policy against the desirable reference, total variation", 0.01, _kto),
    Member("reward from preferences", "coefficients, relative", 0.05, lambda seed: _inverse(_from_preferences, seed)),
    Member("MaxEntIRL, the inverse", "coefficients, relative", 0.05, lambda seed: _inverse(_from_demonstrations, seed)),
)
