"""MaxEntIRL: the optimum it finds, and the conventions of scikit-learn it keeps."""

import pickle

import numpy as np
import pytest
from oracles import Demo, complex_step, costly_features, objective, problem_of_kind, random_prior
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline

from maxent_irl import MDP, expected_visitations, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.estimators import MaxEntIRL
from maxent_irl.likelihood import TaskPoint
from maxent_irl.sampling import sample_demonstrations

OBJECTIVES = ("likelihood", "feature-matching")
SOLVERS = ("newton", "lbfgs", "gradient-ascent")
KINDS = ["discounted", "discounted, ending", "finite, everything", "undiscounted, terminal", "deterministic"]


def as_mdp(problem) -> MDP:
    return MDP(problem.P, **problem.keywords())


@pytest.fixture(scope="module")
def mdp() -> MDP:
    return as_mdp(problem_of_kind("discounted"))


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 3, 2))


@pytest.fixture(scope="module")
def demos(mdp, features) -> Demonstrations:
    policy = soft_value_iteration(mdp, features @ [1.0, -1.0]).policy
    return sample_demonstrations(mdp, policy, 60, max_steps=10, random_state=0)


@pytest.fixture(scope="module")
def as_list(demos) -> list:
    """The same as users write it: one (T, 2) array per trajectory."""
    return [np.column_stack([path.states[: len(path.actions)], path.actions]) for path in demos]


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


def as_demos(demonstrations: Demonstrations) -> list[Demo]:
    """What the oracle walks along."""
    paths = zip(demonstrations, demonstrations.final_states, strict=True)
    return [
        Demo(path.states[: len(path.actions)].tolist(), path.actions.tolist(), int(final), path.terminated, path.weight)
        for path, final in paths
    ]


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


def test_newton_forms_one_hessian_per_step_and_none_where_it_stops(mdp, features, demos, monkeypatch):
    formed = []
    moment = TaskPoint._second_moment
    monkeypatch.setattr(TaskPoint, "_second_moment", lambda *arguments: formed.append(1) or moment(*arguments))
    model = MaxEntIRL(mdp, features, solver="newton").fit(demos)
    assert model.converged_
    assert len(formed) == model.n_iter_


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
    model = MaxEntIRL(mdp, features, tol=1e-8).fit(demos, coef_init=coef)
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
    assert model.n_iter_ >= len(model.loss_curve_) - 1 > 0
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
    with pytest.raises(ValueError, match="had goals.*goals="):
        model.predict_proba([0])


def test_cross_validation_keeps_goals_and_weights(trips):
    mdp, features, demos = trips
    demos = Demonstrations(demos, weights=[1.0, 2.0, 3.0, 4.0])
    model = MaxEntIRL(mdp, features, l2=0.5)
    folds = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1]))]
    scores = cross_val_score(model, demos, cv=folds)
    wanted = [clone(model).fit(demos[train]).score(demos[test]) for train, test in folds]
    np.testing.assert_allclose(scores, wanted, atol=1e-12)


# Conventions ----------------------------------------------------------------------------------------------------------


def test_parameters(mdp, features):
    model = MaxEntIRL(mdp, features, l2=0.3, objective="likelihood")
    params = model.get_params()
    assert params["mdp"] is mdp
    assert params["features"] is features
    assert (params["l2"], params["objective"], params["temperature"]) == (0.3, "likelihood", 1.0)
    assert model.set_params(l2=0.7, tol=1e-3) is model
    assert (model.l2, model.tol) == (0.7, 1e-3)
    with pytest.raises(ValueError, match="nonsense"):
        model.set_params(nonsense=1)


def test_clone_shares_the_mdp_and_forgets_the_fit(mdp, features, demos):
    model = MaxEntIRL(mdp, features, l2=0.3).fit(demos)
    copy = clone(model)
    assert copy.mdp is mdp
    assert copy.l2 == 0.3
    assert not hasattr(copy, "coef_")
    assert clone(MaxEntIRL(mdp, sparse.csr_array(np.eye(4)), l2=1.0)).fit(demos).n_features_in_ == 4


def test_the_constructor_stores_and_nothing_else(mdp):
    nonsense = MaxEntIRL(mdp, "features", temperature=-1, l2=None, solver=3)
    assert nonsense.features == "features"
    assert nonsense.temperature == -1


def test_pickling_a_fit(mdp, features, demos):
    model = MaxEntIRL(mdp, features, objective="likelihood").fit(demos)
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.coef_, model.coef_)
    np.testing.assert_array_equal(other.predict_proba([0, 1]), model.predict_proba([0, 1]))
    assert other.score(demos) == model.score(demos)
    assert other.fit(demos).n_iter_ == model.n_iter_


