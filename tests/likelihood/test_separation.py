"""Features that no demonstration has: which of them a coefficient can hold, by hand, by hard values, and by moving along."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from maxent_irl import MDP, Demonstrations, MaxEntIRL, SoftAgent, soft_value_iteration
from maxent_irl.likelihood.information import IdentifiabilityWarning
from maxent_irl.likelihood.separation import never_demonstrated, unbounded
from maxent_irl.rewards import LinearReward
from maxent_irl.routes.objective import objective_of
from maxent_irl.uncertainty import identifiability
from maxent_irl.worlds import GridWorld

CHAIN = MDP.from_successors([[1, 2], [3, 2], [2, 2], [3, 3]], discount=0.9)  # 2 is the trap, 3 is safe
RISKS = (0.1, 0.4)


def is_unbounded(mdp, features, demos, *, coef=None, **options):
    """Whether the last feature has no best coefficient, when the others have these."""
    model = MaxEntIRL(mdp, features, **options)
    agent, linear = SoftAgent(mdp, model.temperature, model.action_prior, model.inference), LinearReward(mdp, features)
    signs = never_demonstrated(linear.features, mdp, demos, model.inference)
    at = np.zeros(linear.n_parameters) if coef is None else np.asarray(coef, dtype=float)
    likelihood = objective_of(agent, linear, demos, model.objective)
    largest = linear.features.largest(np.ones(len(linear.features.matrix), dtype=bool))
    found = unbounded(likelihood, at, signs, largest, np.zeros((len(at), 0)))
    if signs[-1]:  # what it says of the objective, it does
        along = [likelihood.at(np.append(at[:-1], -t * signs[-1])).value for t in 2.0 ** np.arange(1, 11)]
        changes = np.diff(along)
        assert (changes[np.abs(changes) > 1e-9][-1] > 0) == found[-1]
    return bool(found[-1])


def risky_world():
    """One decision, between two roads with different risks of the trap; from either it may go on safely, for ever."""
    P = np.zeros((3, 2, 3))
    for a, risk in enumerate(RISKS):
        P[0, a, 1:] = [risk, 1 - risk]
    P[1, :, 1] = P[2, :, 2] = 1.0
    return MDP(P, discount=0.9)


TRAP = np.array([[0.0], [1.0], [0.0]])


def test_avoided_without_risk():
    demos = Demonstrations([([0, 1, 3], [0, 0])])
    trap = np.eye(4)[:, 2:3]
    for objective in ("likelihood", "feature-matching"):
        assert is_unbounded(CHAIN, trap, demos, objective=objective)
        assert is_unbounded(CHAIN, -trap, demos, objective=objective)
        assert not is_unbounded(CHAIN, np.eye(4)[:, 3:], demos, objective=objective)  # shown
    assert not is_unbounded(CHAIN, trap - np.eye(4)[:, 3:], demos)  # of two signs


def test_a_path_that_was_cut_before_the_choice():
    """Going on was worth more while the trap was no bad choice: made worse, it makes the first decision less likely."""
    cut = Demonstrations([([0, 1], [0])])
    mdp = MDP.from_successors([[1, 3], [3, 2], [2, 2], [3, 3]], discount=0.9)
    for objective in ("likelihood", "feature-matching"):
        assert not is_unbounded(mdp, np.eye(4)[:, 2:3], cut, objective=objective)
        assert is_unbounded(mdp, np.eye(4)[:, 2:3], Demonstrations([([0, 1, 3], [0, 0])]), objective=objective)


def test_a_risk_that_was_taken():
    mdp = risky_world()
    safer, both = Demonstrations([([0, 2], [0])]), Demonstrations([([0, 2], [0])] * 5 + [([0, 2], [1])])
    assert is_unbounded(mdp, TRAP, safer, objective="likelihood")
    assert not is_unbounded(mdp, TRAP, both, objective="likelihood")
    # Feature matching wants as little of the trap as was seen, none, which no policy attains.
    assert is_unbounded(mdp, TRAP, both, objective="feature-matching")
    # With the luck as part of what is inferred there is no risk.
    assert is_unbounded(mdp, TRAP, both, inference="exact", objective="likelihood")


def test_the_coefficient_of_a_risk_that_was_taken_is_finite():
    mdp = risky_world()
    both = Demonstrations([([0, 2], [0])] * 5 + [([0, 2], [1])])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = MaxEntIRL(mdp, TRAP, objective="likelihood", feature_names=["trap"]).fit(both)
    # log odds 5 : 1 = -(difference in risk) * (discounted time in the trap) * coefficient
    assert fit.coef_[0] == pytest.approx(-np.log(5) / (0.3 * 0.9 / 0.1), rel=1e-5)
    assert identifiability(fit).identified


@pytest.mark.parametrize("options", [{"terminal": [3]}, {"terminal": [3], "discount": 0.5}, {"horizon": 3}])
def test_ends_and_horizons(options):
    """As before, but the trap lasts for one step only."""
    P = np.zeros((4, 2, 4))
    P[0, :, 1] = RISKS
    P[0, :, 2] = 1 - P[0, :, 1]
    P[1:, :, 3] = 1.0
    mdp, trap = MDP(P, **options), np.eye(4)[:, 1:2]
    paths = [([0, 2, 3], [0, 0])] * 5 + [([0, 2, 3], [1, 0])]
    for objective, of_both in (("likelihood", False), ("feature-matching", True)):
        assert is_unbounded(mdp, trap, Demonstrations(paths[:1]), objective=objective)
        assert is_unbounded(mdp, trap, Demonstrations(paths), objective=objective) == of_both


def test_goals():
    """Mud on one of two ways to the goal."""
    mdp = MDP.from_successors([[1, 2], [3, 0], [3, 0], [3, 3], [3, 3]], discount=1.0, terminal=[])
    features = np.stack([-np.ones(5), np.eye(5)[2]], axis=1)
    coef = [1.0, 0.0]
    around = Demonstrations([([0, 1, 3], [0, 0])], goals=[3])
    for objective in ("likelihood", "feature-matching"):
        assert is_unbounded(mdp, features, around, coef=coef, objective=objective)
    # Coming back to the fork is no risk, so that nothing holds it then either; to be cut off in front of it is something else.
    assert is_unbounded(mdp, features, Demonstrations([([0, 1, 0, 1, 3], [0, 1, 0, 0])], goals=[3]), coef=coef)
    cut = Demonstrations([([1, 0], [1])], goals=[3])
    assert not is_unbounded(mdp, features, cut, coef=coef)


def test_the_report_on_trips_through_a_network():
    mdp = MDP.from_successors([[1, 2], [3, 0], [3, 0], [3, 3], [4, 4]], discount=1.0, terminal=[])
    features = np.stack([-np.ones(5), np.eye(5)[2], np.eye(5)[4]], axis=1)
    trips = Demonstrations([([0, 1, 3], [0, 0]), ([1, 0, 1, 3], [1, 0, 0])], goals=[3, 3])
    with pytest.warns(IdentifiabilityWarning, match="no demonstration has mud, though"):
        model = MaxEntIRL(mdp, features, feature_names=["step", "mud", "island"]).fit(trips)
    report = identifiability(model)
    assert {flat.name: flat.kind for flat in report.directions} == {
        "island": "out of reach",
        "mud": "never demonstrated",
    }


@pytest.mark.parametrize("seed", range(12))
def test_against_advantages_of_the_hard_optimum(seed):
    """Under chance, a single decision that does not avoid a feature as well as it could holds its coefficient."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(5, 0.4), size=(5, 3))
    P[1, 0], P[2, 0] = np.eye(5)[3], np.eye(5)[3]
    P[3] = np.eye(5)[3]  # from 1 and 2 one can get to safety; 4 has the feature
    mdp, features = MDP(P, discount=0.8), np.eye(5)[:, 4:]
    hard = soft_value_iteration(mdp, -features[:, 0], temperature=0)
    advantage = hard.Q - hard.V[:, None]
    states = rng.integers(3, size=6)
    optimal = Demonstrations([([s], [int(advantage[s].argmax())]) for s in states])
    one_risk = Demonstrations([*[([t.states[0]], t.actions) for t in optimal], ([1], [int(advantage[1].argmin())])])
    assert advantage[1].min() < -1e-3
    assert not is_unbounded(mdp, features, one_risk, objective="likelihood")
    is_unbounded(mdp, features, optimal, objective="likelihood")  # either way: as the objective does along the ray


