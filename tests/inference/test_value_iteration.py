"""Soft value iteration against closed forms, enumeration of all paths, dense sweeps and published numbers."""

import math

import numpy as np
import pytest
from oracles import (
    KINDS,
    enumerated_messages,
    random_prior,
    random_problem,
    soft_bellman,
)
from packaged import as_mdp, posed

from maxent_irl import MDP, soft_value_iteration

INFERENCES = ("variational", "exact")
STATIONARY = [kind for kind in KINDS if "horizon" not in KINDS[kind]]


def assert_same(solution, expected, *, atol: float = 1e-10) -> None:
    for name, wanted in zip(("V", "Q", "policy"), expected, strict=True):
        np.testing.assert_allclose(getattr(solution, name), wanted, rtol=0, atol=atol, err_msg=name)


# Closed forms ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lesson() -> MDP:
    """The lesson's worked example: one state, two actions that end the episode, rewards 1 and 0."""
    return MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])


LESSON_REWARD = [[1.0, 0.0], [0.0, 0.0]]


def test_lesson_worked_example(lesson):
    solution = soft_value_iteration(lesson, LESSON_REWARD)
    assert solution.V[0] == pytest.approx(math.log(math.e + 1), abs=1e-12)
    np.testing.assert_allclose(solution.Q[0], [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(solution.policy[0], [math.e / (math.e + 1), 1 / (math.e + 1)], rtol=0, atol=1e-12)
    np.testing.assert_allclose(solution.policy[0], [0.731059, 0.268941], atol=5e-7)


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("method", ["auto", "value-iteration", "policy-iteration"])
def test_lesson_over_temperatures(lesson, inference, method):
    def first_action(alpha):
        solution = soft_value_iteration(lesson, LESSON_REWARD, temperature=alpha, inference=inference, method=method)
        return solution.policy[0, 0]

    assert round(first_action(100.0), 3) == 0.502
    assert first_action(0.01) == pytest.approx(1.0, abs=1e-12)
    assert first_action(0) == 1.0
    assert first_action(math.inf) == 0.5
    assert first_action(1e9) == pytest.approx(0.5, abs=1e-9)


def test_limits_of_the_value(lesson):
    hard = soft_value_iteration(lesson, LESSON_REWARD, temperature=0)
    assert hard.V[0] == 1.0
    blind = soft_value_iteration(lesson, LESSON_REWARD, temperature=math.inf)
    assert blind.V[0] == 0.5
    prior = soft_value_iteration(lesson, LESSON_REWARD, temperature=math.inf, action_prior=[0.9, 0.1])
    assert prior.V[0] == pytest.approx(0.9, abs=1e-15)
    np.testing.assert_allclose(prior.policy[0], [0.9, 0.1], atol=1e-15)


def test_uniform_prior_costs_alpha_log_n(lesson):
    plain = soft_value_iteration(lesson, LESSON_REWARD, temperature=2.0)
    uniform = soft_value_iteration(lesson, LESSON_REWARD, temperature=2.0, action_prior=[0.5, 0.5])
    assert uniform.V[0] == pytest.approx(plain.V[0] - 2.0 * math.log(2), abs=1e-12)
    np.testing.assert_allclose(uniform.policy, plain.policy, atol=1e-15)


def test_prior_multiplies_the_odds(lesson):
    solution = soft_value_iteration(lesson, LESSON_REWARD, action_prior=[0.2, 0.8])
    odds = solution.policy[0, 0] / solution.policy[0, 1]
    assert odds == pytest.approx(math.e * 0.2 / 0.8, rel=1e-12)


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.99, 0.9999])
@pytest.mark.parametrize("n_actions", [1, 4])
def test_one_state(discount, n_actions):
    rewards = np.linspace(-1.0, 1.0, n_actions)
    mdp = MDP(np.ones((1, n_actions, 1)), discount=discount)
    solution = soft_value_iteration(mdp, rewards[None], temperature=0.5)
    wanted = 0.5 * np.log(np.exp(rewards / 0.5).sum()) / (1 - discount)
    assert solution.V[0] == pytest.approx(wanted, rel=1e-10)
    assert solution.converged


