"""MaxEntIRL keeps the conventions of scikit-learn: parameters, clones, pickles, searches, warm starts, predictions."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline

from maxent_irl import MDP
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.estimators import MaxEntIRL

SOLVERS = ("newton", "lbfgs", "gradient-ascent")


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


@pytest.mark.parametrize(("library", "make"), [("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "table")])
def test_columns_of_a_data_frame_name_the_features(library, make, mdp, demos):
    columns = {"far": [0.0, 1.0, 2.0, 3.0], "wet": [1.0, 0.0, 1.0, 0.0]}
    frame = getattr(pytest.importorskip(library), make)(columns)
    model = MaxEntIRL(mdp, frame, l2=1.0).fit(demos)
    assert model.summary().coefficients["feature"] == ["far", "wet"]
    np.testing.assert_array_equal(model.coef_, MaxEntIRL(mdp, np.array([*columns.values()]).T, l2=1.0).fit(demos).coef_)


def test_labels_in_a_prediction_are_sent_to_the_list_of_labels():
    walk = MDP.from_successors([[0, 1], [0, 2], [1, 2]], discount=0.9)
    trips = Demonstrations([(["a", "b", "c"], [1, 1]), (["c", "b"], [0])], goals=["c", "a"])
    model = MaxEntIRL(walk, l2=1.0).fit(trips)
    hint = r"pass demonstrations\.state_labels\.index\(label\)"
    with pytest.raises(ValueError, match=f"states must be .* integers.*{hint}"):
        model.predict_proba(["a"], goals=2)
    with pytest.raises(ValueError, match=f"goals must be .*{hint}"):
        model.predict_proba([0], goals="c")
    c = trips.state_labels.index("c")
    assert model.predict_proba([trips.state_labels.index("a")], goals=c).shape == (1, 2)
    with pytest.raises(ValueError) as raised:
        model.predict_proba([0.5], goals=2)
    assert "label" not in str(raised.value)


def test_no_action_is_predicted_where_none_is_taken():
    corridor = MDP.from_successors([[0, 1], [0, 2], [-1, -1], [-1, -1]], discount=0.9, terminal=[2])
    model = MaxEntIRL(corridor, l2=1.0).fit([([0, 1, 2], [1, 1]), ([1, 0, 1, 2], [0, 1, 1])])
    assert (model.predict([0, 1, 2, 3])[:2] >= 0).all()
    np.testing.assert_array_equal(model.predict([2, 3]), [-1, -1])  # terminal, dead end
    np.testing.assert_array_equal(model.predict([1], goals=1), [-1])


def test_predictions_with_a_horizon_need_the_time(mdp, features, demos):
    model = MaxEntIRL(mdp.replace(horizon=10), features).fit(demos)
    assert model.policy_.shape == (10, 4, 3)
    np.testing.assert_array_equal(model.predict_proba([2, 2], times=[0, 9]), model.policy_[[0, 9], [2, 2]])
    np.testing.assert_array_equal(model.predict([2], times=[9]), [model.policy_[9, 2].argmax()])
    assert np.isfinite(model.score(demos))
