import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations, MaxEntIRL, SoftAgent, sample_demonstrations, soft_value_iteration
from maxent_irl.demonstrations.joined import join
from maxent_irl.rewards import LinearReward
from maxent_irl.routes.objective import objective_of


def parts(discount=0.9, **options):
    """Two MDPs of different size, with features per action that mean the same in both."""
    rng = np.random.default_rng(0)
    mdps, features = [], []
    for S, A in ((4, 3), (6, 2)):
        mdps.append(MDP(rng.dirichlet(np.ones(S), (S, A)), discount=discount, **options))
        features.append(rng.normal(size=(S, A, 2)))
    return mdps, features


def value(mdp, features, demos, coef):
    return objective_of(SoftAgent(mdp), LinearReward(mdp, features), demos, "feature-matching").at(coef)


@pytest.mark.parametrize("options", [{}, {"horizon": 5, "discount": 1.0}])
def test_the_objective_of_the_whole_is_the_sum_of_the_parts(options):
    mdps, features = parts(**options)
    coef = np.array([0.5, -1.0])
    demos = [
        sample_demonstrations(mdp, soft_value_iteration(mdp, f @ coef).policy, 20, max_steps=5, random_state=i)
        for i, (mdp, f) in enumerate(zip(mdps, features, strict=True))
    ]
    both = join(mdps)
    whole = value(both.mdp, both.features(features), both.demonstrations(demos), coef)
    alone = [value(*part, coef) for part in zip(mdps, features, demos, strict=True)]
    assert whole.value == pytest.approx(sum(part.value for part in alone), rel=1e-10)
    np.testing.assert_allclose(whole.gradient, sum(part.gradient for part in alone), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(whole.hessian, sum(part.hessian for part in alone), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        whole.unit_scores(), np.concatenate([part.unit_scores() for part in alone]), rtol=1e-7, atol=1e-9
    )


def test_values_and_policies_are_those_of_the_parts():
    mdps, features = parts()
    both, coef = join(mdps), np.array([0.5, -1.0])
    whole = soft_value_iteration(both.mdp, both.features(features) @ coef)
    for mdp, f, V, policy in zip(mdps, features, both.split(whole.V), both.split(whole.policy), strict=True):
        alone = soft_value_iteration(mdp, f @ coef)
        np.testing.assert_allclose(V, alone.V, atol=1e-9)
        np.testing.assert_allclose(policy[:, : mdp.n_actions], alone.policy, atol=1e-9)
        assert not policy[:, mdp.n_actions :].any()


def test_trips_with_goals_in_two_cities():
    rng = np.random.default_rng(1)
    cities, demos, features = [], [], []
    for n in (10, 14):
        after = np.column_stack([(np.arange(n) + 1) % n, (np.arange(n) - 1) % n, rng.permutation(n)])
        mdp, f = MDP.from_successors(after, terminal=[]), rng.uniform(0.8, 2.0, (n, 3, 2))
        goals = rng.integers(0, 3, 60)
        trips = []
        for goal, start in zip(goals, rng.integers(4, n, 60), strict=True):
            first = np.zeros(n)
            first[start] = 1.0
            task = mdp.with_goal(int(goal)).replace(initial=first)
            (trip,) = sample_demonstrations(
                task, soft_value_iteration(task, f @ [-1.0, -0.5]).policy, 1, random_state=rng
            )
            trips.append((trip.states, trip.actions))
        cities.append(mdp), features.append(f), demos.append(Demonstrations(trips, goals=goals))
    both = join(cities)
    assert both.mdp.endless
    model = MaxEntIRL(both.mdp, both.features(features)).fit(both.demonstrations(demos))
    assert (np.abs(model.coef_ - [-1.0, -0.5]) < 4 * model.standard_errors_).all()
    start = int(both.offsets[1])
    np.testing.assert_allclose(
        model.predict_proba([start + 5], goals=start + 1)[0],
        soft_value_iteration(cities[1].with_goal(1), features[1] @ model.coef_).policy[5],
        atol=1e-12,
    )


def test_ends_and_first_states_are_kept():
    mdp = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1], initial=[1.0, 0.0])
    ending = MDP([np.diag([0.5, 0.5])], ending=[[0.5], [0.5]])
    both = join([mdp, ending])
    assert both.mdp.terminal.tolist() == [False, True, False, False]
    np.testing.assert_allclose(both.mdp.initial, [0.5, 0.0, 0.25, 0.25])
    np.testing.assert_allclose(both.mdp.ending, [[0, 0], [0, 0], [0.5, 0], [0.5, 0]])
    assert not both.mdp.available[2:, 1].any()
    assert both.features([np.ones((2, 1)), np.zeros((2, 1))]).ravel().tolist() == [1, 1, 0, 0]


def test_parts_that_do_not_fit():
    mdps, features = parts()
    both = join(mdps)
    with pytest.raises(ValueError, match="nothing to join"):
        join([])
    with pytest.raises(ValueError, match=r"part 1 has discount 0\.5"):
        join([mdps[0], mdps[1].replace(discount=0.5)])
    with pytest.raises(ValueError, match="features of 2 parts are needed; got 1"):
        both.features(features[:1])
    with pytest.raises(ValueError, match=r"features of part 1 must have shape \(6, 2, 2\)"):
        both.features([features[0], features[0]])
    with pytest.raises(ValueError, match=r"features of part 0 must have shape"):
        both.features([np.ones(4), np.ones(6)])
    with pytest.raises(ValueError, match=r"part 0 do not fit it: trajectory 0 ends in state 5, but states are 0\.\.3"):
        both.demonstrations([[([0, 5], [0])], [([0, 5], [0])]])
    with pytest.raises(ValueError, match="both goals, or neither"):
        both.demonstrations([Demonstrations([([0, 1], [0])], goals=[1]), [([0, 5], [0])]])
