import numpy as np
import pytest
from scipy import stats
from sklearn.model_selection import GridSearchCV, cross_val_score

from maxent_irl import MDP, Demonstrations, MaxEntIRL, soft_value_iteration
from maxent_irl.routes.policies import GoalPolicies

GOALS = (2, 5, 9)


def ring(n=12, chords=((0, 6), (3, 8), (8, 1), (10, 4))) -> tuple[MDP, np.ndarray]:
    """A two-way ring with shortcuts: next state per action, and features length and chord of each move."""
    after = np.full((n, 3), -1)
    after[:, 0], after[:, 1] = (np.arange(n) + 1) % n, (np.arange(n) - 1) % n
    features = np.zeros((n, 3, 2))
    features[:, :2, 0] = 1.0
    for s, t in chords:
        after[s, 2] = t
        features[s, 2] = [2.0, 1.0]
    return MDP.from_successors(after, terminal=[]), features


COEF = np.array([-1.2, -0.3])


@pytest.fixture(scope="module")
def world():
    mdp, features = ring()
    policies = GoalPolicies(mdp, features @ COEF)
    rng = np.random.default_rng(5)
    goals = rng.choice(GOALS, 300)
    first = np.array([rng.choice(np.setdiff1d(np.arange(12), g)) for g in goals])
    return mdp, features, policies, policies.sample(first, goals, random_state=1)


def stochastic(discount=0.9, horizon=None) -> GoalPolicies:
    rng = np.random.default_rng(3)
    P = rng.dirichlet(np.ones(6), (6, 2))
    return GoalPolicies(MDP(P, discount=discount, horizon=horizon, terminal=[]), rng.normal(size=(6, 2)) - 2)


@pytest.mark.parametrize("kind", ["linear", "stochastic", "horizon"])
def test_probabilities_are_those_of_each_goal(world, kind):
    policies = {"linear": world[2], "stochastic": stochastic(), "horizon": stochastic(1.0, 4)}[kind]
    rng = np.random.default_rng(0)
    n = 40
    goals, states = rng.integers(0, 4, n), rng.integers(0, 6, n)
    times = rng.integers(0, 4, n)
    found = policies.probabilities(states, goals, times)
    for g, s, t, row in zip(goals, states, times, found, strict=True):
        policy = policies.solve(int(g)).policy
        np.testing.assert_allclose(row, policy[s] if policy.ndim == 2 else policy[t, s], atol=1e-12)
    actions = rng.integers(0, 2, n)
    with np.errstate(divide="ignore"):
        expected = np.log(found[np.arange(n), actions])
    np.testing.assert_allclose(policies.log_probabilities(states, actions, goals, times), expected, rtol=1e-9)


def test_values_with_prior_and_temperature(world):
    mdp, features, *_ = world
    prior = np.where(mdp.available, 1.0, 0.0)
    prior /= prior.sum(axis=1, keepdims=True)
    policies = GoalPolicies(mdp, features @ COEF, temperature=0.4, action_prior=prior)
    for goal in GOALS:
        expected = soft_value_iteration(mdp.with_goal(goal), features @ COEF, temperature=0.4, action_prior=prior)
        np.testing.assert_allclose(policies.values(goal), expected.V, atol=1e-11)
        np.testing.assert_allclose(policies.values(goal, [1, 4]), expected.V[[1, 4]], atol=1e-11)
        np.testing.assert_allclose(policies.probabilities([1, 4], goal), expected.policy[[1, 4]], atol=1e-11)


def test_rare_choices_keep_their_log_probability():
    mdp, features = ring()
    policies = GoalPolicies(mdp, features @ [-400.0, 0.0])
    assert policies.probabilities([0], 1)[0, 1] == 0.0
    assert policies.log_probabilities([0], [1], 1)[0] == pytest.approx(-800.0, rel=1e-12)


def test_nothing_is_chosen_in_the_goal_or_where_it_cannot_be_reached():
    mdp = MDP.from_successors([[1, -1], [2, 3], [0, -1], [-1, -1]], terminal=[])
    policies = GoalPolicies(mdp, -np.ones(4))
    np.testing.assert_array_equal(policies.probabilities([2, 3, 1], 2), [[0, 0], [0, 0], [1, 0]])
    assert policies.values(2).tolist() == [-2.0, -1.0, 0.0, -np.inf]


def test_workers_change_nothing(world):
    mdp, features, policies, demos = world
    goals = demos.goals[demos.trajectory_ids]
    many = GoalPolicies(mdp, features @ COEF, n_jobs=2)
    np.testing.assert_array_equal(many.probabilities(demos.states, goals), policies.probabilities(demos.states, goals))


