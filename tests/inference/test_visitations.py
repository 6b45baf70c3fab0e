"""Expected visitations: against all paths, dense solves and published occupancies; and their adjoint."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import (
    KINDS,
    costly_features,
    dense_visitations,
    enumerated_visitations,
    path_weight,
    problem_of_kind,
    random_prior,
    random_problem,
    soft_bellman,
)
from packaged import as_mdp

from maxent_irl import MDP, expected_visitations, policy_value, soft_value_iteration

INFERENCES = ("variational", "exact")
STATIONARY = [kind for kind in KINDS if "horizon" not in KINDS[kind]]


def solved(kind: str, inference: str = "variational", **changes):
    problem = problem_of_kind(kind, **changes)
    features, coef = costly_features(np.random.default_rng(0), problem)
    mdp = as_mdp(problem)
    return problem, mdp, soft_value_iteration(mdp, features @ coef, inference=inference, tol=1e-13)


# Enumeration ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"ending": True}, {"terminal": True}, {"masked": True, "terminal": True}])
@pytest.mark.parametrize("discount", [1.0, 0.8])
def test_visitations_of_a_policy_equal_sums_over_all_paths(options, discount, rng):
    T = 5
    problem = random_problem(rng, n_actions=2, n_successors=2, horizon=T, discount=discount, **options)
    policy = np.stack([random_prior(rng, problem) for _ in range(T)])

    def chance(path):
        return path.luck * math.prod(
            policy[t, s, a] for t, (s, a) in enumerate(zip(path.states, path.actions, strict=True))
        )

    wanted = enumerated_visitations(problem, T, chance)
    np.testing.assert_allclose(expected_visitations(as_mdp(problem), policy), wanted, rtol=0, atol=1e-12)
    stationary = np.broadcast_to(policy[0], policy.shape)
    np.testing.assert_allclose(
        expected_visitations(as_mdp(problem), policy[0]), expected_visitations(as_mdp(problem), stationary), atol=1e-15
    )


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("case", ["exact", "exact, ending", "exact, terminal", "variational"])
def test_visitations_of_the_posterior_equal_sums_over_all_paths(case, with_prior, rng):
    T, alpha = 5, 0.7
    options = {"deterministic": case == "variational", "ending": "ending" in case, "terminal": "terminal" in case}
    problem = random_problem(rng, n_actions=2, n_successors=2, horizon=T, **options)
    reward = rng.normal(size=problem.shape)
    prior = random_prior(rng, problem) if with_prior else None
    keywords = {"temperature": alpha, "action_prior": prior, "inference": case.split(",")[0]}
    solution = soft_value_iteration(as_mdp(problem), reward, **keywords)
    wanted = enumerated_visitations(problem, T, lambda path: path_weight(path, reward, alpha, prior))
    np.testing.assert_allclose(expected_visitations(as_mdp(problem), solution), wanted, rtol=0, atol=1e-10)


# Dense solves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", STATIONARY)
def test_visitations_equal_a_dense_solve(kind, inference, rng):
    problem, mdp, solution = solved(kind, inference)
    if inference == "exact":
        P = solution.transitions.toarray().reshape(3, 4, 4).swapaxes(0, 1)
        problem = problem.with_(P=P)
    for source in (None, rng.normal(size=4)):
        wanted = dense_visitations(problem, solution.policy, source)
        found = expected_visitations(mdp, solution, initial=source)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10)
    if inference == "variational":
        np.testing.assert_array_equal(expected_visitations(mdp, solution.policy), expected_visitations(mdp, solution))


@pytest.mark.parametrize("n_sources", [1, 3])
def test_krylov_solves_of_large_problems_equal_a_direct_one(n_sources):
    rng = np.random.default_rng(3)
    S = 1800
    mdp = MDP.from_successors((np.arange(S)[:, None] + rng.integers(1, 30, size=(S, 2))) % S, discount=0.99)
    solution = soft_value_iteration(mdp, rng.normal(size=S))
    P = np.eye(S) - solution.linearisation.system.matrix.toarray()
    for _ in range(n_sources):
        source = rng.normal(size=S)
        d = np.linalg.solve(np.eye(S) - P.T, source)
        found = expected_visitations(mdp, solution, initial=source).sum(axis=1)
        np.testing.assert_allclose(found, d, rtol=0, atol=1e-9 * np.abs(d).max())


# Sums and adjoints ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_visitations_sum_to_the_horizon_or_the_discounted_forever(kind, inference):
    problem, mdp, solution = solved(kind, inference)
    found = expected_visitations(mdp, solution)
    lead = () if mdp.horizon is None else (mdp.horizon,)
    assert found.shape == (*lead, 4, 3)
    assert (found >= 0).all()
    assert (found[..., ~mdp.available] == 0).all()
    steps = math.inf if mdp.horizon is None else mdp.horizon
    total = 1 / (1 - mdp.discount) if mdp.discount < 1 else steps
    if mdp.discount < 1 and mdp.horizon is not None:
        total = (1 - mdp.discount**steps) / (1 - mdp.discount)
    if mdp.ending is None and not mdp.terminal.any():
        assert found.sum() == pytest.approx(total, rel=1e-9)
    else:
        assert 1 <= found.sum() < total


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.sampled_from(INFERENCES), st.integers(0, 2**31))
def test_visitations_and_policy_values_are_adjoint(kind, inference, seed):
    rng = np.random.default_rng(seed)
    _, mdp, solution = solved(kind, inference)
    reward, source = rng.normal(size=(4, 3)), rng.normal(size=4)
    forward = (expected_visitations(mdp, solution, initial=source) * reward).sum()
    value = policy_value(mdp, solution, reward)
    backward = source @ (value if mdp.horizon is None else value[0])
    assert forward == pytest.approx(backward, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "horizon" in KINDS[kind]])
def test_mass_may_enter_at_every_time(kind, rng):
    _, mdp, solution = solved(kind)
    T = mdp.horizon
    source, reward = rng.normal(size=(T + 1, 4)), rng.normal(size=(4, 3))
    forward = (expected_visitations(mdp, solution, initial=source) * reward).sum()
    # A value at time t is in units of time t, as the mass that enters then is.
    assert forward == pytest.approx((source * policy_value(mdp, solution, reward)).sum(), rel=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_soft_value_is_mean_reward_plus_entropy(kind):
    problem = problem_of_kind(kind)
    features, coef = costly_features(np.random.default_rng(0), problem)
    mdp, reward, alpha = as_mdp(problem), features @ coef, 0.6
    solution = soft_value_iteration(mdp, reward, temperature=alpha, tol=1e-13)
    policies = solution.policy if mdp.horizon is not None else solution.policy[None]
    if mdp.horizon is None:
        entropy = -np.where(policies[0] > 0, policies[0] * np.log(np.where(policies[0] > 0, policies[0], 1.0)), 0.0)
        own = np.where(policies[0] > 0, entropy / np.where(policies[0] > 0, policies[0], 1.0), 0.0)
        np.testing.assert_allclose(policy_value(mdp, solution, reward + alpha * own), solution.V, atol=1e-9)
        return
    V = np.zeros(4)
    for t in reversed(range(mdp.horizon)):
        pi = policies[t]
        log_pi = np.log(np.where(pi > 0, pi, 1.0))
        V = (pi * (reward - alpha * log_pi + mdp.discount * problem.P @ V)).sum(axis=1)
        np.testing.assert_allclose(V, solution.V[t], atol=1e-10)


def test_the_gradient_of_the_value_is_the_visitations(rng):
    problem, mdp, _ = solved("discounted")
    reward, step = rng.normal(size=(4, 3)), 1e-6
    d = expected_visitations(mdp, soft_value_iteration(mdp, reward, tol=1e-14))
    for s, a in [(0, 0), (2, 1), (3, 2)]:
        bump = np.zeros((4, 3))
        bump[s, a] = step
        up, down = soft_bellman(problem, reward + bump)[0], soft_bellman(problem, reward - bump)[0]
        assert problem.initial @ (up - down) / (2 * step) == pytest.approx(d[s, a], abs=1e-8)


# Policies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [None, 3, 1])
def test_the_policy_of_a_solution_with_dead_ends_is_a_policy(horizon):
    # From 1 and 2 everything leads into the dead end 3; from 0 there is a way around.
    mdp = MDP.from_successors([[0, 1], [2, 2], [3, 3], [-1, -1]], discount=0.9, horizon=horizon, initial=[1, 0, 0, 0])
    solution = soft_value_iteration(mdp, np.zeros(4))
    found = expected_visitations(mdp, solution.policy)
    np.testing.assert_allclose(found, expected_visitations(mdp, solution), atol=1e-15)
    assert found.sum() == pytest.approx(sum(0.9**t for t in range(horizon or 1000)))


def test_an_undiscounted_policy_that_never_ends_is_refused():
    mdp = MDP.from_successors([[0, 1], [-1, -1]], terminal=[1])
    with pytest.raises(ValueError, match="never ends from state 0"):
        expected_visitations(mdp, [[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(expected_visitations(mdp, [[0.75, 0.25], [0, 0]]), [[3.0, 1.0], [0, 0]])


@pytest.mark.parametrize("seed", range(8))
def test_never_ending_is_seen_where_rounding_hides_it_from_the_factorisation(seed):
    rng = np.random.default_rng(seed)
    P = np.zeros((7, 2, 7))
    P[:6, 0, :6] = rng.dirichlet(np.ones(6), size=6)
    P[:, 1, 6] = 1.0
    mdp = MDP(P, terminal=[6])
    for call in (expected_visitations, lambda *given: policy_value(*given, np.ones(7))):
        with pytest.raises(ValueError, match="never ends from state 0"):
            call(mdp, [[1.0, 0.0]] * 6 + [[0.0, 0.0]])


def test_nothing_is_done_in_terminal_states():
    mdp = MDP.from_successors([[1], [-1]], terminal=[1], initial=[0.0, 1.0])
    assert expected_visitations(mdp, [[1.0], [0.0]]).sum() == 0


# Published numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["reasonable", "random0", "random1", "random2"])
def test_finite_horizon_reference(model, real_data):
    with np.load(real_data / "finite_horizon_reference" / "mce_fh_reference.npz", allow_pickle=False) as file:
        reference = {key: file[key] for key in file.files if key.startswith(f"{model}|")}
    H = int(reference[f"{model}|H"])
    for discount in (0.5, 0.9, 0.99, 1.0):
        initial = reference[f"{model}|mu"]
        mdp = MDP(reference[f"{model}|T"], initial=initial, discount=discount, horizon=H)
        found = expected_visitations(mdp, reference[f"{model}|{discount}|pi"]).sum(axis=2)
        # The reference discounts nothing in Dt (its D does), and counts one state more than it counts rewards.
        wanted = reference[f"{model}|{discount}|Dt"][:H] * discount ** np.arange(H)[:, None]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-8)
