"""Identifiability finds exactly the flat directions that were planted, and says what they are."""

import warnings

import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.likelihood.information import IdentifiabilityWarning
from maxent_irl.uncertainty import identifiability
from maxent_irl.worlds import GridWorld, RoadNetwork


def fit(mdp, features, names, demos=None, coef=(1.0, -0.7), **options):
    """A fit to a simulated agent that minds only the first two features."""
    features = np.asarray(features)
    if demos is None:
        reward = features[..., :2] @ coef
        policy = soft_value_iteration(mdp, reward).policy
        demos = sample_demonstrations(mdp, policy, 80, max_steps=25, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IdentifiabilityWarning)
        return MaxEntIRL(mdp, features, feature_names=names, **options).fit(demos)


@pytest.fixture(scope="module")
def open_world():
    """A grid without end."""
    return GridWorld(4, slip=0.2, discount=0.9)


@pytest.fixture(scope="module")
def goal_world():
    """Deterministic and undiscounted, with one goal."""
    return GridWorld(4, goals=[(3, 3)], discount=1.0)


def step_features(world, rng):
    """Two features of a step that nothing hides, both costs."""
    return -rng.uniform(0.5, 2.0, size=(world.n_states, world.n_actions, 2))


def span_is(report, planted):
    """Whether the directions found span the planted ones, no more and no less."""
    found = np.array([flat.direction for flat in report.directions])
    return len(found) == len(planted) and np.linalg.matrix_rank(np.vstack([found, planted]), tol=1e-6) == len(planted)


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_a_full_model_has_no_flat_direction(open_world, objective):
    report = identifiability(
        fit(open_world.mdp, open_world.features("smooth", n_features=4), list("abcd"), objective=objective)
    )
    assert report.identified
    assert report.rank == 4
    assert 1 <= report.condition < 1e3
    assert "determine all 4 coefficients" in str(report)


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_a_constant(open_world, objective):
    features = np.hstack([open_world.features("smooth", n_features=3), np.full((16, 1), 5.0)])
    report = identifiability(fit(open_world.mdp, features, ["a", "b", "c", "bias"], objective=objective))
    assert span_is(report, np.eye(4)[3:])
    (flat,) = report.directions
    assert (flat.name, flat.kind) == ("bias", "constant")
    np.testing.assert_allclose(flat.potential, 5.0 / (1 - 0.9))
    assert "bias: it adds the same to every reward" in " ".join(str(report).split())


def test_a_reward_that_no_action_changes():
    """With discount 0 a feature of the state alone decides nothing."""
    rng = np.random.default_rng(1)
    world = GridWorld(4, slip=0.2, discount=0.0)
    of_state = np.broadcast_to(rng.normal(size=(16, 1, 1)), (16, 5, 1))
    features = np.concatenate([rng.normal(size=(16, 5, 2)), of_state], axis=2)
    report = identifiability(fit(world.mdp, features, ["a", "b", "weather"]))
    assert span_is(report, np.eye(3)[2:])
    assert [(flat.name, flat.kind) for flat in report.directions] == [("weather", "action-constant")]


def test_duplicates_and_combinations(open_world):
    smooth = open_world.features("smooth", n_features=3)
    features = np.hstack([smooth, 2 * smooth[:, :1], smooth[:, 1:2] + smooth[:, 2:]])
    report = identifiability(fit(open_world.mdp, features, ["a", "b", "c", "double", "sum"]))
    assert span_is(report, np.array([[1.0, 0, 0, -0.5, 0], [0, 1, 1, 0, -1]]))
    assert {flat.kind for flat in report.directions} == {"cancel"}
    names = {flat.name.lstrip("-").replace("+", "-") for flat in report.directions}
    assert names == {"a - 0.5 double", "b - c - sum"}


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_shaping_on_a_deterministic_goal_problem(goal_world, objective):
    rng = np.random.default_rng(2)
    mdp = goal_world.mdp
    h = rng.normal(size=16)
    ahead = (mdp.transitions @ h).reshape(5, 16).T
    shaping = np.where(mdp.available, h[:, None] - ahead, 0.0)[..., None]
    features = np.concatenate([step_features(goal_world, rng), shaping], axis=2)
    estimator = fit(mdp, features, ["length", "slope", "detour"], coef=(2.0, 1.5), objective=objective)
    report = identifiability(estimator)
    assert span_is(report, np.eye(3)[2:])
    (flat,) = report.directions
    assert (flat.name, flat.kind) == ("detour", "shaping")
    np.testing.assert_allclose(flat.potential, h - h[-1], atol=1e-9)  # the value at the goal is 0
    assert "potential shaping" in flat.explanation


