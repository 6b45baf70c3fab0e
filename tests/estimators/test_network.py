"""Networks: a linear one against MaxEntIRL, gradients against differences, images, ensembles, seeds, files, divergence."""

import numpy as np
import pytest
from oracles import KINDS, costly_features, difference_jacobian, problem_of_kind, random_demos
from packaged import as_demonstrations, as_mdp
from sklearn.exceptions import ConvergenceWarning

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.estimators import NetworkIRL
from maxent_irl.worlds import BinaryWorld, GridWorld

torch = pytest.importorskip("torch", reason="torch is not installed: the extra [torch] brings it")
nn = torch.nn


def mlp(D, width=8):
    return nn.Sequential(nn.Linear(D, width), nn.Tanh(), nn.Linear(width, 1))


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "undiscounted" not in kind])
def test_a_linear_module_is_a_linear_fit(kind, inference):
    rng = np.random.default_rng(6)
    problem = problem_of_kind(kind)
    features, _ = costly_features(rng, problem)
    mdp, demonstrations = as_mdp(problem), as_demonstrations(random_demos(rng, problem, 15, 4))
    linear = MaxEntIRL(mdp, features, objective="likelihood", l2=20.0, tol=1e-10, inference=inference).fit(
        demonstrations
    )
    module = nn.Linear(3, 1, bias=False)
    model = NetworkIRL(
        mdp, features, module, optimizer="lbfgs", weight_decay=20.0, tol=1e-7, max_epochs=2000, inference=inference
    )
    model.fit(demonstrations)
    if model.offset_ == 0.0:
        np.testing.assert_allclose(model.coef_, linear.coef_, atol=1e-6)
        np.testing.assert_allclose(model.predict_proba([0], None if mdp.horizon is None else [0]).sum(), 1.0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("per_state", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient(kind, per_state):
    rng = np.random.default_rng(6)
    problem = problem_of_kind(kind)
    inputs, _ = costly_features(rng, problem, per_state=per_state)
    demonstrations = as_demonstrations(random_demos(rng, problem, 8, 4))
    model = NetworkIRL(
        as_mdp(problem),
        inputs,
        mlp(3, 3),
        n_members=2,
        optimizer="lbfgs",
        weight_decay=1.0,
        max_epochs=2,
        random_state=0,
    )
    model.fit(demonstrations)
    task = model.fit_.objective
    expected = difference_jacobian(lambda theta: np.array([task.at(theta).value]), model.coef_)[0]
    np.testing.assert_allclose(task.at(model.coef_).gradient, expected, atol=1e-6)


@pytest.fixture(scope="module")
def world():
    return BinaryWorld(8, random_state=0)


@pytest.fixture(scope="module")
def demonstrations(world):
    policy = soft_value_iteration(world.mdp, world.reward, temperature=0.2).policy
    return sample_demonstrations(world.mdp, policy, 60, max_steps=8, random_state=0)


def test_early_stopping_and_seeds(world, demonstrations):
    options = {"max_epochs": 1000, "patience": 15, "learning_rate": 0.02, "n_members": 2}
    model = NetworkIRL(world.mdp, world.features(), mlp(9), random_state=0, **options).fit(demonstrations)
    again = NetworkIRL(world.mdp, world.features(), mlp(9), random_state=0, **options).fit(demonstrations)
    np.testing.assert_array_equal(model.coef_, again.coef_)
    other = NetworkIRL(world.mdp, world.features(), mlp(9), random_state=1, **options).fit(demonstrations)
    assert np.abs(other.coef_ - model.coef_).max() > 0.01
    assert model.converged_
    assert all(training.patience.exhausted for training in model.trainings_)
    assert model.score(demonstrations) > -np.log(world.mdp.n_actions)
    mean, std = model.predict_reward(BinaryWorld(8, random_state=1).features(), return_std=True)
    assert mean.shape == std.shape == (64,)
    assert (std > 0).all()


def test_a_convolution_sees_the_grid_as_an_image(world, demonstrations):
    blue = world.blue[:, None].astype(float)
    module = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.Tanh(), nn.Conv2d(6, 1, 1))
    image = NetworkIRL(
        world.mdp, blue, module, image_shape=(8, 8), random_state=0, max_epochs=40, validation_fraction=None
    )
    with pytest.warns(ConvergenceWarning, match="max_epochs=40"):
        image.fit(demonstrations)
    assert image.loss_curve_[-1] < image.loss_curve_[0]
    np.testing.assert_allclose(image.predict_reward(blue.reshape(8, 8, 1)).ravel(), image.reward_, atol=1e-12)
    other = BinaryWorld((6, 10), random_state=3)
    assert image.predict_reward(other.blue.reshape(6, 10, 1).astype(float)).shape == (6, 10)
    # The same function of patches, cell by cell.
    weight, bias = module[0].weight, module[0].bias
    patches = nn.Sequential(nn.Linear(9, 6), nn.Tanh(), nn.Linear(6, 1)).double()
    with torch.no_grad():
        fitted = image.members_[0]
        patches[0].weight.copy_(fitted[0].weight.reshape(6, 9)), patches[0].bias.copy_(fitted[0].bias)
        patches[2].weight.copy_(fitted[2].weight.reshape(1, 6)), patches[2].bias.copy_(fitted[2].bias)
        by_patch = patches(torch.as_tensor(world.features())).numpy().ravel()
    np.testing.assert_allclose(image.reward_, by_patch, atol=1e-12)
    assert (weight.shape, bias.shape) == ((6, 1, 3, 3), (6,)), "the module that was given is not changed"


def test_a_world_with_walls_says_where_its_states_lie():
    world = GridWorld.from_text("S.#\n..G", discount=0.9)
    inputs = np.ones((world.n_states, 1))
    policy = soft_value_iteration(world.mdp, np.zeros(world.n_states)).policy
    paths = sample_demonstrations(world.mdp, policy, 5, max_steps=4, random_state=0)
    model = NetworkIRL(
        world.mdp, inputs, nn.Conv2d(1, 1, 3, padding=1), image_shape=world, optimizer="lbfgs", weight_decay=1.0
    )
    assert model.fit(paths).reward_.shape == (world.n_states,)
    with pytest.raises(ValueError, match=r"image_shape=\(2, 3\) has 6 cells and the MDP 5 states: give the GridWorld"):
        model.set_params(image_shape=(2, 3)).fit(paths)


def test_saved_parameters_are_read_without_pickle(world, demonstrations, tmp_path):
    options = {"random_state": 0, "optimizer": "lbfgs", "weight_decay": 1.0, "tol": 1e-3, "n_members": 2}
    model = NetworkIRL(world.mdp, world.features(), mlp(9), **options).fit(demonstrations)
    with pytest.raises(ValueError, match="joblib"):
        model.save(tmp_path / "model.npz")
    model.save_networks(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as file:
        assert "0/0.weight" in file.files
    other = NetworkIRL(world.mdp, world.features(), mlp(9), warm_start=True, **options).load_networks(
        tmp_path / "network.npz"
    )
    fresh = BinaryWorld(8, random_state=1).features()
    for left, right in zip(
        model.predict_reward(fresh, return_std=True), other.predict_reward(fresh, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(left, right)
    assert other.fit(demonstrations).n_iter_ == 0
    with pytest.raises(ValueError, match="holds the parameters of another module"):
        NetworkIRL(world.mdp, world.features(), mlp(9, 4)).load_networks(tmp_path / "network.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(1))
    with pytest.raises(ValueError, match="does not hold the parameters of a NetworkIRL"):
        model.load_networks(tmp_path / "other.npz")


def test_divergence_keeps_the_last_finite_parameters(world, demonstrations):
    explode = NetworkIRL(
        world.mdp,
        world.features(),
        mlp(9),
        random_state=0,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=1e300),
    )
    with pytest.warns(ConvergenceWarning, match="training diverged in epoch 1.*lower learning_rate"):
        explode.fit(demonstrations)
    assert np.isfinite(explode.coef_).all()
    assert np.isfinite(explode.reward_).all()
    assert not explode.converged_


def test_dropout_and_batch_normalisation_are_off_in_predictions(world, demonstrations):
    module = nn.Sequential(nn.Linear(9, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
    model = NetworkIRL(world.mdp, world.features(), module, random_state=0, patience=10, max_epochs=200)
    model.fit(demonstrations)
    np.testing.assert_allclose(model.predict_reward(world.features()), model.reward_, atol=1e-12)
