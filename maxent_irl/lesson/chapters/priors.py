"""Chapter 6: the prior is the knob. Completions of a small language model, tuned by four routes to one posterior."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...control import (
    TokenTree,
    demonstrated_prior,
    direct_preference_optimisation,
    draw_preferences,
    ppo,
    reward_divergence,
    reward_kl_frontier,
    uniform_prior,
)
from ...demonstrations import Demonstrations
from ...inference import soft_value_iteration
from ..fields import Choice, Number, Numbers, State, Whole
from .chapter import Answer, Chapter, Exercise, number, numbers

TOKENS = ("yes ", "no ")
LENGTH = 2
COMPLETIONS = ("yes yes", "yes no", "yes", "no yes", "no no", "no", "(silence)")
SCORES = [1.0, 0.2, 0.8, 0.0, -1.0, -0.4, 0.1]
BETAS = np.logspace(-1.5, 1.5, 25)
PRETRAINED = {"": (0.3, 0.6, 0.1), "yes ": (0.2, 0.2, 0.6), "no ": (0.1, 0.5, 0.4)}  # yes, no, end

FIELDS = (
    Choice(
        "prior",
        "pretrained",
        "prior",
        "",
        options=(("uniform", "uniform"), ("pretrained", "pretrained"), ("demonstrated", "demonstrated")),
    ),
    Number("beta", 0.5, "temperature β", "Price of one nat away from the prior.", low=0.03, high=30.0, scale="log"),
    Numbers("scores", SCORES, "reward of each completion", low=-3.0, high=3.0),
    Numbers("shown", [3, 0, 4, 0, 0, 1, 0], "demonstrations of each completion", low=0, high=50, whole=True),
    Whole("pairs", 2000, "preferences", "Comparisons that DPO learns from.", low=50, high=20000),
    Whole("iterations", 100, "PPO iterations", "", low=5, high=200),
)

CODE = """\
import numpy as np
from maxent_irl import Demonstrations, soft_value_iteration
from maxent_irl.control import (
    TokenTree, demonstrated_prior, direct_preference_optimisation, draw_preferences, ppo, uniform_prior,
)

tree = TokenTree({tokens!r}, {length!r})
scores = np.array({scores!r})  # of {completions}
{prior}
beta = {beta!r}

exact = tree.posterior(prior, scores, beta)
kl_control = soft_value_iteration(tree.mdp, tree.reward_table(scores), temperature=beta, action_prior=prior)
pairs = tree.draw_pairs(prior, {pairs!r}, random_state=0)
preferences = draw_preferences(scores, pairs, random_state=1)
dpo = direct_preference_optimisation(tree, prior, preferences, temperature=beta)
tuned = ppo(
    tree.mdp, tree.reward_table(scores), prior, temperature=beta, n_trajectories=400, n_iterations={iterations!r}, random_state=0
)

for name, policy in (("KL control", kl_control.policy), ("DPO", dpo.policy), ("PPO", tuned.policy)):
    print(name, np.exp(tree.log_probabilities(policy)).round(3))
