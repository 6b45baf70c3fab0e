"""Wrong arguments of the estimators that learn a reward as a function of inputs: call, and what the error says."""

import importlib.util

import numpy as np
from sklearn.cluster import KMeans
from sklearn.gaussian_process.kernels import RBF
from sklearn.neighbors import KNeighborsRegressor
from small_problems import INF, NAN, RING, with_entry

from maxent_irl import MDP
from maxent_irl.estimators import BoostedIRL, GaussianProcessIRL, NetworkIRL

MDP_ = MDP.from_successors(RING, discount=0.9)
INPUTS = np.arange(6.0).reshape(3, 2)
PATHS = [([0, 1, 1], [0, 1]), ([1, 2, 0], [0, 0])]


def gp(inputs=INPUTS, kernel=None, paths=PATHS, **options):
    return lambda: GaussianProcessIRL(MDP_, inputs, kernel, **options).fit(paths)


def boosted(estimator=None, inputs=INPUTS, paths=PATHS, **options):
    return lambda: BoostedIRL(MDP_, inputs, estimator, **options).fit(paths)


ROWS = {
    "learner: NaN input": (
        gp(with_entry(INPUTS, (1, 0), NAN)),
        r"inputs must be finite; it is nan at state 1, feature 0",
    ),
    "learner: infinite input": (boosted(inputs=with_entry(INPUTS, (2, 1), INF)), r"inputs must be finite.*state 2"),
    "learner: no inputs": (gp(None), r"inputs must be an array of shape"),
    "learner: inputs of other states": (gp(INPUTS[:2]), r"inputs must have shape \(3, K\).*got \(2, 2\)"),
    "learner: words as inputs": (gp([["a"], ["b"], ["c"]]), r"inputs must hold numbers"),
    "learner: no transformer": (gp(transformer="scale"), r"transformer must be a scikit-learn transformer.*'scale'"),
    "learner: groups": (
        lambda: GaussianProcessIRL(MDP_, INPUTS).fit(PATHS, groups=[1]),
        r"groups must hold one label per trajectory, shape \(2,\)",
    ),
    "learner: temperature": (boosted(temperature=0.0), r"temperature must be finite and positive"),
    "learner: callback": (boosted(callback=3), r"callback must be a function that takes a Progress"),
    "learner: inference": (gp(inference="approximate"), r"inference must be one of"),
    "learner: new inputs of other columns": (
        lambda: GaussianProcessIRL(MDP_, INPUTS, optimizer=None).fit(PATHS).predict_reward(np.ones((4, 3))),
        r"inputs must have 2 columns, as those of the fit.*got \(4, 3\)",
    ),
    "learner: new inputs are not finite": (
        lambda: GaussianProcessIRL(MDP_, INPUTS, optimizer=None).fit(PATHS).predict_reward([[1.0, NAN]]),
        r"inputs must be finite; it is nan at state 0, column 1",
    ),
    "kernel: no kernel": (gp(kernel="rbf"), r"kernel must be one of sklearn\.gaussian_process\.kernels.*'rbf'"),
    "kernel: without bounds": (
        gp(kernel=RBF(1.0, (0.1, INF))),
        r"kernel's length_scale has the bounds.*finite bounds > 0",
    ),
    "kernel: bounds of zero": (gp(kernel=RBF(1.0, (0.0, 1.0))), r"kernel's length_scale has the bounds"),
    "kernel: of other columns": (gp(kernel=RBF([1.0, 1.0, 1.0])), r"kernel does not fit inputs of 2 columns"),
    "GP: optimizer": (gp(optimizer="sgd"), r"optimizer must be 'fmin_l_bfgs_b'.*'sgd'"),
    "GP: inducing": (gp(inducing=0), r"inducing must be a positive integer; got 0"),
    "GP: inducing inputs of other columns": (gp(inducing=np.ones((2, 3))), r"inputs must have 2 columns.*got \(2, 3\)"),
    "GP: NaN inducing input": (gp(inducing=[[NAN, 1.0]]), r"inducing must be finite; it is nan at row 0, column 0"),
    "GP: restarts": (gp(n_restarts_optimizer=-1), r"n_restarts_optimizer must be an integer, 0 or more"),
    "GP: tol": (gp(tol=0.0), r"tol must be a number > 0"),
    "boosting: no regressor": (boosted(KMeans()), r"estimator must be a scikit-learn regressor"),
    "boosting: no weights": (boosted(KNeighborsRegressor()), r"whose fit takes sample_weight; got KNeighbors"),
    "boosting: learning rate": (boosted(learning_rate=1.5), r"learning_rate must lie in \(0, 1\]; got 1\.5"),
    "boosting: stages": (boosted(n_estimators=2.5), r"n_estimators must be an integer, 0 or more; got 2\.5"),
    "boosting: fraction": (boosted(validation_fraction=1.0), r"validation_fraction must lie in \(0, 1\); got 1\.0"),
    "boosting: one trajectory to divide": (
        boosted(paths=PATHS[:1]),
        r"one trajectory cannot be divided.*give validation=, or validation_fraction=None",
    ),
    "boosting: deviations": (
        lambda: boosted(validation_fraction=None, n_estimators=1)().predict_reward(INPUTS, return_std=True),
        r"boosted trees have no standard deviation.*use GaussianProcessIRL",
    ),
    "boosting: l2": (boosted(l2=-1.0), r"l2 must be a number >= 0; got -1\.0"),
}

