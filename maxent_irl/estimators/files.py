"""Fitted estimators in ``.npz`` files: plain arrays and JSON text, nothing that has to be executed to be read.

A file holds what a fit is made of: the MDP, the features, the options, the demonstrations, the coefficients, and the solution of
the soft Bellman equation that the fit ended with. An estimator that was read predicts to the last bit what the one that was
written predicts. Everything else (errors, tests, the summary) is computed from these, as it is after a fit.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..demonstrations.labels import to_json
from ..mdp import MDP
from ..mdp.files import write_arrays
from ..rewards import Features, LinearReward

ESTIMATORS = ("MaxEntIRL", "RecedingHorizonIRL")
FILE_FORMAT = "maxent_irl.Model 1"
OF_THEIR_OWN = ("mdp", "features", "action_prior", "callback", "feature_names")  # parameters that are no plain values
NUMBERS = ("l2_", "n_iter_", "converged_", "n_decisions_", "n_trajectories_", "largest_gradient_", "log_likelihood_")
CURVES = ("loss_curve_", "feature_gap_")
READABLE = ("coef_", "reward_", "policy_", "value_", "visitations_", "standard_errors_", "covariance_")


def write_model(estimator: Any, path: str | os.PathLike, **notes: Any) -> None:
    """Write a fitted estimator to exactly this path; `maxent_irl.load` reads it.

    Parameters
    ----------
    estimator : fitted MaxEntIRL or RecedingHorizonIRL
        Its reward linear in features.
    path : path
    **notes
        What else to keep, as plain values: ``notes_`` of what is read gives it back.

    Raises
    ------
    ValueError
        For other estimators and rewards, and for labels that a file cannot hold.
    """
    name = type(estimator).__name__
    if name not in ESTIMATORS or type(estimator).__module__.split(".")[0] != __name__.split(".")[0]:
        raise ValueError(
            f"{name} has no file format: files hold {', '.join(ESTIMATORS)}. joblib.dump writes any estimator"
        )
    fit = estimator.fit_
    if not isinstance(fit.reward_model, LinearReward):
        raise ValueError(
            f"files hold rewards linear in features, and this one is a {type(fit.reward_model).__name__}: joblib.dump writes any "
            "estimator"
        )
    options = {key: value for key, value in estimator.get_params(deep=False).items() if key not in OF_THEIR_OWN}
    groups = None if fit.groups is None else tuple(fit.groups.tolist())
    arrays: dict[str, Any] = {
        "format": FILE_FORMAT,
        "estimator": name,
        "options": json.dumps(options),
        "names": json.dumps(fit.names),
        "named": estimator.features is not None,
        "groups": to_json(groups, "group"),
        "notes": json.dumps(notes),
        "fitted": json.dumps({key: getattr(estimator, key) for key in NUMBERS}),
        "mdp": _packed(estimator.mdp),
        "demonstrations": _packed(fit.demonstrations),
    }
    arrays |= {key: np.asarray(getattr(estimator, key)) for key in CURVES}
    if estimator.features is not None:
        arrays |= _features_to_arrays(fit.reward_model.features)
    if estimator.action_prior is not None:
        arrays["action_prior"] = np.asarray(estimator.action_prior, dtype=float)
    if fit.solution is not None:
        arrays |= {f"solution.{key}": value for key, value in fit.solution.arrays().items()}
    if fit.start is not None:
        arrays["start"] = np.asarray(fit.start)
    if fit.recession is not None:
        arrays |= {"recession.direction": fit.recession.direction, "recession.span": fit.recession.span}
    for key in READABLE:  # for other programs
        value = _if_there(estimator, key)
        if value is not None:
            arrays[key.rstrip("_")] = value
    arrays["feature_names"] = arrays["names"]
    write_arrays(path, {key: np.asarray(value) for key, value in arrays.items()})


def _if_there(estimator: Any, key: str) -> NDArray | None:
    """An attribute, or None where it does not exist: with goals, or with too many coefficients for errors."""
    try:
        return getattr(estimator, key)
    except (AttributeError, ValueError):
        return None


def _packed(part: MDP | Demonstrations) -> NDArray:
    """The bytes of the file that a part writes of itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.npz"
        part.save(path)
        return np.frombuffer(path.read_bytes(), dtype=np.uint8)


def unpacked(content: NDArray, kind: Any) -> Any:
    """The MDP or the demonstrations (`kind`) of the bytes that they wrote."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.npz"
        path.write_bytes(content.astype(np.uint8).tobytes())
        return kind.load(path)


def _features_to_arrays(features: Features) -> dict[str, Any]:
    """The feature matrix in storage order, and the shape of its rewards."""
    matrix, shape = features.matrix, np.array(features.shape)
    if not sparse.issparse(matrix):
        return {"features": matrix, "features.shape": shape}
    parts = {f"features.{part}": getattr(matrix, part) for part in ("data", "indices", "indptr")}
    return parts | {"features.size": np.array(matrix.shape), "features.shape": shape}


def features_from_arrays(arrays: dict[str, NDArray]) -> Any:
    """Features in a form that the constructor takes: sparse in storage order, dense by state, action and time."""
    if "features" not in arrays:
        parts = tuple(arrays[f"features.{part}"] for part in ("data", "indices", "indptr"))
        return sparse.csr_array(parts, shape=tuple(arrays["features.size"]))
    matrix, shape = arrays["features"], tuple(arrays["features.shape"])
    if len(shape) == 1:
        return matrix
    return np.swapaxes(matrix.reshape(*shape, -1), -3, -2)