def test_geometric_end():
    mdp = MDP([[[0.75]]], ending=[[0.25]])
    assert soft_value_iteration(mdp, [-2.0]).V[0] == pytest.approx(-8.0, rel=1e-12)
    # Exact inference conditions on luck too: exp(V) = exp(-2) (3/4 exp(V) + 1/4).
    wanted = math.log(0.25 * math.exp(-2) / (1 - 0.75 * math.exp(-2)))
    assert soft_value_iteration(mdp, [-2.0], inference="exact").V[0] == pytest.approx(wanted, abs=1e-12)


def test_exact_inference_is_optimistic_about_a_lottery():
    # From 0 one action: to 1 (worth 3, then the end) or to 2 (worth -3) with even odds.
    P = np.zeros((4, 1, 4))
    P[0, 0, 1:3] = 0.5
    P[1:, 0, 3] = 1.0
    mdp, reward = MDP(P, terminal=[3]), [0.0, 3.0, -3.0, 0.0]
    assert soft_value_iteration(mdp, reward).V[0] == pytest.approx(0.0, abs=1e-12)
    for alpha in (0.5, 1.0, 20.0):
        exact = soft_value_iteration(mdp, reward, temperature=alpha, inference="exact")
        assert exact.V[0] == pytest.approx(alpha * math.log(math.cosh(3 / alpha)), abs=1e-12)
        odds = math.exp(3 / alpha) / (math.exp(3 / alpha) + math.exp(-3 / alpha))
        np.testing.assert_allclose(exact.transitions.toarray()[0], [0, odds, 1 - odds, 0], atol=1e-12)
    lucky = soft_value_iteration(mdp, reward, temperature=0, inference="exact")
    assert lucky.V[0] == 3.0
    np.testing.assert_array_equal(lucky.transitions.toarray()[0], [0, 1, 0, 0])
    blind = soft_value_iteration(mdp, reward, temperature=math.inf, inference="exact")
    assert blind.V[0] == pytest.approx(0.0, abs=1e-12)


def test_random_walk_takes_the_square_of_the_distance():
    # Symmetric walk on 0..10, absorbed at both ends: expected time s (10 - s).
    successors = np.column_stack([np.arange(-1, 10), np.arange(1, 12)])
    successors[[0, 10]] = -1
    mdp = MDP.from_successors(successors, terminal=[0, 10])
    blind = soft_value_iteration(mdp, np.full(11, -1.0), temperature=math.inf)
    s = np.arange(11)
    np.testing.assert_allclose(blind.V, -(s * (10 - s)), rtol=1e-10)


def test_an_absorbing_state_that_keeps_its_actions_is_worth_its_entropy():
    mdp = MDP.from_successors([[0, 0, 0]], discount=0.9)
    assert soft_value_iteration(mdp, [0.0]).V[0] == pytest.approx(math.log(3) / 0.1, rel=1e-10)
    assert soft_value_iteration(MDP.from_successors([[0, 0, 0]], terminal=[0]), [0.0]).V[0] == 0.0


# Enumeration of all paths ---------------------------------------------------------------------------------------------

ENUMERATED = {
    "exact": {},
    "exact, ending": {"ending": True},
    "exact, terminal": {"terminal": True},
    "exact, masked": {"masked": True, "terminal": True, "ending": True},
    "variational": {"deterministic": True},
    "variational, terminal": {"deterministic": True, "terminal": True},
    "variational, masked": {"deterministic": True, "masked": True},
}


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("case", ENUMERATED)
@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_messages_and_policies_equal_sums_over_all_paths(case, with_prior, alpha):
    inference, T = case.split(",")[0], 5
    for seed in range(2):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng, n_actions=2, n_successors=2, horizon=T, **ENUMERATED[case])
        reward = rng.normal(size=problem.shape)
        prior = random_prior(rng, problem) if with_prior else None
        options = {"temperature": alpha, "action_prior": prior, "inference": inference}
        solution = soft_value_iteration(as_mdp(problem), reward, **options)
        for t in range(T + 1):
            paths = enumerated_messages(problem, reward, T - t, alpha=alpha, prior=prior)
            np.testing.assert_allclose(solution.V[t], paths.V, rtol=0, atol=1e-10)
            if t < T:
                np.testing.assert_allclose(solution.Q[t], paths.Q, rtol=0, atol=1e-10)
                np.testing.assert_allclose(solution.policy[t], paths.policy, rtol=0, atol=1e-10)


