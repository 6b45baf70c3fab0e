"""MaxEntIRL: the optimum it finds, alone and for many goals."""

import numpy as np
import pytest
from oracles import complex_step, costly_features, objective, problem_of_kind, random_prior
from packaged import as_demos, as_mdp
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

from maxent_irl import MDP, expected_visitations, soft_value_iteration
from maxent_irl.datasets import load_machines
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.demonstrations.sampling import sample_demonstrations
from maxent_irl.estimators import MaxEntIRL

OBJECTIVES = ("likelihood", "feature-matching")
SOLVERS = ("newton", "lbfgs", "gradient-ascent")
KINDS = ["discounted", "discounted, ending", "finite, everything", "undiscounted, terminal", "deterministic"]


# The optimum ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("kind", KINDS)
def test_fit_is_a_minimum_of_the_oracle(kind, name, inference, with_prior):
    rng = np.random.default_rng(5)
    problem = problem_of_kind(kind)
    features, start = costly_features(rng, problem)
    prior = random_prior(rng, problem) if with_prior else None
    demonstrations = drawn(problem, features @ start, 12)
    alpha, l2 = 0.8, 0.5

    def loss(coef, demos=as_demos(demonstrations)):  # noqa: B008
        L = objective(problem, features @ coef, demos, name, alpha=alpha, prior=prior, inference=inference)
        return l2 / 2 * coef @ coef - L / alpha

    options = {"temperature": alpha, "action_prior": prior, "inference": inference, "objective": name}
    model = MaxEntIRL(as_mdp(problem), features, l2=l2, tol=1e-9, **options).fit(demonstrations, coef_init=start)
    assert np.abs(complex_step(loss, model.coef_)).max() < 1e-6
    best = loss(model.coef_).real
    for step in 0.05 * rng.normal(size=(4, 3)):
        assert loss(model.coef_ + step).real > best

    # What is "per decision" weighs a decision as the objective does; the prior is a constant of the log-likelihood.
    weight = (
        (problem.discount**demonstrations.times).sum() if name == "feature-matching" else demonstrations.n_decisions
    )
    log_prior = 0.0 if prior is None else prior_term(problem, prior, demonstrations, name)
    assert model.loss_curve_[-1] == pytest.approx((best - log_prior) / weight, abs=1e-9)


def drawn(problem, reward, n) -> Demonstrations:
    """Demonstrations of the problem's own soft policy, some of them cut."""
    mdp = as_mdp(problem)
    max_steps = None if problem.horizon is not None else 8
    policy = soft_value_iteration(mdp, reward).policy
    return sample_demonstrations(mdp, policy, n, max_steps=max_steps, random_state=0)


def prior_term(problem, prior, demonstrations, name) -> float:
    weight = problem.discount**demonstrations.times if name == "feature-matching" else 1.0
    return float((weight * np.log(prior[demonstrations.states, demonstrations.actions])).sum())


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("kind", KINDS)
def test_solvers_agree(kind, name):
    problem = problem_of_kind(kind)
    features, start = costly_features(np.random.default_rng(3), problem)
    demonstrations = drawn(problem, features @ start, 30)
    fits = [
        MaxEntIRL(as_mdp(problem), features, objective=name, l2=0.5, solver=solver).fit(demonstrations, coef_init=start)
        for solver in ("auto", *SOLVERS)
    ]
    for fit in fits:
        assert fit.converged_
        np.testing.assert_allclose(fit.coef_, fits[0].coef_, atol=1e-3)
    np.testing.assert_array_equal(fits[0].coef_, fits[1].coef_)


@pytest.mark.parametrize("solver", SOLVERS)
def test_tolerance_is_the_largest_gradient_component_per_decision(solver, mdp, features, demos):
    for tol in (1e-3, 1e-6):
        model = MaxEntIRL(mdp, features, solver=solver, tol=tol).fit(demos)
        assert np.abs(model.feature_gap_).max() <= tol


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("factor", "temperature"), [(1e-6, 1.0), (1.0, 1e6)])
def test_tiny_features_are_fitted_like_any_others(solver, factor, temperature, mdp, features, demos):
    """Where a unit of coefficient changes next to nothing, so does the loss per unit; the fit is not done for that."""
    tiny = MaxEntIRL(mdp, factor * features, temperature=temperature, solver=solver, max_iter=5000).fit(demos)
    assert tiny.converged_
    expected = MaxEntIRL(mdp, features).fit(demos).coef_
    np.testing.assert_allclose(tiny.coef_ * factor / temperature, expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["discounted", "finite", "undiscounted, terminal"])