def test_shaping_under_a_discount_needs_the_discount(open_world):
    rng = np.random.default_rng(3)
    h = rng.normal(size=16)
    ahead = (open_world.mdp.transitions @ h).reshape(5, 16).T
    features = [rng.normal(size=(16, 5, 2)), (h[:, None] - 0.9 * ahead)[..., None], (h[:, None] - ahead)[..., None]]
    report = identifiability(
        fit(open_world.mdp, np.concatenate(features, axis=2), ["a", "b", "shaped", "undiscounted"])
    )
    assert [(flat.name, flat.kind) for flat in report.directions] == [("shaped", "shaping")]
    np.testing.assert_allclose(report.directions[0].potential, h, atol=1e-9)


def test_what_no_demonstration_can_reach():
    world = GridWorld.from_text(
        """
        S..#..
        ...#..
        """,
        discount=0.9,
    )
    features = np.zeros((10, 3))
    features[:, :2] = world.features("smooth", n_features=2)
    features[world.cells[:, 1] > 3, 2] = 1.0
    report = identifiability(fit(world.mdp, features, ["a", "b", "beyond the wall"]))
    assert span_is(report, np.eye(3)[2:])
    assert report.directions[0].kind == "out of reach"


def test_what_no_demonstration_happens_to_do(open_world):
    features = np.hstack([open_world.features("smooth", n_features=2), np.eye(16)[:, 15:]])
    inner = np.full((16, 5), 0.0)
    inner[:, 4] = 1.0  # everybody stays
    demos = sample_demonstrations(open_world.mdp.replace(initial=np.eye(16)[0]), inner, 3, max_steps=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = identifiability(fit(open_world.mdp, features, ["a", "b", "corner"], demos, l2=0.1))
    assert [(flat.name, flat.kind) for flat in report.directions] == [("corner", "never demonstrated")]
    assert report.directions[0].potential is None


def test_everything_at_once(goal_world):
    """Five planted directions among seven features, in scales from 1e-3 to 1e3."""
    rng = np.random.default_rng(4)
    mdp, steps = goal_world.mdp, step_features(goal_world, rng)
    h = rng.normal(size=16)
    shaping = np.where(mdp.available, h[:, None] - (mdp.transitions @ h).reshape(5, 16).T, 0.0)
    extra = [1e3 * steps[..., 0], 1e-3 * shaping, shaping + steps[..., 1], np.zeros((16, 5))]
    features = np.concatenate([steps, np.stack(extra, axis=2)], axis=2)
    report = identifiability(fit(mdp, features, ["a", "b", "copy", "detour", "mixture", "nothing"], coef=(2.0, 1.5)))
    planted = np.array([[1.0, 0, -1e-3, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 1, 0, 1e3, -1, 0], [0, 0, 0, 0, 0, 1]])
    assert span_is(report, planted)
    assert report.rank == 2
    kinds = {flat.name.lstrip("-"): flat.kind for flat in report.directions}
    assert kinds["nothing"] == "zero"
    assert "cancel" in kinds.values()
    assert "shaping" in kinds.values()


def test_rewards_per_state(open_world):
    report = identifiability(fit(open_world.mdp, np.eye(16), None))
    assert [flat.kind for flat in report.directions] == ["constant"]
    np.testing.assert_allclose(report.directions[0].direction, np.ones(16), atol=1e-6)
    # Which terms of sixteen equal ones are shown does not depend on rounding.
    assert report.directions[0].name.startswith("feature 0 + feature 1 + feature 2 + ")


def test_rewards_per_state_on_a_ring_can_be_shaped():
    """Two states that lead to the same two: the reward of leaving them is a potential."""
    mdp = MDP.from_successors([[2, 3], [2, 3], [0, 1], [0, 1]], discount=0.9)
    demos = Demonstrations([([0, 2, 1, 3, 0], [0, 1, 1, 0]), ([1, 2, 0, 3, 1], [0, 0, 1, 1])])
    with pytest.warns(IdentifiabilityWarning):
        estimator = MaxEntIRL(mdp, objective="likelihood").fit(demos)
    report = identifiability(estimator)
    assert report.rank == 2  # the differences within each pair
    assert sorted(flat.kind for flat in report.directions) == ["constant", "shaping"]
    shaped = next(flat for flat in report.directions if flat.kind == "shaping")
    h, reward = shaped.potential, shaped.direction
    np.testing.assert_allclose(reward, h - 0.9 * h[[2, 2, 0, 0]], atol=1e-9)


def test_goals(open_world):
    rng = np.random.default_rng(5)
    mdp = GridWorld(3, discount=0.95).mdp
    features = np.concatenate([-rng.uniform(0.5, 2, size=(9, 5, 2)), np.ones((9, 5, 1))], axis=2)
    paths = [
        ([0, 1, 2], [0, 0]),
        ([0, 3, 4], [1, 0]),
        ([8, 5, 2], [3, 3]),
        ([6, 7, 4], [0, 3]),
        ([0, 0, 1, 2], [4, 0, 0]),
    ]
    demos = Demonstrations(paths, goals=[2, 4, 2, 4, 2])
    # Paths end, so their number of steps counts: what is a constant elsewhere is a cost per step here.
    report = identifiability(fit(mdp, features, ["a", "b", "step"], demos, l2=0.01))
    assert report.identified


@pytest.mark.parametrize("destinations", ["absorbing", "exits"])
def test_trips_on_a_network_that_ends_nowhere_but_in_their_goals(destinations):
    streets = np.array([(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)])
    tail, head = np.vstack([streets, streets[:, ::-1], [(4, 5), (5, 4)]]).T
    length, island = np.array([1.0, 1.5, 1.2, 2.0, 2.3] * 2 + [1.0, 1.0]), np.array([0.0] * 10 + [1.0, 1.0])
    roads = {"length": length, "km": length / 1000, "island": island}
    network = RoadNetwork(tail, head, attributes=roads, states="nodes", destinations=destinations)
    trips = network.trips([[0, 1, 2], [0, 2], [1, 2, 3], [3, 0], [3, 2], [1, 0, 3], [2, 1]])
    names = ["length", "km", "island", "constant"]
    with pytest.warns(IdentifiabilityWarning):
        report = identifiability(MaxEntIRL(network.mdp, network.features(*names), feature_names=names).fit(trips))
    assert {flat.kind for flat in report.directions} == {"cancel", "out of reach"}
    assert report.rank == 2


def test_shaping_that_works_towards_every_goal():
    ring = np.arange(6)
    network = RoadNetwork(np.r_[ring, ring], np.r_[(ring + 1) % 6, (ring - 1) % 6], states="nodes")
    odd_and_even = -np.tile(np.eye(2), (3, 1))  # costs of leaving an even and an odd node
    trips = network.trips([[0, 1], [1, 2, 3], [4, 3, 2], [5, 0, 1], [2, 1, 0], [3, 4], [0, 5, 4, 3]])
    with pytest.warns(IdentifiabilityWarning):
        report = identifiability(MaxEntIRL(network.mdp, odd_and_even, feature_names=["even", "odd"]).fit(trips))
    assert [(flat.name, flat.kind) for flat in report.directions] == [("even - odd", "shaping")]


def test_weakest_direction_has_its_standard_error(open_world):
    estimator = fit(
        open_world.mdp, open_world.features("smooth", n_features=3), ["a", "b", "c"], objective="likelihood"
    )
    report = identifiability(estimator)
    v, A = report.weakest, estimator.information_.curvature
    assert report.weakest_error == pytest.approx(1 / np.sqrt(v @ A @ v))
    assert np.abs(v).max() == 1
    with_twin = np.hstack([estimator.features, estimator.features[:, :1] + 1e-3 * np.eye(16)[:, :1]])
    hard = identifiability(
        fit(open_world.mdp, with_twin, ["a", "b", "c", "near twin"], objective="likelihood", l2=1e-6)
    )
    assert hard.identified
    assert hard.condition > 1e4
    assert "a" in hard.weakest_name
    assert "near twin" in hard.weakest_name


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_the_error_of_the_weakest_direction_agrees_with_the_covariance_of_the_fit(open_world, objective):
    features = open_world.features("smooth", n_features=3)
    estimator = fit(open_world.mdp, features, ["a", "b", "c"], objective=objective)
    report = identifiability(estimator)
    unit = np.sqrt(np.diag(estimator.information_.curvature))
    u = unit * report.weakest  # how far the estimate lies along u, each coefficient in its own unit
    along = unit * u / (u @ u)
    assert report.weakest_error == pytest.approx(np.sqrt(along @ estimator.covariance_ @ along))


def test_the_weakest_direction_is_worth_a_word_only_where_it_is_weak(open_world):
    features = open_world.features("smooth", n_features=3)
    plain = identifiability(fit(open_world.mdp, features, ["a", "b", "c"], objective="likelihood"))
    assert plain.condition < 100
    assert "No combination of coefficients is much less certain" in str(plain)
    twins = np.hstack([features, features[:, :1] + 1e-2 * np.eye(16)[:, :1]])
    hard = identifiability(fit(open_world.mdp, twins, ["a", "b", "c", "twin"], objective="likelihood", l2=1e-6))
    assert f"combination {hard.weakest_name}, with standard error {hard.weakest_error:.3g}" in " ".join(
        str(hard).split()
    )
