"""Wrong input to the family, one row each: the error names the offender, and says what is wrong with it."""

import numpy as np
import pytest
from scipy import sparse

from maxent_irl import MDP, Demonstrations
from maxent_irl import control as family
from maxent_irl.control import Comparisons, GaussianActor, LinearQuadratic, PreferenceIRL, TokenTree
from maxent_irl.control import __main__ as command

RING = MDP.from_successors([[0, 1], [1, 0]], discount=0.9)
SHORT = RING.replace(horizon=3, discount=1.0)
TREE = TokenTree("ab", 1)
REFERENCE = TREE.random_policy(random_state=0)
SCALAR = LinearQuadratic([[0.9]], [[0.5]], [[1.0]], [[0.3]])
DEMOS = [([0, 1], [1]), ([0, 0], [0])]
NAN = float("nan")


def bowl(states, actions):
    return -0.5 * (actions**2).sum(axis=1), -actions


def fit_actor(value=bowl, states=((1.0,), (1.0,), (1.0,)), n_actions=2, **options):
    return family.fit_gaussian_actor(value, np.array(states), n_actions, **options)


def align(fit, **options):
    return fit(TREE, REFERENCE, [[0, 1]], **options)


def rate(completions=(0, 1), desirable=(True, False), **options):
    return family.kahneman_tversky_optimisation(TREE, REFERENCE, list(completions), list(desirable), **options)


def finetune(**options):
    return family.ppo(TREE.mdp, TREE.reward_table([1.0, 0.0, 0.0]), REFERENCE, n_iterations=2, **options)


def learn(member, **options):
    return member(RING, [0.0, 1.0], **{"n_walkers": 5, "n_steps": 5, **options})


def actor_critic(**options):
    return learn(family.soft_actor_critic, **options)


def continuous(problem=SCALAR, **options):
    return family.soft_actor_critic_continuous(problem, **{"n_samples": 50, **options})


def climb(**options):
    return family.maximise_evidence_lower_bound(RING, [0.0, 1.0], **options)


def plan(**options):
    return family.em_planning(RING, [0.0, 1.0], **options)


def when_seen(reward=(0.0, 1.0), time_prior=(0.5, 0.5)):
    return family.growing_horizon(RING, reward, family.uniform_prior(RING), time_prior).time_posterior


def fit_preferences(comparisons, outcomes=(1,)):
    return PreferenceIRL(RING).fit(comparisons, list(outcomes))


