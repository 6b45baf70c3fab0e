"""The members with networks, measured against the exact answer: what ``python -m maxent_irl.control --deep`` runs.

Runs that several rows read are made once for each seed.
"""

from __future__ import annotations

import math
from functools import cache, partial
from typing import NamedTuple

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..members import ALPHA, Member, double_integrator
from .language_model import PrefixNetwork, fit_supervised
from .language_task import LanguageTask, language_task
from .multigoal import (
    FOUR_GOALS,
    MultiGoal,
    MultiGoalSolution,
    action_cells,
    boltzmann_actor,
    goal_shares,
    solve_multigoal,
)
from .pendulum import PendulumStates, pendulum_returns, solve_pendulum
from .preference_losses import (
    direct_preference_optimisation,
    ideal_kto,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
    preferred,
    total_variation,
)
from .regulator import Regulator
from .reward_model import draw_rankings, fit_reward_model, ranked_pairs
from .rlhf import fine_tune, posterior
from .soft_actor_critic import DeepActorCritic, soft_actor_critic
from .soft_q_learning import EnergyPolicy, composed, soft_q_learning

BETAS = (0.5, 0.1, 0.05, 0.01)
SQL_ALPHA = 0.2
PROBES = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [4.0, 0.0], [-3.0, 1.0], [1.0, -1.0], [-2.0, 2.5]])


def use_one_thread() -> None:
    """Networks this small are slower on several threads."""
    torch.set_num_threads(1)


def relative_error(found: NDArray, true: NDArray) -> float:
    """Root mean square error over root mean square."""
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


def _regulator(seed: int) -> float:
    """The larger of the relative errors of soft values, mean actions and deviations at probe states."""
    env = Regulator(double_integrator(), reach=4.0)
    learnt = soft_actor_critic(env, discount=env.problem.discount, temperature=ALPHA, n_steps=8000, random_state=seed)
    closed = env.problem.solve(ALPHA)
    states = np.random.default_rng(0).normal(size=(200, 2))
    value = relative_error(learnt.value(states), env.scaled_value(closed, states, ALPHA))
    draws = np.stack([learnt.act(states, random_state=draw) for draw in range(200)])
    mean = relative_error(draws.mean(axis=0), states @ closed.gain.T)
    deviation = abs(np.sqrt(draws.var(axis=0).mean()) / math.sqrt(closed.covariance[0, 0]) - 1.0)
    return max(value, mean, float(deviation))


@cache
def pendulum_run(seed: int) -> DeepActorCritic:
    """Soft actor-critic on Pendulum-v1 with automatic temperature."""
    return soft_actor_critic(gymnasium.make("Pendulum-v1"), n_steps=40_000, random_state=seed)


def _pendulum_return(seed: int) -> float:
    learnt = pendulum_run(seed)
    exact = solve_pendulum(learnt.temperature)
    best = pendulum_returns(exact.actor(np.random.default_rng(seed)), 200).mean()
    draws = np.random.default_rng(seed)
    mine = pendulum_returns(lambda seen: learnt.act(seen, random_state=int(draws.integers(2**31))), 200).mean()
    return float(max(0.0, 1.0 - best / mine))


def _pendulum_value(seed: int) -> float:
    learnt, starts = pendulum_run(seed), PendulumStates.starts(200).observations
    return relative_error(learnt.value(starts), solve_pendulum(learnt.temperature).value(starts))