def test_refitting_gives_the_same_and_leaves_inputs_alone(mdp, features, demos):
    before = features.copy()
    model = MaxEntIRL(mdp, features)
    first = model.fit(demos).coef_
    np.testing.assert_array_equal(model.fit(demos).coef_, first)
    np.testing.assert_array_equal(features, before)


def test_nothing_is_asked_of_an_estimator_before_the_fit(mdp, features, demos):
    for call in (lambda m: m.score(demos), lambda m: m.predict([0]), lambda m: m.predict_proba([0])):
        with pytest.raises(NotFittedError):
            call(MaxEntIRL(mdp, features))


def test_lists_arrays_and_demonstrations_are_the_same_data(mdp, features, demos, as_list):
    cut = Demonstrations(as_list)  # without final states
    from_list = MaxEntIRL(mdp, features, objective="likelihood").fit(as_list)
    np.testing.assert_array_equal(from_list.coef_, MaxEntIRL(mdp, features, objective="likelihood").fit(cut).coef_)
    # The likelihood of decisions does not ask what came after the last one.
    full = MaxEntIRL(mdp, features, objective="likelihood").fit(demos)
    np.testing.assert_allclose(from_list.coef_, full.coef_, atol=1e-6)
    assert from_list.score(as_list) == pytest.approx(full.score(demos), abs=1e-9)


@pytest.mark.parametrize("form", ["Demonstrations", "list"])
def test_grid_search_and_cross_validation_in_two_processes(form, mdp, features, demos, as_list):
    X = demos if form == "Demonstrations" else as_list
    model = MaxEntIRL(mdp, features, objective="likelihood")
    search = GridSearchCV(model, {"l2": [0.0, 1e4]}, cv=3, n_jobs=2).fit(X)
    assert search.best_params_ == {"l2": 0.0}
    assert search.best_estimator_.mdp is mdp
    assert search.best_score_ > -np.log(3)
    serial = cross_val_score(model, X, cv=KFold(3))
    np.testing.assert_allclose(cross_val_score(model, X, cv=KFold(3), n_jobs=2), serial, atol=1e-12)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"][0], serial.mean(), atol=1e-9)


def test_learning_curve_and_pipeline_take_demonstrations(mdp, features, demos):
    model = MaxEntIRL(mdp, features, l2=0.1)
    sizes, train, test = learning_curve(model, demos, None, train_sizes=[5, 20], cv=3)
    assert sizes.tolist() == [5, 20]
    assert np.isfinite(train).all()
    assert np.isfinite(test).all()
    pipeline = make_pipeline(model).fit(demos)
    assert pipeline.score(demos) == pytest.approx(model.fit(demos).score(demos), abs=1e-12)


def test_warm_start_continues_where_the_last_fit_stopped(mdp, features, demos):
    model = MaxEntIRL(mdp, features, warm_start=True).fit(demos)
    cold, coef = model.n_iter_, model.coef_
    assert cold > 0
    assert model.fit(demos).n_iter_ == 0
    np.testing.assert_array_equal(model.coef_, coef)
    nudged = model.set_params(l2=1e-3).fit(demos)
    assert nudged.n_iter_ < cold
    np.testing.assert_allclose(nudged.coef_, MaxEntIRL(mdp, features, l2=1e-3).fit(demos).coef_, atol=1e-5)
    assert model.set_params(features=features[..., :1]).fit(demos).coef_.shape == (1,)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_capped_fit_warns_and_leaves_its_state(solver, mdp, features, demos):
    for max_iter in (0, 1):
        model = MaxEntIRL(mdp, features, solver=solver, max_iter=max_iter, tol=1e-12)
        with pytest.warns(ConvergenceWarning, match=rf"after {max_iter} iterations.*max_iter={max_iter}"):
            model.fit(demos)
        assert not model.converged_
        assert model.n_iter_ == max_iter
        assert model.policy_.shape == (4, 3)


def test_predictions(mdp, features, demos):
    model = MaxEntIRL(mdp, features).fit(demos)
    states = [3, 0, 0]
    np.testing.assert_array_equal(model.predict_proba(states), model.policy_[states])
    np.testing.assert_array_equal(model.predict(states), model.policy_.argmax(axis=1)[states])
    assert model.predict_proba(np.array([], dtype=int)).shape == (0, 3)