def test_feature_gap_is_demonstrated_minus_expected(kind):
    """At the optimum of feature matching, the model's visitations have the demonstrated features."""
    problem = problem_of_kind(kind)
    rng = np.random.default_rng(1)
    features, coef = costly_features(rng, problem)
    if not problem.over.any():
        features, coef = features[..., 1:], coef[1:]  # where nothing ends a constant changes nothing
    mdp = as_mdp(problem)
    policy = soft_value_iteration(mdp, features @ coef).policy
    max_steps = None if mdp.horizon or mdp.discount == 1 else 150
    demos = sample_demonstrations(mdp, policy, 300, max_steps=max_steps, random_state=1)
    model = MaxEntIRL(mdp, features, objective="feature-matching", tol=1e-8).fit(demos, coef_init=coef)
    weight = mdp.discount**demos.times
    demonstrated = (weight[:, None] * features[demos.states, demos.actions]).sum(axis=0) / len(demos)
    visited = model.visitations_ if mdp.horizon is None else model.visitations_.sum(axis=0)
    np.testing.assert_allclose(np.einsum("sa,sak->k", visited, features), demonstrated, atol=1e-5)


def test_attributes_are_those_of_the_model_at_the_optimum(mdp, features, demos):
    model = MaxEntIRL(mdp, features, objective="likelihood", record_iterates=True).fit(demos)
    solution = soft_value_iteration(mdp, features @ model.coef_)
    np.testing.assert_allclose(model.reward_, features @ model.coef_, atol=1e-14)
    np.testing.assert_allclose(model.value_, solution.V, atol=1e-8)
    np.testing.assert_allclose(model.policy_, solution.policy, atol=1e-8)
    first = np.bincount(demos.states[demos.offsets[:-1]], minlength=4) / len(demos)
    np.testing.assert_allclose(model.visitations_, expected_visitations(mdp, solution, initial=first), atol=1e-7)
    log_likelihood = np.log(solution.policy[demos.states, demos.actions]).sum()
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-6)
    assert model.loss_curve_[-1] == pytest.approx(-log_likelihood / demos.n_decisions, abs=1e-9)
    assert model.score(demos) == pytest.approx(log_likelihood / demos.n_decisions, abs=1e-9)
    assert (model.n_decisions_, model.n_trajectories_) == (demos.n_decisions, 60)
    assert model.converged_ is True


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_iterates_are_recorded(solver, name, mdp, features, demos):
    seen = []
    options = {"solver": solver, "objective": name, "record_iterates": True, "callback": seen.append}
    model = MaxEntIRL(mdp, features, **options).fit(demos)
    assert model.coef_path_.shape == (len(model.loss_curve_), 2)
    assert model.n_iter_ == len(model.loss_curve_) - 1 > 0
    np.testing.assert_array_equal(model.coef_path_[0], 0)
    np.testing.assert_array_equal(model.coef_path_[-1], model.coef_)
    assert [progress.loss for progress in seen] == model.loss_curve_
    assert [progress.iteration for progress in seen] == list(range(len(seen)))
    assert seen[-1].gradient <= model.tol
    if solver == "gradient-ascent":
        assert (np.diff(model.loss_curve_) < 0).all()
        first_step = model.coef_path_[1]
        cosine = (
            first_step @ MaxEntIRL(mdp, features, objective=name, max_iter=0).set_params(tol=10).fit(demos).feature_gap_
        )
        assert cosine > 0


