"""One row per estimator that learns a reward as a function of inputs, small enough for tests."""

import importlib.util

import pytest
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.tree import DecisionTreeRegressor

from maxent_irl.estimators import BoostedIRL, GaussianProcessIRL, NetworkIRL

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed: the extra [torch] brings it"
)


def gaussian_process(mdp, inputs, **options):
    kernel = ConstantKernel(1.0, (0.1, 10.0)) * RBF(1.0, (0.3, 10.0))
    defaults = {"inducing": 8, "random_state": 0, "max_iter_hyperparameters": 50}
    return GaussianProcessIRL(mdp, inputs, kernel, **{**defaults, **options})


def boosted(mdp, inputs, **options):
    defaults = {"n_estimators": 5, "validation_fraction": None, "learning_rate": 0.5, "random_state": 0}
    return BoostedIRL(mdp, inputs, DecisionTreeRegressor(max_depth=2), **{**defaults, **options})


def network(mdp, inputs, **options):
    import torch

    D = inputs.shape[-1]
    module = torch.nn.Sequential(torch.nn.Linear(D, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    defaults = {"optimizer": "lbfgs", "weight_decay": 0.1, "random_state": 0, "tol": 1e-5}
    return NetworkIRL(mdp, inputs, module, **{**defaults, **options})


MAKERS = [
    pytest.param(gaussian_process, id="gaussian process"),
    pytest.param(boosted, id="boosted"),
    pytest.param(network, id="network", marks=needs_torch),
]