def test_predictions_with_a_horizon_need_the_time(mdp, features, demos):
    model = MaxEntIRL(mdp.replace(horizon=10), features).fit(demos)
    assert model.policy_.shape == (10, 4, 3)
    np.testing.assert_array_equal(model.predict_proba([2, 2], times=[0, 9]), model.policy_[[0, 9], [2, 2]])
    np.testing.assert_array_equal(model.predict([2], times=[9]), [model.policy_[9, 2].argmax()])
    assert np.isfinite(model.score(demos))


def test_undiscounted_fits_start_by_themselves_where_values_are_finite():
    problem = problem_of_kind("undiscounted, terminal")
    features, coef = costly_features(np.random.default_rng(2), problem)
    mdp = as_mdp(problem)
    demos = sample_demonstrations(mdp, soft_value_iteration(mdp, features @ coef).policy, 200, random_state=0)
    for solver in SOLVERS:
        model = MaxEntIRL(mdp, features, solver=solver).fit(demos)
        assert model.converged_
        assert np.abs(model.feature_gap_).max() < 1e-6


def test_a_deterministic_expert_is_fitted_as_far_as_it_goes():
    """The likelihood has no maximum; the fit says so, or stops where the gradient is below the tolerance."""
    mdp = MDP.from_successors([[0, 1], [1, 0]], discount=0.9)
    demos = Demonstrations([([0, 1, 1, 1], [1, 0, 0])])
    model = MaxEntIRL(mdp, np.array([[0.0], [1.0]]), objective="likelihood").fit(demos)
    assert model.coef_[0] > 5
    assert model.score(demos) > -1e-3
    assert np.isfinite(model.value_).all()


def test_a_maximum_on_the_edge_of_what_is_proper_is_approached_and_said_so():
    """Nothing but waiting is shown, so that it should cost no more than the choice is worth: the soft value is infinite there."""
    mdp = MDP.from_successors([[0, 0, 1], [-1, -1, -1]], terminal=[1])
    features = np.zeros((2, 3, 1))
    features[0] = 1.0
    demos = Demonstrations([([0] * 41, [0, 1] * 20)])
    for solver in SOLVERS:
        model = MaxEntIRL(mdp, features, objective="likelihood", solver=solver, tol=1e-12)
        with pytest.warns(ConvergenceWarning, match="did not converge"):
            model.fit(demos, coef_init=[-3.0])
        # The line search of L-BFGS gives up at the wall; the others creep up to it.
        assert model.score(demos) == pytest.approx(-np.log(2), abs=0.1 if solver == "lbfgs" else 1e-6)
        assert np.isfinite(model.policy_).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_coefficients_that_run_away_are_stopped_and_said_so(solver):
    """Every episode ended at once, sooner than any policy can make them end on average: feature matching has no maximum."""
    mdp = MDP(np.array([[[0.9], [0.5]]]), ending=np.array([[0.1, 0.5]]))
    demos = Demonstrations([([0], [1])] * 5, terminated=[True] * 5)
    model = MaxEntIRL(mdp, np.ones((1, 1)), solver=solver)
    with pytest.warns(ConvergenceWarning, match="did not converge.*l2"):
        model.fit(demos)
    assert np.isfinite(model.coef_).all()
    np.testing.assert_allclose(model.predict_proba([0]), [[0.0, 1.0]], atol=1e-6)
    assert model.score(demos) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_one_decision_is_enough_for_a_fit_where_wandering_must_cost(name, inference):
    """The cost of a step is not determined by one decision, but without any the soft value would be infinite."""
    mdp = MDP.from_successors([[0, 1], [0, 2], [-1, -1]], terminal=[2])
    features = np.zeros((3, 2, 2))
    features[..., 0], features[:, 1, 1] = 1.0, 1.0
    model = MaxEntIRL(mdp, features, objective=name, inference=inference, l2=0.1)
    model.fit([([1, 2], [1])])
    assert np.isfinite(model.value_).all()
    assert model.coef_[0] < 0


@pytest.mark.filterwarnings("ignore::maxent_irl.information.IdentifiabilityWarning")
def test_a_direction_that_keeps_the_value_finite_is_not_ignored():
    """Demonstrations only choose between two ways to the end, but elsewhere one may wander: a step has to cost something."""
    mdp = MDP.from_successors([[0, 1], [2, 2], [-1, -1]], terminal=[2])
    features = np.zeros((3, 2, 2))
    features[..., 0], features[:, 1, 1] = 1.0, 1.0
    model = MaxEntIRL(mdp, features, objective="likelihood")
    model.fit([([1, 2], [1]), ([1, 2], [0]), ([1, 2], [1])])
    assert model.converged_
    assert np.isfinite(model.value_).all()
    assert model.coef_[1] == pytest.approx(np.log(2), abs=1e-5)
    assert model.coef_[0] < 0
