"""Fits without a finite maximum: found for combinations of features in every estimator, named, and left without an interval."""

import warnings

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from scipy.special import expit

from maxent_irl import Demonstrations, MaxEntIRL, RecedingHorizonIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.control import Comparisons, PreferenceIRL
from maxent_irl.likelihood.information import IdentifiabilityWarning
from maxent_irl.likelihood.recession import find_recession
from maxent_irl.plotting import CoefficientsDisplay
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.routes.receding_policies import RecedingPolicies
from maxent_irl.worlds import GridWorld, RoadNetwork

TRUTH = np.array([1.0, -0.7, 0.4])
NAMES = ["sun", "mud", "shade"]


def separates(rows):
    """A linear programme: how many rows some direction makes positive and none negative, and which they are."""
    M, K = rows.shape
    found = linprog(
        np.r_[np.zeros(K), -np.ones(M)],
        A_ub=np.hstack([-rows, np.eye(M)]),
        b_ub=np.zeros(M),
        bounds=[(-1e4, 1e4)] * K + [(0, 1)] * M,
    )
    return found.x[K:] > 0.5


def differences(rng, kind):
    """Differences of features between the preferred and the other: of no special form, copied, or of one sign."""
    K, M = int(rng.integers(1, 7)), int(rng.integers(3, 30))
    rows = rng.normal(size=(M, K)) if kind != "whole" else rng.integers(-2, 3, size=(M, K)).astype(float)
    if kind == "copied" and K > 1:
        rows[:, -1] = 2 * rows[:, 0]
    if kind == "of one sign" and K > 1:
        rows[:, 1] = np.abs(rows[:, 1]) * (rng.random(M) < 0.3)
    return rows[np.abs(rows).max(axis=1) > 0]


@pytest.mark.parametrize("kind", ["any", "whole", "copied", "of one sign"])
@pytest.mark.parametrize("seed", range(25))
def test_against_a_linear_programme(kind, seed):
    rows = differences(np.random.default_rng(seed), kind)
    assert len(rows)

    def evaluate(coef):
        lost = expit(-rows @ coef)
        return -rows.T @ lost, rows.T @ ((lost * expit(rows @ coef))[:, None] * rows)

    stopped = minimize(
        lambda coef: np.logaddexp(0, -rows @ coef).sum(),
        np.zeros(rows.shape[1]),
        jac=lambda coef: evaluate(coef)[0],
        tol=1e-5,
    )
    _, singular, vectors = np.linalg.svd(rows)
    ignored = vectors[int((singular > 1e-9).sum()) :].T
    found = find_recession(
        evaluate, stopped.x, unit=np.abs(rows).max(axis=0), total_weight=float(len(rows)), ignored=ignored
    )
    decided = separates(rows)
    assert bool(found.span.shape[1]) == decided.any()
    if decided.any():
        gains = rows @ found.direction
        assert gains.min() > -0.06 * gains.max()


def world_of(kind):
    world = GridWorld(4, slip=0.2 if kind == "slippery" else 0.0, discount=0.9)
    mdp = world.mdp.replace(horizon=12) if kind == "horizon" else world.mdp
    return mdp, world.features("smooth", n_features=3)