def test_steps_that_are_taken_back_are_iterations_too():
    """Newton's first steps on the machines are too long; every one of them is counted, recorded and told."""
    machines, seen = load_machines(), []
    model = MaxEntIRL(machines.mdp, machines.features, record_iterates=True, callback=seen.append)
    model.fit(machines.demonstrations)
    assert (np.diff(model.loss_curve_) == 0).any()
    assert model.n_iter_ == len(model.loss_curve_) - 1 == len(model.coef_path_) - 1 == seen[-1].iteration
    for cap in (1, 2, 3):  # a step taken back at the cap is no reason to go on
        with pytest.warns(ConvergenceWarning, match=f"after {cap} iterations"):
            capped = MaxEntIRL(machines.mdp, machines.features, max_iter=cap).fit(machines.demonstrations)
        assert capped.n_iter_ == cap


def test_temperature_is_the_unit_of_the_coefficients(mdp, features, demos):
    one = MaxEntIRL(mdp, features, tol=1e-9).fit(demos)
    ten = MaxEntIRL(mdp, features, temperature=10.0, tol=1e-10).fit(demos)
    np.testing.assert_allclose(ten.coef_, 10 * one.coef_, rtol=1e-6)
    np.testing.assert_allclose(ten.policy_, one.policy_, atol=1e-8)
    assert ten.score(demos) == pytest.approx(one.score(demos), abs=1e-9)


def test_a_uniform_prior_changes_nothing_but_the_value(mdp, features, demos):
    for name in OBJECTIVES:
        plain = MaxEntIRL(mdp, features, objective=name, tol=1e-9).fit(demos)
        uniform = MaxEntIRL(mdp, features, objective=name, tol=1e-9, action_prior=np.full(3, 1 / 3)).fit(demos)
        np.testing.assert_allclose(uniform.coef_, plain.coef_, atol=1e-7)
        np.testing.assert_allclose(uniform.value_, plain.value_ - np.log(3) / 0.1, atol=1e-6)
        assert uniform.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-6)


def test_order_and_repetition_of_trajectories(mdp, features, demos):
    plain = MaxEntIRL(mdp, features, tol=1e-9).fit(demos)
    shuffled = demos[np.random.default_rng(0).permutation(len(demos))]
    np.testing.assert_allclose(MaxEntIRL(mdp, features, tol=1e-9).fit(shuffled).coef_, plain.coef_, atol=1e-7)
    twice = MaxEntIRL(mdp, features, tol=1e-9).fit(demos + demos)
    np.testing.assert_allclose(twice.coef_, plain.coef_, atol=1e-7)
    weighted = Demonstrations(demos, weights=np.full(len(demos), 3.0))
    np.testing.assert_allclose(MaxEntIRL(mdp, features, tol=1e-9).fit(weighted).coef_, plain.coef_, atol=1e-7)
    assert MaxEntIRL(mdp, features).fit(weighted).score(weighted) == pytest.approx(plain.score(demos), abs=1e-7)


def test_trajectories_of_weight_zero_do_not_count(mdp, features, demos):
    half = np.arange(len(demos)) < 30
    silenced = Demonstrations(demos, weights=half.astype(float))
    model = MaxEntIRL(mdp, features, tol=1e-9).fit(silenced)
    np.testing.assert_allclose(model.coef_, MaxEntIRL(mdp, features, tol=1e-9).fit(demos[half]).coef_, atol=1e-7)
    assert model.score(silenced) == pytest.approx(model.score(demos[half]), abs=1e-12)


def test_score_of_an_impossible_decision_of_weight_zero_is_not_nan():
    mdp = MDP.from_successors([[0, 0]], discount=0.5)
    demos = Demonstrations([([0, 0], [0])])
    model = MaxEntIRL(mdp, np.ones((1, 2, 1)), action_prior=[1.0, 0.0], l2=1.0).fit(demos)
    impossible = Demonstrations([([0, 0], [0]), ([0, 0], [1])], weights=[1.0, 0.0])
    assert model.score(impossible) == pytest.approx(0.0, abs=1e-12)
    assert model.score(impossible[[1, 0]]) == pytest.approx(0.0, abs=1e-12)
    assert model.score(Demonstrations(list(impossible), weights=[1.0, 1.0])) == -np.inf