SEEDS = {
    "draw_preferences": lambda seed: family.draw_preferences([0.0, 1.0], [[0, 1]], random_state=seed),
    "TokenTree": lambda seed: TREE.random_policy(random_state=seed),
    "ppo": lambda seed: finetune(random_state=seed),
    "soft_q_learning": lambda seed: learn(family.soft_q_learning, random_state=seed),
    "fit_gaussian_actor": lambda seed: fit_actor(random_state=seed),
    "particle_posterior": lambda seed: family.particle_posterior(SHORT, [0.0, 1.0], 5, random_state=seed),
    "policy gradient": lambda seed: family.maximum_entropy_policy_gradient(RING, [0.0, 1.0], random_state=seed),
    "inference network": lambda seed: family.fit_inference_network(
        RING, [[0.0, 1.0]], [[[0.0], [1.0]]], random_state=seed
    ),
    "em_controller": lambda seed: family.em_controller(family.cheese_maze(), 2, random_state=seed),
    "sampled_improvement": lambda seed: family.sampled_improvement([0.5, 0.5], [0.0, 1.0], 3, random_state=seed),
    "sampled iteration": lambda seed: family.sampled_policy_iteration(RING, [0.0, 1.0], 3, random_state=seed),
}
NO_MDP = {
    "message_passing": lambda mdp: family.message_passing(mdp, [0.0]),
    "evidence_lower_bound": lambda mdp: family.evidence_lower_bound(mdp, [0.0], [[1.0]]),
    "maximise_evidence_lower_bound": lambda mdp: family.maximise_evidence_lower_bound(mdp, [0.0]),
    "compare_inference": lambda mdp: family.compare_inference(mdp, [0.0]),
    "temperature_sweep": lambda mdp: family.temperature_sweep(mdp, [0.0], [1.0]),
    "uniform_prior": family.uniform_prior,
    "uniform_prior_cost": lambda mdp: family.uniform_prior_cost(mdp, 1.0),
    "em_planning": lambda mdp: family.em_planning(mdp, [0.0]),
    "growing_horizon": lambda mdp: family.growing_horizon(mdp, [0.0], [[1.0]], [1.0]),
    "plan_with_time_prior": lambda mdp: family.plan_with_time_prior(mdp, [0.0], [1.0]),
    "terminating": family.terminating,
    "discounted_posterior": lambda mdp: family.discounted_posterior(mdp, [0.0]),
    "particle_posterior": lambda mdp: family.particle_posterior(mdp, [0.0], 5),
    "estimate_gradient": lambda mdp: family.estimate_gradient(mdp, [0.0], [[1.0]]),
    "maximum_entropy_policy_gradient": lambda mdp: family.maximum_entropy_policy_gradient(mdp, [0.0]),
    "fit_inference_network": lambda mdp: family.fit_inference_network(mdp, [[0.0]], [[[0.0]]]),
    "sampled_policy_iteration": lambda mdp: family.sampled_policy_iteration(mdp, [0.0], 3),
    "POMDP": lambda mdp: family.POMDP(mdp, [0.0], [[1.0]]),
    "soft_q_learning": lambda mdp: family.soft_q_learning(mdp, [0.0]),
    "soft_actor_critic": lambda mdp: family.soft_actor_critic(mdp, [0.0]),
    "demonstrated_prior": lambda mdp: family.demonstrated_prior(mdp, DEMOS),
    "reward_divergence": lambda mdp: family.reward_divergence(mdp, [0.0], [[1.0]], [1.0]),
    "reward_kl_frontier": lambda mdp: family.reward_kl_frontier(mdp, [0.0], [1.0], [1.0]),
    "desirability": lambda mdp: family.desirability(mdp, [0.0], [1.0]),
    "ppo": lambda mdp: family.ppo(mdp, [0.0], [1.0]),
    "PreferenceIRL": lambda mdp: PreferenceIRL(mdp).fit(Comparisons(DEMOS, [[0, 1]]), [1]),
    "PreferenceIRL.feature_counts": lambda mdp: PreferenceIRL(mdp).feature_counts(DEMOS),
}
ROWS = {
    "KTO without rounds": (lambda: rate(max_rounds=0), "max_rounds must be a positive integer; got 0"),
    "KTO with negative rounds": (lambda: rate(max_rounds=-1), "max_rounds must be a positive integer; got -1"),
    "KTO weight": (lambda: rate(desirable_weight=-1), "^desirable_weight must be a number > 0; got -1"),
    "KTO weight nan": (lambda: rate(undesirable_weight=NAN), "^undesirable_weight must be a number > 0; got nan"),
    "KTO tol": (lambda: rate(tol=-1), "tol must be a number > 0; got -1"),
    "KTO max_iter": (lambda: rate(max_iter=1.5), "max_iter must be an integer, 0 or more; got 1.5"),
    "DPO tol 0": (lambda: align(family.direct_preference_optimisation, tol=0), "tol must be a number > 0; got 0"),
    "DPO tol": (lambda: align(family.direct_preference_optimisation, tol=-1), "tol must be a number > 0; got -1"),
    "DPO max_iter": (lambda: align(family.direct_preference_optimisation, max_iter=-1), "max_iter must be an integer"),
    "IPO tol": (lambda: align(family.identity_preference_optimisation, tol="x"), "tol must be a number > 0; got 'x'"),
    "utilities nan": (lambda: family.draw_preferences([0, NAN], [[0, 1]]), "utilities must be finite.* at item 1"),
    "utilities table": (lambda: family.draw_preferences([[0, 1]], [[0, 1]]), r"utilities must have shape \(n,\)"),
    "utilities text": (lambda: family.draw_preferences(["a", "b"], [[0, 1]]), "utilities must hold numbers"),
    "features None": (lambda: family.fit_bradley_terry(None, [[0, 1]]), r"features must have shape \(n, K\).*got \(\)"),
    "features 1-D": (lambda: family.fit_bradley_terry([0.0, 1.0], [[0, 1]]), r"features must have shape .*got \(2,\)"),
    "features nan": (
        lambda: family.fit_bradley_terry([[0.0], [NAN]], [[0, 1]]),
        "features must be finite; it is nan at item 1, feature 0",
    ),
    "features sparse nan": (
        lambda: family.fit_bradley_terry(sparse.csr_array([[0.0], [NAN]]), [[0, 1]]),
        "features must be finite; it is nan at stored entry 0",
    ),
    "comparisons of demonstrations": (
        lambda: fit_preferences(Demonstrations(DEMOS), (1, 0)),
        "comparison 0 is of type Trajectory; give a first and a second one, or pass Comparisons",
    ),
    "comparisons of tuples": (
        lambda: fit_preferences(DEMOS, (1, 0)),
        "trajectory 0.*comparison i is of trajectories 2 i",
    ),
    "comparisons of numbers": (
        lambda: fit_preferences([5]),
        "comparison 0 is of type int; give a first and a second one",
    ),
    "comparisons None": (lambda: fit_preferences(None), "comparisons must be pairs of trajectories; got NoneType"),
    "concentration 0": (lambda: TREE.random_policy(concentration=0), "concentration must be a number > 0; got 0"),
    "concentration": (lambda: TREE.random_policy(concentration=-1), "concentration must be a number > 0; got -1"),
    "policy_of negative": (
        lambda: TREE.policy_of([0.5, -0.1, 0.6]),
        r"completion '\w?\.?' has probability -0.1, below 0",
    ),
    "policy_of shape": (
        lambda: TREE.policy_of([1.0, 2.0]),
        r"probabilities must have shape \(3,\), one per completion",
    ),
    "policy_of nan": (
        lambda: TREE.policy_of([1.0, NAN, 0.0]),
        "probabilities must be finite; it is nan at completion 1",
    ),
    "scores nan": (lambda: TREE.reward_table([1.0, NAN, 0.0]), "scores must be finite; it is nan at completion 1"),
    "n_pairs": (lambda: TREE.draw_pairs(REFERENCE, 0), "n_pairs must be a positive integer; got 0"),
    "tokens twice": (lambda: TokenTree("aa", 2), "tokens must differ; 'a' comes twice"),
    "prompts twice": (lambda: TokenTree("a", 2, prompts=("x", "x")), "prompts must differ; 'x' comes twice"),
    "token of the end": (lambda: TokenTree("a.", 2), r"two completions read '.*\.': tokens must not spell .* '\.'"),
    "tokens that spell another": (lambda: TokenTree(["a", "aa"], 2), "two completions read 'aa.*': tokens must not"),
    "token without text": (lambda: TokenTree(["a", ""], 2), "two completions read"),
    "tokens of numbers": (lambda: TokenTree([1, 2], 1), r"tokens must be a sequence of str.*got \[1, 2\]"),
    "tokens None": (lambda: TokenTree(None, 1), "tokens must be a sequence of str; got None"),
    "max_length": (lambda: TokenTree("ab", 1.5), "max_length must be a positive integer; got 1.5"),
    "reward never seen": (lambda: when_seen([0.0, 0.0]), "under this policy the reward is never seen"),
    "reward never seen, constant": (lambda: when_seen([-0.7, -0.7]), "under this policy the reward is never seen"),
    "time_prior of a table": (
        lambda: when_seen(time_prior=[[1.0]]),
        r"time_prior must have shape \(n,\).*got \(1, 1\)",
    ),
    "time_prior negative": (lambda: when_seen(time_prior=[1.0, -0.5]), "time_prior is -0.5 at time 1"),
    "time_prior nan": (lambda: when_seen(time_prior=[NAN, 0.5]), "time_prior is nan at time 0"),
    "time_prior sum": (lambda: when_seen(time_prior=[1.0, 0.5]), "time_prior must sum to at most 1.*sums to 1.5"),
    "time_prior of nothing": (lambda: when_seen(time_prior=[0.0]), "time_prior must sum to at most 1.*sums to 0"),
    "time_prior text": (lambda: when_seen(time_prior=["a"]), "time_prior must hold numbers"),
    "plan_with_time_prior max_iter": (
        lambda: family.plan_with_time_prior(RING, [0.0, 1.0], [1.0], max_iter=-1),
        "max_iter must be an integer, 0 or more; got -1",
    ),
    "growing_horizon tol": (
        lambda: family.growing_horizon(RING, [0.0, 1.0], family.uniform_prior(RING), [1.0], tol=0),
        "tol must be a number > 0; got 0",
    ),
    "particle values nan": (
        lambda: family.particle_posterior(SHORT, [0.0, 1.0], 5, values=[0.0, NAN]),
        "values must not be nan; it is at state 1",
    ),
    "improve Q nan": (lambda: family.improve([0.5, 0.5], [0.0, NAN], 1.0), "Q must be finite where weight is positive"),
    "improve shapes": (lambda: family.improve([0.5, 0.5], [0.0, 1.0, 2.0], 1.0), r"weight and Q .*\(2,\) and \(3,\)"),
    "sampled_improvement policy": (
        lambda: family.sampled_improvement([0.5, -0.5], [0.0, 1.0], 3),
        "policy must hold distributions",
    ),
    "geometric_prior": (lambda: family.geometric_prior(1.0), r"discount must lie in \[0, 1\); got 1"),
    "network max_iter": (
        lambda: family.fit_inference_network(RING, [[0.0, 1.0]], [[[0.0], [1.0]]], max_iter=-1),
        "max_iter must be an integer, 0 or more; got -1",
    ),
    "baseline nan": (
        lambda: family.estimate_gradient(RING, [0.0, 1.0], family.uniform_prior(RING), baseline=[0.0, NAN]),
        "baseline must be finite; it is nan at state 1",
    ),
    "length_distribution": (
        lambda: family.discounted_posterior(RING, [-1.0, -1.0], action_prior=[0.5, 0.5]).length_distribution(0),
        "n must be a positive integer; got 0",
    ),
    "max_beliefs": (
        lambda: family.solve_beliefs(family.cheese_maze(), max_beliefs=0),
        "max_beliefs must be a positive",
    ),
    "EM max_iter": (lambda: plan(max_iter=1.5), "max_iter must be an integer, 0 or more; got 1.5"),
    "frontier of nothing": (
        lambda: family.reward_kl_frontier(RING, [0.0, 1.0], [0.5, 0.5], []),
        "temperatures must hold at least one number",
    ),
    "sweep of nothing": (lambda: family.temperature_sweep(RING, [0.0, 1.0], []), "temperatures must hold at least one"),
    "sweep of a table": (
        lambda: family.temperature_sweep(RING, [0.0, 1.0], [[1.0]]),
        r"temperatures must hold .*shape \(1, 1\)",
    ),
    "no actions": (lambda: fit_actor(n_actions=0), "n_actions must be a positive integer; got 0"),
    "negative actions": (lambda: fit_actor(n_actions=-1), "n_actions must be a positive integer; got -1"),
    "fraction of an action": (lambda: fit_actor(n_actions=1.5), "n_actions must be a positive integer; got 1.5"),
    "start of another shape": (
        lambda: fit_actor(start=GaussianActor.standard(1, 3)),
        r"start must have a gain of shape \(2, 1\) and a factor of shape \(2, 2\); got \(3, 1\) and \(3, 3\)",
    ),
    "gradient of one column": (
        lambda: fit_actor(lambda s, a: (bowl(s, a)[0], -a[:, :1])),
        r"action_value must return .* gradient in the action, \(3, 2\); got \(3,\) and \(3, 1\)",
    ),
    "Q nan": (lambda: fit_actor(lambda s, a: (NAN * a[:, 0], -a)), "Q of action_value must be finite.* at row 0"),
    "gradient nan": (lambda: fit_actor(lambda s, a: (a[:, 0], NAN * a)), "gradient of action_value must be finite"),
    "states nan": (lambda: fit_actor(states=[[1.0], [NAN]]), "states must be finite; it is nan at row 1, component 0"),
    "actor tol": (lambda: fit_actor(tol=-1), "tol must be a number >= 0; got -1"),
    "actor max_iter": (lambda: fit_actor(max_iter=-1), "max_iter must be an integer, 0 or more; got -1"),
    "climb tol": (lambda: climb(tol=-1), "tol must be a number >= 0; got -1"),
    "climb max_iter": (lambda: climb(max_iter=-1), "max_iter must be an integer, 0 or more; got -1"),
    "climb max_iter fraction": (lambda: climb(max_iter=1.5), "max_iter must be an integer, 0 or more; got 1.5"),
    "exploration": (lambda: actor_critic(exploration="a"), r"exploration must lie in \[0, 1\].*got 'a'"),
    "step_decay": (lambda: actor_critic(step_decay="a"), r"step_decay must lie in \(0.5, 1\].*got 'a'"),
    "temperature_rate": (
        lambda: actor_critic(temperature_rate="a"),
        r"temperature_rate must lie in \(0, 1\]; got 'a'",
    ),
    "n_critics": (lambda: actor_critic(n_critics="a"), "n_critics must be a positive integer; got 'a'"),
    "clip": (lambda: finetune(clip="a"), r"clip must lie in \(0, 1\); got 'a'"),
    "PPO tol": (lambda: finetune(tol="a"), "tol must be a number >= 0; got 'a'"),
    "continuous problem": (lambda: continuous(None), "problem must be a LinearQuadratic; got NoneType"),
    "continuous n_samples": (lambda: continuous(n_samples=2.5), "n_samples must be a positive integer; got 2.5"),
    "continuous tol": (lambda: continuous(tol=-1), "tol must be a number >= 0; got -1"),
    "continuous max_iter": (lambda: continuous(max_iter=-1), "max_iter must be an integer, 0 or more; got -1"),
    **{
        f"{name}: random_state {seed!r}": (
            lambda call=call, seed=seed: call(seed),
            f"random_state must be None.*{seed!r}",
        )
        for name, call in SEEDS.items()
        for seed in ("a", -1)
    },
    **{
        f"{name}: no MDP": (lambda call=call: call(None), "mdp must be an MDP; got NoneType. Build one with MDP")
        for name, call in NO_MDP.items()
    },
}


@pytest.mark.parametrize("case", ROWS)
def test_wrong_input_is_named(case):
    call, message = ROWS[case]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call()


@pytest.mark.parametrize("seed", ["-1", "1.5", "x"])
def test_the_command_refuses_a_wrong_seed(seed, capsys):
    with pytest.raises(SystemExit) as exit_code:
        command.main([f"--seed={seed}"])
    assert exit_code.value.code == 2
    assert f"a seed is an integer >= 0; got '{seed}'" in capsys.readouterr().err
