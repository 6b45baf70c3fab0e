"""What holds for every estimator that learns a reward as a function of inputs: one table of them."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from learners import MAKERS
from oracles import KINDS, costly_features, problem_of_kind, random_demos, random_prior
from packaged import as_demonstrations, as_mdp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import StandardScaler

from maxent_irl import MDP, Demonstrations, sample_demonstrations, soft_value_iteration
from maxent_irl.plotting import estimator_map, plot_recovery
from maxent_irl.report import write_report
from maxent_irl.worlds import GridWorld

makers = pytest.mark.parametrize("make", MAKERS)


@makers
@pytest.mark.parametrize("per_state", [True, False])
@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_horizon_and_inference(make, kind, inference, per_state):
    """The fit improves on where it starts, and its likelihood is that of its policy."""
    rng = np.random.default_rng(5)
    problem = problem_of_kind(kind)
    mdp, demonstrations = as_mdp(problem), as_demonstrations(random_demos(rng, problem, 12, 4))
    inputs, _ = costly_features(rng, problem, per_state=per_state)
    prior = random_prior(rng, problem)
    model = make(mdp, inputs, inference=inference, temperature=0.8, action_prior=prior).fit(demonstrations)
    assert model.reward_.shape == inputs.shape[:-1]
    total = model.fit_.point.value / 0.8 + model.fit_.objective.log_prior
    assert model.log_likelihood_ == pytest.approx(total, abs=1e-7)
    assert model.loss_curve_[-1] <= model.loss_curve_[0] + 1e-12
    n_decisions = demonstrations.weights @ demonstrations.lengths
    assert model.score(demonstrations) == pytest.approx(model.log_likelihood_ / n_decisions, abs=1e-9)
    assert model.score_samples(demonstrations).shape == (12,)
    times = None if mdp.horizon is None else [0, 0]
    np.testing.assert_allclose(model.predict_proba([0, 1], times).sum(axis=1), 1.0, atol=1e-9)


@pytest.fixture
def grid():
    world = GridWorld((4, 5), goals=(), discount=0.9)
    inputs = world.features("coordinates")
    reward = np.where(np.asarray(inputs)[:, 0] > 1, 1.0, 0.0)
    policy = soft_value_iteration(world.mdp, reward).policy
    return (
        world,
        np.asarray(inputs, dtype=float),
        sample_demonstrations(world.mdp, policy, 40, max_steps=8, random_state=0),
    )


@makers
def test_scikit_learn_conventions(make, grid):
    world, inputs, demonstrations = grid
    model = make(world.mdp, inputs, transformer=StandardScaler())
    with pytest.raises(NotFittedError):
        model.predict_reward(inputs)
    copy = clone(model)
    assert copy.mdp is world.mdp
    fitted = model.fit(demonstrations)
    assert fitted is model
    np.testing.assert_array_equal(copy.fit(demonstrations).reward_, model.reward_)
    np.testing.assert_allclose(model.predict_reward(inputs), model.reward_, atol=1e-12)
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.predict_reward(inputs), model.predict_reward(inputs))
    assert other.score(demonstrations) == model.score(demonstrations)
    assert model.score(demonstrations) > -np.log(world.mdp.n_actions)
    assert cross_val_score(model, demonstrations, cv=2).shape == (2,)


@makers
def test_grid_search_over_trajectories(make, grid):
    world, inputs, demonstrations = grid
    search = GridSearchCV(make(world.mdp, inputs, transformer=StandardScaler()), {"temperature": [1.0, 50.0]}, cv=2)
    search.set_params(estimator__transformer__with_mean=False)
    assert np.isfinite(search.fit(demonstrations).best_score_)


@makers
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_goals(make, discount):
    """With discount 1 one factorisation serves all goals; otherwise each goal is solved by itself."""
    ring = np.stack([(np.arange(9) + step) % 9 for step in (1, -1, 2)], axis=1)
    mdp = MDP.from_successors(ring, discount=discount, terminal=[] if discount == 1.0 else None)
    inputs = np.stack([np.arange(9.0) % 4, np.arange(9.0) > 5], axis=1)
    trips = [([0, 1, 2, 4], [0, 0, 2]), ([8, 7, 6, 5], [1, 1, 1]), ([4, 5, 7], [0, 2]), ([3, 2, 4], [1, 2])]
    demonstrations = Demonstrations(trips, goals=[4, 5, 7, 4])
    model = make(mdp, inputs).fit(demonstrations)
    assert np.isfinite(model.log_likelihood_)
    assert model.loss_curve_[-1] <= model.loss_curve_[0] + 1e-12
    assert model.predict_proba([8], goals=0).shape == (1, 3)
    assert model.score_samples(demonstrations).shape == (4,)
    assert model.fit_.point.value == pytest.approx(model.log_likelihood_, abs=1e-7)


@makers
def test_progress_and_warm_starts(make, grid):
    world, inputs, demonstrations = grid
    seen = []
    model = make(world.mdp, inputs, callback=seen.append, warm_start=True).fit(demonstrations)
    assert [progress.iteration for progress in seen[:2]] == [0, 1]
    assert np.isfinite([progress.loss for progress in seen]).all()
    work, log_likelihood = getattr(model, "n_evaluations_", model.n_iter_), model.log_likelihood_
    model.set_params(callback=None).fit(demonstrations)
    assert getattr(model, "n_evaluations_", model.n_iter_) < work
    assert model.log_likelihood_ >= log_likelihood - 0.1


@makers
def test_displays_and_report(make, grid, tmp_path):
    world, inputs, demonstrations = grid
    model = make(world.mdp, inputs).fit(demonstrations)
    estimator_map(model, world).plot()
    plot_recovery(model, world)
    write_report(tmp_path / "page.html", model, demonstrations, world=world)
    assert model.reward_description_ in (tmp_path / "page.html").read_text()
    assert (tmp_path / "page.html").stat().st_size > 10_000
    assert "Log-likelihood" in str(model.summary())


@makers
def test_inputs_that_are_never_read_may_be_anything(make):
    mdp = MDP.from_successors([[1, -1], [2, 0], [-1, -1]], terminal=[2], discount=0.9)
    inputs = np.arange(12.0).reshape(3, 2, 2)
    inputs[2] = np.nan
    inputs[0, 1] = np.inf
    model = make(mdp, inputs).fit([([0, 1, 2], [0, 0]), ([1, 0, 1, 2], [1, 0, 0])])
    assert np.isfinite(model.reward_).all()


def test_without_torch_the_rest_works():
    """A process in which torch cannot be imported: the package imports, other estimators fit, and the extra is named."""
    program = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, NoTorch())
import numpy as np
from maxent_irl import BoostedIRL, MDP, NetworkIRL
mdp = MDP.from_successors([[0, 1], [1, 0]], discount=0.9)
BoostedIRL(mdp, np.eye(2), n_estimators=1, validation_fraction=None).fit([([0, 1], [1])])
try:
    NetworkIRL(mdp, np.eye(2), None).fit([([0, 1], [1])])
except ImportError as error:
    assert "maxent_irl[torch]" in str(error), error
else:
    raise AssertionError("no error")
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