@pytest.mark.parametrize("solver", SOLVERS)
def test_sparse_features_are_dense_ones(solver, mdp, features, demos):
    dense = MaxEntIRL(mdp, features, solver=solver, tol=1e-7).fit(demos)
    for packed in (sparse.coo_array(features), [sparse.csr_array(features[:, a]) for a in range(3)]):
        model = MaxEntIRL(mdp, packed, solver=solver, tol=1e-7).fit(demos)
        np.testing.assert_allclose(model.coef_, dense.coef_, atol=1e-6)
        np.testing.assert_allclose(model.reward_, dense.reward_, atol=1e-6)


def test_one_reward_per_state(mdp, demos):
    by_default = MaxEntIRL(mdp, l2=0.1).fit(demos)
    explicit = MaxEntIRL(mdp, np.eye(4), l2=0.1).fit(demos)
    np.testing.assert_allclose(by_default.coef_, explicit.coef_, atol=1e-6)
    np.testing.assert_array_equal(by_default.coef_, by_default.reward_)
    assert by_default.reward_.shape == (4,)


# Goals ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def trips() -> tuple[MDP, np.ndarray, Demonstrations]:
    """A walk along five places, to a destination of one's own."""
    mdp = MDP.from_successors(np.clip(np.arange(5)[:, None] + [[-1, 1]], 0, 4), discount=0.95)
    features = np.zeros((5, 2, 2))
    features[..., 0] = -1.0
    features[:, 1, 1] = 1.0
    demos = Demonstrations(
        [([2, 1, 0], [0, 0]), ([2, 3, 4], [1, 1]), ([3, 2, 3, 4], [0, 1, 1]), ([1, 0], [0])], goals=[0, 4, 4, 0]
    )
    return mdp, features, demos


@pytest.mark.parametrize("name", OBJECTIVES)
def test_goals_make_a_task_of_their_own(trips, name):
    mdp, features, demos = trips
    model = MaxEntIRL(mdp, features, objective=name, l2=0.5, tol=1e-9).fit(demos)
    total = 0.0
    for path in demos:
        policy = soft_value_iteration(mdp.with_goal(path.goal), features @ model.coef_).policy
        total += np.log(policy[path.states[:-1], path.actions]).sum()
    assert model.score(demos) == pytest.approx(total / demos.n_decisions, abs=1e-9)
    assert model.log_likelihood_ == pytest.approx(total, abs=1e-8)
    alone = MaxEntIRL(mdp.with_goal(4), features, objective=name, l2=0.5, tol=1e-9).fit(
        Demonstrations(list(demos[[1, 2]]))
    )
    one_goal = MaxEntIRL(mdp, features, objective=name, l2=0.5, tol=1e-9).fit(demos[[1, 2]])
    np.testing.assert_allclose(alone.coef_, one_goal.coef_, atol=1e-7)


def test_with_goals_there_is_no_one_policy_nor_one_left_over(trips):
    mdp, features, demos = trips
    model = MaxEntIRL(mdp, features, l2=0.5).fit([([2, 1, 0], [0, 0])])
    assert model.policy_.shape == (5, 2)
    model.fit(demos)
    for name in ("policy_", "value_", "visitations_"):
        assert not hasattr(model, name)
        with pytest.raises(AttributeError, match=rf"had goals.*no one {name}\. Ask solve\(goal=\)"):
            getattr(model, name)
    with pytest.raises(ValueError, match="had goals.*goals="):
        model.predict_proba([0])
    with pytest.raises(ValueError, match="had goals.*goals="):
        model.predict([0])
    with pytest.raises(ValueError, match="had goals.*pass goal="):
        model.solve()
    with pytest.raises(ValueError, match=r"had goals.*pass demonstrations with theirs, Demonstrations\(..., goals="):
        model.score([([2, 1], [0, 0])])


def test_cross_validation_keeps_goals_and_weights(trips):
    mdp, features, demos = trips
    demos = Demonstrations(demos, weights=[1.0, 2.0, 3.0, 4.0])
    model = MaxEntIRL(mdp, features, l2=0.5)
    folds = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1]))]
    scores = cross_val_score(model, demos, cv=folds)
    wanted = [clone(model).fit(demos[train]).score(demos[test]) for train, test in folds]
    np.testing.assert_allclose(scores, wanted, atol=1e-12)