# Feature matching does not see separation where transitions are random: its scores hold their noise.
@pytest.mark.parametrize(
    ("kind", "objective"),
    [
        *((kind, "likelihood") for kind in ("moving", "slippery", "horizon")),
        *((kind, "feature-matching") for kind in ("moving", "horizon")),
    ],
)
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_demonstrations_that_are_optimal_for_a_combination(kind, objective, solver):
    mdp, features = world_of(kind)
    best = soft_value_iteration(mdp, features @ TRUTH, temperature=0).policy
    demos = sample_demonstrations(mdp, best, 60, max_steps=12, random_state=0)
    model = MaxEntIRL(mdp, features, objective=objective, solver=solver, feature_names=NAMES)
    with pytest.warns(IdentifiabilityWarning, match="direction .*(sun|mud).* no finite maximum"):
        model.fit(demos)
    direction = model.fit_.recession.direction
    hard = soft_value_iteration(mdp, features @ direction, temperature=0)
    V = hard.V[:-1] if kind == "horizon" else hard.V
    lost = (V[..., None] - hard.Q)[(demos.times, demos.states, demos.actions)[0 if kind == "horizon" else 1 :]]
    assert lost.max() < 0.05 * np.abs(features @ direction).max()
    unbounded = np.flatnonzero(model.fit_.recession.signs)
    assert np.isnan(model.standard_errors_[unbounded]).all()
    columns = model.summary().coefficients
    assert all(np.isnan(columns[key][k]) for key in ("z", "lower", "upper", "p_value") for k in unbounded)
    text = str(model.summary())
    assert "unbounded" in text
    assert "No finite maximum" in text
    assert "nan" not in text
    display = CoefficientsDisplay.from_estimator(model).plot()
    assert len(display.arrows_) == len(unbounded)