@pytest.mark.parametrize("inference", INFERENCES)
def test_undiscounted_values_equal_sums_over_all_paths_to_the_end(inference, rng):
    # Every action leads to a higher state, so all paths end; exact: stochastic, variational: deterministic.
    P = np.triu(np.ones((5, 5)), 1)
    P[4, 4] = 1.0
    if inference == "exact":
        P = np.stack([rng.gamma(1.0, size=(5, 5)) * P for _ in range(2)], axis=1)
        P /= P.sum(axis=2, keepdims=True)
        problem_P = P
    else:
        problem_P = np.eye(5)[np.minimum(np.arange(5)[:, None] + [[1, 2]], 4)]
    problem = random_problem(rng, n_states=5, n_actions=2, terminal=True).with_(P=problem_P)
    reward = rng.normal(size=(5, 2))
    solution = soft_value_iteration(as_mdp(problem), reward, inference=inference)
    assert_same(solution, enumerated_messages(problem, reward, 10))


def test_posterior_dynamics_equal_ratios_of_path_sums(rng):
    T = 4
    problem = random_problem(rng, n_actions=2, horizon=T, ending=True)
    reward = rng.normal(size=problem.shape)
    solution = soft_value_iteration(as_mdp(problem), reward, inference="exact", temperature=0.7)
    for t, tilted in enumerate(solution.transitions):
        future = np.exp(enumerated_messages(problem, reward, T - t - 1, alpha=0.7).V / 0.7)
        weight = problem.P * future
        wanted = weight / (weight.sum(axis=2) + problem.stop)[:, :, None]
        np.testing.assert_allclose(tilted.toarray().reshape(2, 4, 4).swapaxes(0, 1), wanted, atol=1e-12)


# Dense sweeps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_problem_equals_dense_sweeps(kind, inference, with_prior):
    problem, reward, prior = posed(kind, with_prior=with_prior)
    expected = soft_bellman(problem, reward, alpha=0.8, prior=prior, inference=inference)
    methods = ("value-iteration", "policy-iteration") if problem.horizon is None else ("auto",)
    for method in methods:
        options = {"temperature": 0.8, "action_prior": prior, "inference": inference, "method": method}
        solution = soft_value_iteration(as_mdp(problem), reward, tol=1e-13, **options)
        assert solution.converged
        assert_same(solution, expected)