def _pendulum_entropy(seed: int) -> float:
    entropies = pendulum_run(seed).entropy_curve
    return abs(float(entropies[len(entropies) // 2 :].mean()) + 1.0)


@cache
def multigoal_run(seed: int) -> tuple[MultiGoalSolution, EnergyPolicy]:
    """Soft Q-learning of the four goals."""
    env = MultiGoal()
    learnt = soft_q_learning(env, temperature=SQL_ALPHA, n_steps=10_000, random_state=seed)
    return solve_multigoal(env, SQL_ALPHA), learnt


def _energy_value(seed: int) -> float:
    exact, learnt = multigoal_run(seed)
    positions = np.random.default_rng(0).uniform(-5.0, 5.0, size=(200, 2))
    return relative_error(learnt.value(positions), exact.value(positions))


def _energy_modes(seed: int) -> float:
    learnt, draws = multigoal_run(seed)[1], np.random.default_rng(seed)
    shares = goal_shares(lambda x: learnt.act(x, random_state=int(draws.integers(2**31))), 2000)
    return float(np.abs(shares - 0.25).max())


def _energy_policy(seed: int) -> float:
    """Mean total variation over probe states between the Boltzmann policies of both action values, on 8 x 8 cells."""
    exact, learnt = multigoal_run(seed)
    gaps = [
        action_cells(exact.action_value, x, SQL_ALPHA) - action_cells(learnt.action_value, x, SQL_ALPHA) for x in PROBES
    ]
    return float(np.mean([np.abs(gap).sum() / 2 for gap in gaps]))


def sampled_cells(policy: EnergyPolicy, position: NDArray) -> NDArray:
    """Shares of 20,000 draws at a position in 8 x 8 cells of the action square."""
    draws = policy.act(np.tile(position, (20_000, 1)), random_state=0)
    return np.histogram2d(draws[:, 0], draws[:, 1], bins=8, range=[(-1, 1), (-1, 1)])[0] / len(draws)


def _energy_sampler(seed: int) -> float:
    exact, learnt = multigoal_run(seed)
    gaps = [action_cells(exact.action_value, x, SQL_ALPHA) - sampled_cells(learnt, x) for x in PROBES]
    return float(np.mean([np.abs(gap).sum() / 2 for gap in gaps]))


def _composition(seed: int) -> float:
    """Difference of the shares of walks that end at the common goal, from the same composition of exact action values."""
    right, up, left, down = FOUR_GOALS
    tasks = ((left, right), (left, up))
    learnt = [
        soft_q_learning(MultiGoal((goals,)), temperature=SQL_ALPHA, n_steps=5000, random_state=[seed, task])
        for task, goals in enumerate(tasks)
    ]
    both, draws = composed(learnt, random_state=seed), np.random.default_rng(seed)
    share = goal_shares(lambda x: both.act(x, random_state=int(draws.integers(2**31))), 2000)[2]
    each = [solve_multigoal(MultiGoal((goals,)), SQL_ALPHA) for goals in tasks]

    def mean_value(positions: NDArray, actions: NDArray) -> NDArray:
        return np.mean([exact.action_value(positions, actions) for exact in each], axis=0)

    exact = boltzmann_actor(mean_value, SQL_ALPHA, np.random.default_rng(seed))
    return float(abs(share - goal_shares(exact, 2000)[2]))


class Pretrained(NamedTuple):
    """The language task after its supervised stage."""

    task: LanguageTask
    corpus: Tensor
    model: PrefixNetwork
    reference: Tensor  # (n,) log-probabilities


@cache
def pretrained(seed: int) -> Pretrained:
    """Fit the language model to 20,000 sentences."""
    task = language_task()
    model, corpus = PrefixNetwork(task.tree, seed=seed), task.corpus(20_000, seed)
    fit_supervised(model, task.completions, corpus, n_steps=200)
    with torch.no_grad():
        return Pretrained(task, corpus, model, task.completions.log_probabilities(model().double()))


def _supervised(seed: int) -> float:
    task, _, _, reference = pretrained(seed)
    true = torch.from_numpy(task.tree.log_probabilities(task.language))
    return float(task.completions.expectation(true, true - reference))


def _reward_model(seed: int) -> float:
    """Root mean square error of the scores under the reference, the true ones having deviation 1."""
    task, _, model, reference = pretrained(seed)
    rankings = draw_rankings(task.completions, reference, task.reward, 20_000, seed=seed)
    scores = fit_reward_model(model, task.completions, rankings, seed=seed).scores
    error = scores - task.reward
    means = torch.stack(
        [(reference.exp() * error)[task.completions.prompt_of == p].sum() for p in range(len(task.tree.prompts))]
    )
    return float(task.completions.expectation(reference, (error - means[task.completions.prompt_of]).square()).sqrt())


def _rlhf(beta: float, seed: int) -> float:
    task, _, model, _ = pretrained(seed)
    return fine_tune(model, task.completions, task.reward, temperature=beta, seed=seed).missed


def covering_pairs(seed: int) -> tuple[Tensor, Tensor]:
    """Pairs half from the reference and half from the posterior at beta .1, and the chance that the second is preferred."""
    task, _, _, reference = pretrained(seed)
    tuned = posterior(task.completions, reference, task.reward, 0.1)
    covering = torch.logaddexp(reference, tuned) - math.log(2.0)
    pairs = ranked_pairs(draw_rankings(task.completions, covering, task.reward, 30_000, n_ranked=2, seed=seed))
    return pairs, torch.sigmoid(task.reward[pairs[:, 1]] - task.reward[pairs[:, 0]])


def _dpo(beta: float, seed: int) -> float:
    task, _, model, reference = pretrained(seed)
    pairs, wrong = covering_pairs(seed)
    aligned = direct_preference_optimisation(
        *(model, task.completions, pairs),
        temperature=beta,
        label_smoothing=wrong,
        n_steps=800,
        learning_rate=1e-2 if beta >= 0.1 else 3e-2,
    )
    ideal = posterior(task.completions, reference, task.reward, beta)
    return total_variation(task.completions, aligned.log_probabilities, ideal)


def _ipo(seed: int) -> float:
    task, _, model, reference = pretrained(seed)
    pairs = ranked_pairs(draw_rankings(task.completions, reference, task.reward, 30_000, n_ranked=2, seed=seed))
    wrong = torch.sigmoid(task.reward[pairs[:, 1]] - task.reward[pairs[:, 0]])
    aligned = identity_preference_optimisation(
        model, task.completions, pairs, temperature=0.1, label_smoothing=wrong, n_steps=800
    )
    wins = preferred(task.completions, reference, task.reward)
    ideal = posterior(task.completions, reference, wins, 0.1)
    return total_variation(task.completions, aligned.log_probabilities, ideal)


def _kto(seed: int) -> float:
    task, _, model, reference = pretrained(seed)
    good = preferred(task.completions, reference, task.reward) > 0.5
    rated = task.completions.draw(model(), 50_000, torch.Generator().manual_seed(seed))
    aligned = kahneman_tversky_optimisation(model, task.completions, rated, good[rated], temperature=0.1)
    ideal = ideal_kto(task.completions, reference, good)
    return total_variation(task.completions, aligned.log_probabilities, ideal)


DEEP_MEMBERS = (
    Member("SAC, regulator", "soft value, mean and deviation against Riccati, relative", 0.1, _regulator),
    Member("SAC, pendulum", "return short of the exact soft policy's, relative", 0.05, _pendulum_return),
    Member("SAC, pendulum values", "soft value at 200 starts, relative", 0.1, _pendulum_value),
    Member("SAC, temperature", "entropy over the last half against its target, relative", 0.02, _pendulum_entropy),
    Member("SQL, values", "soft value against the grid, relative", 0.05, _energy_value),
    Member("SQL, modes", "share of walks to each of four goals against 1/4", 0.05, _energy_modes),
    Member("SQL, policy", "energy against the grid, total variation", 0.1, _energy_policy),
    Member("SQL, sampler", "draws against the grid, total variation", 0.2, _energy_sampler),
    Member("SQL, composed", "share of walks to the common goal, exactly composed", 0.05, _composition),
    Member("SFT", "divergence of the language from the model, nats", 0.05, _supervised),
    Member("reward model, rankings", "scores, root mean square error (deviation 1)", 0.3, _reward_model),
    *(Member(f"PPO at beta {beta:g}", "share of the exact gain missed", 0.05, partial(_rlhf, beta)) for beta in BETAS),
    *(
        Member(
            f"deep DPO at beta {beta:g}",
            "against the posterior, total variation",
            bound,
            partial(_dpo, beta),
        )
        for beta, bound in ((0.1, 0.15), (0.05, 0.15), (0.01, 0.5))
    ),
    Member("deep IPO", "against its closed form at tau .1, total variation", 0.1, _ipo),
    Member("deep KTO", "against the desirable reference, total variation", 0.3, _kto),
)