if importlib.util.find_spec("torch") is not None:
    import torch
    from torch import nn

    class Constant(nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = nn.Parameter(torch.tensor(value))

        def forward(self, x):
            return self.value * torch.ones(len(x), dtype=x.dtype)

    def network(module, inputs=INPUTS, paths=PATHS, **options):
        return lambda: NetworkIRL(MDP_, inputs, module, **options).fit(paths)

    ROWS |= {
        "network: no module": (network("mlp"), r"module must be a torch\.nn\.Module; got 'mlp'"),
        "network: nothing to learn": (network(nn.ReLU()), r"module has no parameters to learn"),
        "network: output": (
            network(nn.Linear(2, 3)),
            r"module returns the shape \(3, 3\) for inputs \(3, 2\): it must be \(3, 1\), one reward per row",
        ),
        "network: not finite": (network(Constant(NAN)), r"module returns nan at row 0: rewards must be finite"),
        "network: optimizer": (
            network(nn.Linear(2, 1), optimizer="adam"),
            r"optimizer must be 'adamw', 'lbfgs' or a func",
        ),
        "network: epochs": (network(nn.Linear(2, 1), max_epochs=0), r"max_epochs must be a positive integer; got 0"),
        "network: members": (network(nn.Linear(2, 1), n_members=0), r"n_members must be a positive integer; got 0"),
        "network: weight decay": (network(nn.Linear(2, 1), weight_decay=-1.0), r"weight_decay must be a number >= 0"),
        "network: image of another size": (
            network(nn.Conv2d(2, 1, 1), image_shape=(2, 2)),
            r"image_shape=\(2, 2\) has 4 cells and the MDP 3 states",
        ),
        "network: image output": (
            network(nn.Conv2d(2, 1, (1, 2)), image_shape=(1, 3)),
            r"module returns the shape \(1, 1, 1, 2\) for an image \(1, 2, 1, 3\).*one reward per cell",
        ),
        "network: image of pairs": (
            network(nn.Conv2d(2, 1, 1), np.ones((3, 3, 2)), image_shape=(1, 3)),
            r"with image_shape the inputs are those of the cells",
        ),
        "network: deviations of one": (
            lambda: network(nn.Linear(2, 1), optimizer="lbfgs", weight_decay=1.0)().predict_reward(
                INPUTS, return_std=True
            ),
            r"one network has no standard deviation.*n_members=5",
        ),
    }