@pytest.mark.parametrize("temperature", [0.0, math.inf])
@pytest.mark.parametrize("kind", STATIONARY)
def test_limits_agree_between_methods_and_with_extreme_temperatures(kind, temperature):
    problem, reward, prior = posed(kind, with_prior=True)
    mdp = as_mdp(problem)
    near = 1e-7 if temperature == 0.0 else 1e9
    for inference in INFERENCES:
        options = {"action_prior": prior, "inference": inference}
        newton = soft_value_iteration(mdp, reward, temperature=temperature, method="policy-iteration", **options)
        sweeps = soft_value_iteration(mdp, reward, temperature=temperature, method="value-iteration", **options)
        close = soft_value_iteration(mdp, reward, temperature=near, **options)
        np.testing.assert_allclose(newton.V, sweeps.V, atol=1e-8)
        np.testing.assert_allclose(newton.policy, sweeps.policy, atol=1e-8)
        np.testing.assert_allclose(newton.V, close.V, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(newton.policy, close.policy, atol=1e-6)


def test_reward_per_state_is_the_same_for_every_action(rng):
    problem, _, _ = posed("discounted, masked")
    reward = rng.normal(size=4)
    per_state = soft_value_iteration(as_mdp(problem), reward)
    per_pair = soft_value_iteration(as_mdp(problem), np.repeat(reward[:, None], 3, axis=1))
    np.testing.assert_array_equal(per_state.V, per_pair.V)


def test_krylov_solves_of_large_problems_agree_with_value_iteration():
    # More states than are factorised outright, and a third action that is not everywhere available.
    rng = np.random.default_rng(5)
    S = 2000
    successors = (np.arange(S)[:, None] + rng.integers(1, 40, size=(S, 3))) % S
    successors[rng.random(S) < 0.3, 2] = -1
    mdp = MDP.from_successors(successors, discount=0.98)
    reward = rng.normal(size=(S, 3))
    newton = soft_value_iteration(mdp, reward, tol=1e-12)
    sweeps = soft_value_iteration(mdp, reward, tol=1e-12, method="value-iteration")
    np.testing.assert_allclose(newton.V, sweeps.V, rtol=0, atol=1e-9)
    assert newton.n_iter < 12 < sweeps.n_iter


# The result -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_result_has_the_promised_shapes_and_rows(kind):
    problem, reward, _ = posed(kind)
    mdp = as_mdp(problem)
    solution = soft_value_iteration(mdp, reward)
    lead = () if mdp.horizon is None else (mdp.horizon,)
    assert solution.Q.shape == solution.policy.shape == (*lead, 4, 3)
    assert solution.V.shape == ((4,) if mdp.horizon is None else (mdp.horizon + 1, 4))
    if mdp.horizon is None:
        assert solution.Q.flags.f_contiguous
        assert solution.policy.flags.f_contiguous
    np.testing.assert_allclose(solution.policy.sum(axis=-1), np.broadcast_to(~mdp.terminal, (*lead, 4)), atol=1e-12)
    assert (solution.Q[..., ~mdp.available] == -np.inf).all()
    assert (solution.policy[..., ~mdp.available] == 0).all()
    assert (solution.V[..., mdp.terminal] == 0).all()
    assert solution.converged is True
    assert solution.mdp is mdp


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_posterior_dynamics_are_distributions(kind, inference):
    problem, reward, _ = posed(kind)
    mdp = as_mdp(problem)
    dynamics = soft_value_iteration(mdp, reward, inference=inference).transitions
    for P in dynamics if isinstance(dynamics, list) else [dynamics]:
        sums = P.sum(axis=1).reshape(3, 4).T
        certain = mdp.available & (problem.stop == 0)
        np.testing.assert_allclose(sums[certain], 1.0, atol=1e-12)
        assert (sums <= 1 + 1e-12).all()
        if inference == "variational":
            assert abs(P - mdp.transitions).max() == 0


# Published numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["reasonable", "random0", "random1", "random2"])
def test_finite_horizon_reference(model, real_data):
    with np.load(real_data / "finite_horizon_reference" / "mce_fh_reference.npz", allow_pickle=False) as file:
        reference = {key: file[key] for key in file.files if key.startswith(f"{model}|")}
    H = int(reference[f"{model}|H"])
    discounts = sorted({key.split("|")[1] for key in reference if key.count("|") == 2})
    assert len(discounts) == 5
    for discount in discounts:
        P, mu = reference[f"{model}|T"], reference[f"{model}|mu"]
        mdp = MDP(P, initial=mu, discount=float(discount), horizon=H)
        solution = soft_value_iteration(mdp, reference[f"{model}|R"])
        np.testing.assert_allclose(solution.V[:H], reference[f"{model}|{discount}|V"], rtol=0, atol=1e-8)
        np.testing.assert_allclose(solution.policy, reference[f"{model}|{discount}|pi"], rtol=0, atol=1e-8)


def test_bus_engine_reference(real_data):
    folder = real_data / "bus_engine_reference"
    keep, cost = np.loadtxt(folder / "trans_mat.txt"), np.loadtxt(folder / "myop_cost.txt")
    replace = np.repeat(keep[:1], 90, axis=0)
    mdp = MDP([keep, replace], discount=0.9999)
    solution = soft_value_iteration(mdp, -cost)
    np.testing.assert_allclose(keep @ solution.V, np.loadtxt(folder / "fixp.txt"), rtol=0, atol=1e-6)
    np.testing.assert_allclose(solution.policy, np.loadtxt(folder / "choice_prob.txt"), rtol=0, atol=1e-10)