print("exact", exact.round(3))
"""
PRIOR_PYTHON = {
    "uniform": "prior = uniform_prior(tree.mdp)",
    "pretrained": "prior = np.zeros((tree.mdp.n_states, 3))\nprior[:3] = {rows}  # yes, no, end; after nothing, yes, no",
    "demonstrated": (
        "paths = []\nfor completion, times in enumerate({shown}):\n"
        "    actions, states = np.divmod(np.sort(tree.paths[[completion]].indices), tree.mdp.n_states)\n"
        "    order = np.argsort(states)\n"
        "    paths += [([*states[order], tree.leaves[completion]], actions[order])] * times\n"
        "prior = demonstrated_prior(tree.mdp, Demonstrations(paths)) if paths else uniform_prior(tree.mdp)"
    ),
}


@lru_cache(maxsize=1)
def the_tree() -> TokenTree:
    """All completions of up to two words."""
    return TokenTree(TOKENS, LENGTH)


def prior_of(state: State) -> NDArray:
    """The prior of a screen, (S, A)."""
    tree = the_tree()
    if state["prior"] == "pretrained":
        prior = np.zeros((tree.mdp.n_states, tree.mdp.n_actions))
        prior[: len(tree.prefixes)] = [PRETRAINED[prefix] for prefix in tree.prefixes]
        return prior
    if state["prior"] == "uniform" or not any(state["shown"]):
        return uniform_prior(tree.mdp)
    paths = [path_of(completion) for completion, times in enumerate(state["shown"]) for _ in range(times)]
    return demonstrated_prior(tree.mdp, Demonstrations(paths))


def path_of(completion: int) -> tuple[list[int], list[int]]:
    """States, with the leaf, and actions of one completion."""
    tree = the_tree()
    actions, states = np.divmod(tree.paths[[completion]].indices, tree.mdp.n_states)
    order = np.argsort(states)  # prefixes are numbered by length
    return [*states[order].tolist(), int(tree.leaves[completion])], actions[order].tolist()


def solve(state: State) -> Answer:
    """Every completion's probability under the prior, the exact posterior, KL control and DPO; and the frontier."""
    tree, prior, beta = the_tree(), prior_of(state), state["beta"]
    scores = np.array(state["scores"])
    reward = tree.reward_table(scores)
    tuned = soft_value_iteration(tree.mdp, reward, temperature=beta, action_prior=prior)
    preferences = draw_preferences(scores, tree.draw_pairs(prior, state["pairs"], random_state=0), random_state=1)
    dpo = direct_preference_optimisation(tree, prior, preferences, temperature=beta)
    frontier = reward_kl_frontier(tree.mdp, reward, prior, BETAS)
    at = {
        name: [number(value) for value in reward_divergence(tree.mdp, reward, policy, prior)]
        for name, policy in (("prior", prior), ("kl", tuned.policy), ("dpo", dpo.policy))
    }
    return {
        "completions": list(COMPLETIONS),
        "prior": chances(prior),
        "exact": numbers(tree.posterior(prior, scores, beta)),
        "kl": chances(tuned.policy),
        "dpo": chances(dpo.policy),
        "dpo_converged": dpo.converged,
        "V": number(tuned.V[0]),
        "frontier": {"reward": numbers(frontier.reward), "divergence": numbers(frontier.divergence)},
        "at": at,
    }


def chances(policy: NDArray) -> list[float]:
    """Probability of every completion under a policy."""
    return numbers(np.exp(the_tree().log_probabilities(policy)))


def run_ppo(state: State) -> Answer:
    """PPO's answer, from samples."""
    tree, prior = the_tree(), prior_of(state)
    reward = tree.reward_table(np.array(state["scores"]))
    run = ppo(
        tree.mdp,
        reward,
        prior,
        temperature=state["beta"],
        n_trajectories=400,
        n_iterations=state["iterations"],
        random_state=0,
    )
    return {
        "ppo": chances(run.policy),
        "at": [number(value) for value in reward_divergence(tree.mdp, reward, run.policy, prior)],
        "objective": numbers(run.objective_curve),
        "converged": run.converged,
        "n_samples": run.n_samples,
    }


def check(state: State, answer: Any) -> tuple[bool, str]:
    """Check what the tuned policy becomes where beta is very large."""
    tree = the_tree()
    first = {field.name: field.default for field in FIELDS}
    prior = prior_of(first)
    tuned = tree.posterior(prior, np.array(SCORES), 1000.0)
    before = np.exp(tree.log_probabilities(prior))
    distance = float(np.abs(tuned - before).max())
    said = f"At β = 1000 no completion's probability differs from the prior's by more than {distance:.4f}."
    if answer == 1:
        return True, f"{said} Leaving the prior costs β per nat, and no reward pays for that."
    if answer == 0:
        return False, f"{said} The best completion wins at the other limit, β → 0."
    return (
        False,
        f"{said} It would be uniform only if the prior were: the prior decides what is left when reward is silent.",
    )


def code(state: State) -> str:
    """Python of the screen."""
    rows = [PRETRAINED[prefix] for prefix in the_tree().prefixes]
    prior = PRIOR_PYTHON[state["prior"]].format(rows=rows, shown=state["shown"])
    named = {"tokens": list(TOKENS), "length": LENGTH, "completions": ", ".join(COMPLETIONS), "prior": prior}
    return CODE.format(**{**state, **named})


CHAPTER = Chapter(
    name="priors",
    title="The prior is the knob",
    question="One posterior, many algorithms. What changes when only the prior changes?",
    fields=FIELDS,
    exercise=Exercise(
        "You tune the pretrained model and make β very large. What does the tuned model say?",
        "choice",
        check,
        options=(
            "the completion with the largest reward",
            "what the pretrained model says",
            "all completions equally often",
        ),
    ),
    operations={"solve": solve, "ppo": run_ppo},
    code=code,
    facts={"completions": list(COMPLETIONS)},
)