@pytest.mark.parametrize("kind", ["linear", "stochastic", "horizon"])
def test_trips_follow_the_policy(world, kind):
    policies = {"linear": world[2], "stochastic": stochastic(), "horizon": stochastic(1.0, 4)}[kind]
    n = 4000
    goals = np.repeat([0, 3], n // 2)
    trips = policies.sample(np.full(n, 1), goals, random_state=2)
    assert trips.goals.tolist() == goals.tolist()
    assert (trips.states[trips.offsets[:-1]] == 1).all()
    trips.validate_against(policies.mdp)
    at = policies.probabilities(np.array([1, 1]), np.array([0, 3]), np.zeros(2, dtype=int))
    for goal, row in zip((0, 3), at, strict=True):
        taken = trips.actions[trips.offsets[:-1]][goals == goal]
        counts = np.bincount(taken, minlength=len(row))
        assert (counts[row == 0] == 0).all()
        assert stats.chisquare(counts[row > 0], row[row > 0] * len(taken)).pvalue > 1e-3
    again = policies.sample(np.full(n, 1), goals, random_state=2)
    assert again == trips


def test_trips_can_be_cut(world):
    trips = world[2].sample([0, 4, 7], 2, max_steps=1, random_state=0)
    assert trips.lengths.tolist() == [1, 1, 1]


def test_trips_that_cannot_be_made(world):
    with pytest.raises(ValueError, match="trip 1 starts in its goal"):
        world[2].sample([0, 2], 2)
    with pytest.raises(ValueError, match="goal 99 is no state"):
        world[2].sample([0, 2], 99)
    mdp = MDP.from_successors([[1, -1], [2, 3], [0, -1], [-1, -1]], terminal=[])
    with pytest.raises(ValueError, match="trajectory 0 is in state 3 at step 0"):
        GoalPolicies(mdp, -np.ones(4)).sample([3], 2)


# The estimator.


def test_fit_recovers_the_reward_and_predicts_for_goals_never_seen(world):
    mdp, features, policies, demos = world
    model = MaxEntIRL(mdp, features).fit(demos)
    assert model.converged_
    errors = model.standard_errors_
    assert (np.abs(model.coef_ - COEF) < 4 * errors).all()
    assert not hasattr(model, "policy_")
    seen = model.predict_proba([0, 7], goals=[2, 5])
    np.testing.assert_allclose(seen, np.stack([model.solve(2).policy[0], model.solve(5).policy[7]]), atol=1e-12)
    unseen = model.predict_proba([0], goals=7)
    np.testing.assert_allclose(unseen[0], model.solve(7).policy[0], atol=1e-12)
    assert model.predict([0], goals=11)[0] == 1  # one step back along the ring
    with pytest.raises(ValueError, match="pass goals="):
        model.predict_proba([0])


def test_score_is_the_mean_log_probability(world):
    mdp, features, policies, demos = world
    model = MaxEntIRL(mdp, features).fit(demos)
    total = sum(
        np.log(model.solve(int(goal)).policy[trip.states[:-1], trip.actions]).sum()
        for goal, trip in zip(demos.goals, demos, strict=True)
    )
    assert model.score(demos) == pytest.approx(total / demos.n_decisions, rel=1e-12)
    assert model.log_likelihood_ == pytest.approx(total, rel=1e-12)
    elsewhere = Demonstrations([([0, 1], [0])], goals=[1])
    assert model.score(elsewhere) == pytest.approx(np.log(model.solve(1).policy[0, 0]))


def test_score_names_a_trip_that_is_impossible():
    mdp = MDP.from_successors([[1, 2], [2, 3], [0, -1], [-1, -1]], terminal=[])
    demos = Demonstrations([([0, 1, 2], [0, 0]), ([0, 2], [1])], goals=[2, 2])
    model = MaxEntIRL(mdp, np.ones((4, 1))).fit(demos)
    stray = Demonstrations([([0, 1, 2], [0, 0]), ([1, 3], [1])], goals=[2, 2])
    with pytest.raises(ValueError, match="trajectory 1, step 0: action 1 in state 1"):
        model.score(stray)


def test_cross_validation_keeps_goals_and_trips_together(world):
    mdp, features, policies, demos = world
    scores = cross_val_score(MaxEntIRL(mdp, features), demos, cv=3)
    assert scores.shape == (3,)
    whole = MaxEntIRL(mdp, features).fit(demos).score(demos)
    np.testing.assert_allclose(scores, whole, atol=0.1)
    search = GridSearchCV(MaxEntIRL(mdp, features), {"l2": [0.0, 1e4]}, cv=2).fit(demos)
    assert search.best_params_ == {"l2": 0.0}
    assert search.best_estimator_.predict_proba([0], goals=5).shape == (1, 3)


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_solvers_and_workers_agree(world, solver):
    mdp, features, policies, demos = world
    reference = MaxEntIRL(mdp, features, tol=1e-8).fit(demos).coef_
    model = MaxEntIRL(mdp, features, solver=solver, n_jobs=2, tol=1e-8).fit(demos)
    np.testing.assert_allclose(model.coef_, reference, atol=1e-6)


def test_discounted_goals():
    policies = stochastic()
    rng = np.random.default_rng(1)
    first, goals = rng.integers(2, 6, 200), rng.integers(0, 2, 200)
    demos = policies.sample(first, goals, random_state=0)
    features = rng.normal(size=(6, 2, 2))
    model = MaxEntIRL(policies.mdp, features).fit(demos)
    assert model.converged_
    expected = model.solve(0).policy[3]
    np.testing.assert_allclose(model.predict_proba([3], goals=0)[0], expected)