@pytest.mark.parametrize("kind", ["moving", "slippery", "horizon"])
@pytest.mark.parametrize("seed", range(5))
def test_demonstrations_with_mistakes_have_a_maximum(kind, seed):
    mdp, features = world_of(kind)
    policy = soft_value_iteration(mdp, features @ TRUTH).policy
    demos = sample_demonstrations(mdp, policy, 60, max_steps=12, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MaxEntIRL(mdp, features).fit(demos)
    assert model.fit_.recession.span.shape == (3, 0)
    assert np.isfinite(model.standard_errors_).all()


def test_a_prior_gives_an_interval_and_no_warning():
    mdp, features = world_of("moving")
    best = soft_value_iteration(mdp, features @ TRUTH, temperature=0).policy
    demos = sample_demonstrations(mdp, best, 60, max_steps=12, random_state=0)
    for l2 in (0.1, "evidence"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = MaxEntIRL(mdp, features, l2=l2).fit(demos)
        assert np.isfinite(model.standard_errors_).all()
        assert not any(model.summary().coefficients["unbounded"])


def test_coefficients_beside_the_direction_keep_their_errors():
    """A feature that is always chosen where it is offered, beside one about which decisions differ."""
    from maxent_irl import MDP

    mdp = MDP.from_successors([[1, 1, 1], [0, 0, 0]], discount=0.5)
    features = np.zeros((2, 3, 2))
    features[0, 0, 0] = features[1, :2, 1] = 1.0
    rng = np.random.default_rng(0)
    paths = [([0, 1, 0], [0, int(rng.choice(3, p=[0.4, 0.3, 0.3]))]) for _ in range(400)]
    with pytest.warns(IdentifiabilityWarning, match="direction gift of the coefficients"):
        model = MaxEntIRL(mdp, features, feature_names=["gift", "toll"]).fit(paths)
    beside = MaxEntIRL(mdp, features[..., 1:]).fit(paths)
    assert model.coef_[1] == pytest.approx(beside.coef_[0], abs=1e-4)
    assert model.standard_errors_[1] == pytest.approx(beside.standard_errors_[0], rel=1e-4)
    assert model.summary().coefficients["unbounded"] == [1, 0]


def town():
    network = RoadNetwork.grid((4, 4), irregularity=0.2, random_state=0)
    features = network.features("length", "left")
    goals = np.repeat([3, 20, 40], 15)
    first = np.random.default_rng(0).integers(network.n_links, size=45)
    first[first == goals] += 1
    return network, features, first, goals


@pytest.mark.parametrize("planner", ["MaxEntIRL", "RecedingHorizonIRL"])
def test_trips_by_the_shortest_path(planner):
    network, features, first, goals = town()
    policies = GoalPolicies(network.mdp, features @ [-400.0, -40.0])
    trips = policies.sample(first, goals, random_state=0)
    estimator = {"MaxEntIRL": MaxEntIRL, "RecedingHorizonIRL": RecedingHorizonIRL}[planner]
    with pytest.warns(IdentifiabilityWarning, match="direction .*-.*length"):
        model = estimator(network.mdp, features, feature_names=["length", "left"]).fit(trips)
    assert np.isnan(model.standard_errors_[0])
    assert model.summary().coefficients["unbounded"][0] == -1


def test_trips_with_detours_have_a_maximum():
    network, features, first, goals = town()
    trips = RecedingPolicies(network.mdp, features @ [-3.0, -0.5], planning_horizon=4).sample(
        np.tile(first, 4), np.tile(goals, 4), random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = RecedingHorizonIRL(network.mdp, features, planning_horizon=4).fit(trips)
    assert model.fit_.recession.span.shape[1] == 0


@pytest.mark.parametrize("consistent", [True, False])
def test_preferences(consistent):
    mdp, features = world_of("moving")
    walks = sample_demonstrations(mdp, np.full((16, 5), 0.2) * mdp.available, 80, max_steps=12, random_state=0)
    judge = PreferenceIRL(mdp, features)
    returns = judge.feature_counts(walks) @ TRUTH
    rng = np.random.default_rng(1)
    pairs = rng.integers(80, size=(300, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    first = returns[pairs[:, 0]] > returns[pairs[:, 1]]
    if not consistent:
        first = first ^ (rng.random(len(pairs)) < 0.2)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            judge.fit(Comparisons(walks, pairs), first)
        assert not judge.recession_.signs.any()
        return
    with pytest.warns(IdentifiabilityWarning, match="no preference contradicts the direction .*feature 0"):
        judge.fit(Comparisons(walks, pairs), first)
    np.testing.assert_array_equal(judge.recession_.signs, np.sign(TRUTH))
    gains = (judge.feature_counts(walks) @ judge.recession_.direction)[pairs]
    assert ((gains[:, 0] > gains[:, 1]) == first).mean() > 0.99
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PreferenceIRL(mdp, features, l2=0.1).fit(Comparisons(walks, pairs), first)


def test_an_ending_that_nobody_takes():
    """Whatever else is estimated, its cost has no finite value and no z."""
    from maxent_irl import MDP

    # 0 and 1: walk or stop; 2 is the end that is taken, 3 the one that is not.
    mdp = MDP.from_successors([[1, 2, 3], [0, 2, 3], [-1] * 3, [-1] * 3], terminal=[2, 3], discount=0.9)
    features = np.zeros((4, 3, 2))
    features[0, 0, 0] = features[1, 0, 0] = 1.0
    features[:2, 2, 1] = 1.0
    rng = np.random.default_rng(0)
    paths = []
    for _ in range(200):
        states, actions = [0], []
        while states[-1] < 2:
            actions.append(int(rng.random() < 0.4))
            states.append(2 if actions[-1] else 1 - states[-1])
        paths.append((states, actions))
    demos = Demonstrations(paths, terminated=[True] * len(paths))
    with pytest.warns(IdentifiabilityWarning, match="no demonstration has cliff"):
        model = MaxEntIRL(mdp, features, feature_names=["step", "cliff"]).fit(demos)
    columns = model.summary().coefficients
    assert columns["unbounded"] == [0, -1]
    assert np.isnan(columns["z"][1])
    assert np.isfinite(columns["z"][0])


def test_feature_matching_that_runs_away_under_chance_has_no_interval():
    """The sampling noise of transitions is matched, at any price: coefficients of 1e10, and no z beside them."""
    world = GridWorld((3, 3), slip=0.9, discount=0.95, goals=[(2, 2)])
    walks = sample_demonstrations(world.mdp, np.full((9, 5), 0.2) * world.mdp.available, 8, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MaxEntIRL(world.mdp, objective="feature-matching").fit(walks)
    columns = model.summary().coefficients
    gone = np.abs(model.coef_) > 1e4
    assert gone.any()
    assert np.isnan(np.array(columns["z"])[gone]).all()
    assert "nan" not in str(model.summary())
