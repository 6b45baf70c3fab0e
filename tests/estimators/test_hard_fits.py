"""Fits that have no easy answer: undiscounted ones, maxima at infinity, and on the edge of what is proper."""

import numpy as np
import pytest
from oracles import costly_features, problem_of_kind
from packaged import as_mdp
from sklearn.exceptions import ConvergenceWarning

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.demonstrations.sampling import sample_demonstrations
from maxent_irl.estimators import MaxEntIRL
from maxent_irl.likelihood.information import IdentifiabilityWarning
from maxent_irl.worlds import GridWorld

OBJECTIVES = ("likelihood", "feature-matching")
SOLVERS = ("newton", "lbfgs", "gradient-ascent")


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
    """The likelihood has no maximum: the fit stops where the gradient is below the tolerance, and says so."""
    mdp = MDP.from_successors([[0, 1], [1, 0]], discount=0.9)
    demos = Demonstrations([([0, 1, 1, 1], [1, 0, 0])])
    with pytest.warns(IdentifiabilityWarning, match="direction feature 0 .* no finite maximum"):
        model = MaxEntIRL(mdp, np.array([[0.0], [1.0]]), objective="likelihood").fit(demos)
    assert model.coef_[0] > 5
    assert np.isnan(model.standard_errors_[0])
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
    model = MaxEntIRL(mdp, np.ones((1, 1)), objective="feature-matching", solver=solver)
    with pytest.warns(ConvergenceWarning, match="did not converge.*l2"), pytest.warns(IdentifiabilityWarning):
        model.fit(demos)
    assert np.isfinite(model.coef_).all()
    np.testing.assert_allclose(model.predict_proba([0]), [[0.0, 1.0]], atol=1e-6)
    assert model.score(demos) == pytest.approx(0.0, abs=1e-6)


def test_a_plateau_under_exact_inference_is_left_from_plain_costs():
    """Where reward can be gathered for ever, luck hardly matters: the climb from zero ends there, far below the truth's."""
    rng = np.random.default_rng(1)
    world = GridWorld((4, 4), slip=0.2, discount=0.9, goals=[(3, 3)])
    features, truth = np.c_[np.ones(16), rng.normal(size=16)], np.array([-2.0, 0.5])
    policy = soft_value_iteration(world.mdp, features @ truth, inference="exact").policy
    demos = sample_demonstrations(world.mdp, policy, 100, random_state=1)
    told = []
    options = {"inference": "exact", "objective": "likelihood", "callback": told.append, "record_iterates": True}
    model = MaxEntIRL(world.mdp, features, **options).fit(demos)
    assert [progress.iteration for progress in told].count(0) == 2
    plateau = next(told[k - 1].loss for k in range(1, len(told)) if told[k].iteration == 0)
    assert -model.score(demos) == pytest.approx(model.loss_curve_[-1])
    assert model.loss_curve_[-1] < plateau - 0.05
    assert model.coef_path_[0][0] < -0.5  # from costs
    assert np.abs(model.coef_ - truth).max() < 4 * model.standard_errors_.max()
    from_truth = MaxEntIRL(world.mdp, features, **options).fit(demos, coef_init=truth)
    np.testing.assert_allclose(model.coef_, from_truth.coef_, atol=1e-5)


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


@pytest.mark.filterwarnings("ignore::maxent_irl.likelihood.information.IdentifiabilityWarning")
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