def test_those_that_hide_behind_others_are_found_with_them(rng):
    """Five cells in a row, a fork at each: all bad cells at once, and one that is shown is not among them."""
    successors = [[1, 5], [2, 6], [3, 7], [3, 3], [4, 4], [4, 5], [4, 6], [4, 7]]
    mdp = MDP.from_successors(successors, discount=0.9)
    demos = Demonstrations([([0, 1, 2, 3], [0, 0, 0])])
    linear = LinearReward(mdp)
    signs = never_demonstrated(linear.features, mdp, demos, "variational")
    np.testing.assert_array_equal(signs, [0, 0, 0, 1, 1, 1, 1, 1])  # 3 is only entered
    likelihood = objective_of(SoftAgent(mdp), linear, demos, "feature-matching")
    found = unbounded(likelihood, np.zeros(8), signs, np.ones(8), np.zeros((8, 0)))
    np.testing.assert_array_equal(found, [0, 0, 0, 0, 1, 1, 1, 1])


def test_a_fit_warns_once_and_names_them():
    world = GridWorld(4, discount=0.9)
    features = np.hstack([world.features("smooth", n_features=2), np.eye(16)[:, [15, 12]], np.ones((16, 1))])
    names = ["a", "b", "lava", "swamp", "bias"]
    rng = np.random.default_rng(0)
    paths = []
    for _ in range(60):  # anywhere but into the two corners
        states, actions = [int(rng.integers(4))], []
        while len(actions) < 8:
            a = int(rng.integers(5))
            after = world.mdp.transitions[[a * 16 + states[-1]]].indices[0]
            if after not in (12, 15):
                states.append(int(after)), actions.append(a)
        paths.append((states, actions))
    model = MaxEntIRL(world.mdp, features, feature_names=names, objective="likelihood")
    with pytest.warns(IdentifiabilityWarning) as caught:
        model.fit(paths)
    (warning,) = [one for one in caught if not issubclass(one.category, ConvergenceWarning)]
    message = str(warning.message)
    assert "1 direction of the coefficients: bias" in message
    assert "no demonstration has lava, swamp, though some could: the worse these are made" in message
    assert warning.filename == __file__
    report = identifiability(model)
    assert [(flat.name, flat.kind) for flat in report.directions if flat.name != "bias"] == [
        ("lava", "never demonstrated"),
        ("swamp", "never demonstrated"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MaxEntIRL(world.mdp, features[:, :4], l2=0.1).fit(paths)
