"""Saved estimators: the same predictions to the last bit, the same errors, nothing executed on reading."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import maxent_irl
from maxent_irl import Demonstrations, MaxEntIRL, RecedingHorizonIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import GridWorld, RoadNetwork

WORLD = GridWorld(4, slip=0.1, discount=0.9)
FEATURES = WORLD.features("smooth", n_features=3)
POLICY = soft_value_iteration(WORLD.mdp, FEATURES @ [1.0, -0.7, 0.4]).policy
WALKS = sample_demonstrations(WORLD.mdp, POLICY, 50, max_steps=20, random_state=0)
ROADS = RoadNetwork.grid((3, 4), irregularity=0.1, random_state=0)
MOVES = ROADS.features("length", "left")
TRIPS = GoalPolicies(ROADS.mdp, MOVES @ [-2.0, -1.0]).sample(np.arange(20), np.full(20, 25), random_state=0)
BY_ACTION = np.random.default_rng(0).normal(size=(16, 5, 2))
IN_TIME = np.random.default_rng(0).normal(size=(20, 16, 5, 2))
NAMED = pd.DataFrame(FEATURES, columns=["sun", "mud", "shade"])

CASES = {
    "dense": (lambda: MaxEntIRL(WORLD.mdp, FEATURES), WALKS),
    "frame": (lambda: MaxEntIRL(WORLD.mdp, NAMED, temperature=2.0), WALKS),
    "per state": (lambda: MaxEntIRL(WORLD.mdp, l2="evidence"), WALKS),
    "sparse": (lambda: MaxEntIRL(WORLD.mdp, sparse.csr_array(FEATURES), inference="exact", l2=1.0), WALKS),
    "per action": (lambda: MaxEntIRL(WORLD.mdp, BY_ACTION, objective="feature-matching", covariance="robust"), WALKS),
    "list of sparse": (
        lambda: MaxEntIRL(WORLD.mdp, [sparse.csr_array(BY_ACTION[:, a]) for a in range(5)], l2=0.1),
        WALKS,
    ),
    "prior": (lambda: MaxEntIRL(WORLD.mdp, FEATURES, action_prior=[0.2, 0.3, 0.1, 0.3, 0.1]), WALKS),
    "horizon": (lambda: MaxEntIRL(WORLD.mdp.replace(horizon=20), FEATURES), WALKS),
    "in time": (lambda: MaxEntIRL(WORLD.mdp.replace(horizon=20), IN_TIME), WALKS),
    "goals": (lambda: MaxEntIRL(ROADS.mdp, MOVES), TRIPS),
    "goals, discounted": (lambda: MaxEntIRL(ROADS.mdp.replace(discount=0.95), MOVES), TRIPS),
    "receding": (lambda: RecedingHorizonIRL(ROADS.mdp, MOVES, planning_horizon=4, l2=0.1), TRIPS),
}


@pytest.mark.filterwarnings("ignore::maxent_irl.likelihood.information.IdentifiabilityWarning")
@pytest.mark.parametrize("case", CASES)
def test_what_is_read_predicts_to_the_last_bit(case, tmp_path):
    make, data = CASES[case]
    groups = np.array(["a", "b"])[np.arange(len(data)) % 2]
    fit = make().fit(data, groups=groups)
    path = tmp_path / "model"  # exactly this name
    fit.save(path, source="somewhere", shape=[4, 4])
    again = maxent_irl.load(path)
    assert type(again) is type(fit)
    assert again.notes_ == {"source": "somewhere", "shape": [4, 4]}
    states = np.arange(10)
    options = {"goals": 25} if data is TRIPS else {}
    options |= {} if fit.mdp.horizon is None else {"times": np.arange(10)}
    np.testing.assert_array_equal(again.predict_proba(states, **options), fit.predict_proba(states, **options))
    np.testing.assert_array_equal(again.score_samples(data), fit.score_samples(data))
    np.testing.assert_array_equal(again.reward_, fit.reward_)
    np.testing.assert_array_equal(again.feature_gap_, fit.feature_gap_)
    for kind in ("observed", "clustered"):
        np.testing.assert_allclose(
            again.coefficient_covariance(kind).matrix, fit.coefficient_covariance(kind).matrix, rtol=1e-9
        )
    assert str(again.summary()) == str(fit.summary())
    assert again.l2_ == fit.l2_
    assert again.fit_.demonstrations == data
    assert again.fit(data).coef_ == pytest.approx(fit.coef_, abs=1e-5)


def test_labels_weights_and_what_is_unbounded_come_back(tmp_path):
    paths = [(["den", "hill", "den"], ["go", "go"]), (["hill", "den"], ["go"]), (["den", "den"], ["stay"])]
    demos = Demonstrations(paths, weights=[1.0, 2.0, 1.0], ids=["ann", "bob", ("cid", 1)])
    mdp = maxent_irl.MDP.from_demonstrations(demos, discount=0.9, smoothing=0.1)
    with pytest.warns(UserWarning, match="no finite maximum"):
        fit = MaxEntIRL(mdp, np.eye(2)[:, :1], feature_names=["den"]).fit(demos[[0, 1]])
    fit.save(tmp_path / "m.npz")
    again = maxent_irl.load(tmp_path / "m.npz")
    assert again.fit_.demonstrations.state_labels == ("den", "hill")
    assert again.fit_.demonstrations.ids == ("ann", "bob")
    np.testing.assert_array_equal(again.fit_.recession.signs, fit.fit_.recession.signs)
    assert np.isnan(again.standard_errors_[0])


def test_other_programs_read_the_arrays(tmp_path):
    fit = MaxEntIRL(WORLD.mdp, FEATURES).fit(WALKS)
    fit.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["coef"], fit.coef_)
        np.testing.assert_array_equal(arrays["standard_errors"], fit.standard_errors_)
        np.testing.assert_array_equal(arrays["policy"], fit.policy_)
        assert json.loads(str(arrays["feature_names"])) == ["feature 0", "feature 1", "feature 2"]


def test_files_that_are_no_models(tmp_path):
    path = tmp_path / "m.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"m\.npz is not a readable .npz file"):
        maxent_irl.load(path)
    WALKS.save(path)
    with pytest.raises(ValueError, match=r"m\.npz holds no fitted model of this version"):
        maxent_irl.load(path)
    MaxEntIRL(WORLD.mdp, FEATURES).fit(WALKS).save(path)
    with np.load(path) as file:
        arrays = dict(file)
    for key in ("mdp", "demonstrations", "coef", "options", "features.shape"):
        with open(path, "wb") as file:
            np.savez(file, **{name: value for name, value in arrays.items() if name != key})
        with pytest.raises(ValueError, match=r"m\.npz is damaged"):
            maxent_irl.load(path)


def test_estimators_that_files_do_not_hold(tmp_path):
    class Mine(MaxEntIRL):
        pass

    with pytest.raises(ValueError, match="Mine has no file format: .* joblib.dump"):
        Mine(WORLD.mdp, FEATURES).fit(WALKS).save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="not fitted"):
        MaxEntIRL(WORLD.mdp, FEATURES).save(tmp_path / "m.npz")
