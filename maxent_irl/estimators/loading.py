"""Fitted estimators read from the files that they wrote."""

from __future__ import annotations

import inspect
import json
import os
from dataclasses import replace

from numpy.typing import NDArray

from ..demonstrations import Demonstrations
from ..demonstrations.labels import from_json
from ..inference.agent import SoftSolution
from ..likelihood.recession import Recession
from ..mdp import MDP
from ..mdp.files import read_arrays
from .files import FILE_FORMAT, features_from_arrays, unpacked
from .maxent import MaxEntIRL
from .receding_horizon import RecedingHorizonIRL

CLASSES: dict[str, type[MaxEntIRL]] = {"MaxEntIRL": MaxEntIRL, "RecedingHorizonIRL": RecedingHorizonIRL}


def load(path: str | os.PathLike) -> MaxEntIRL:
    """Read a fitted estimator that its ``save`` wrote; nothing in the file is executed.

    Returns
    -------
    MaxEntIRL or RecedingHorizonIRL
        As it was after `fit`. What was noted beside it is in ``notes_``.

    Raises
    ------
    ValueError
        For truncated files and files of another kind, naming the file.
    """
    name, arrays = os.fspath(path), read_arrays(path)
    if str(arrays.get("format", "")) != FILE_FORMAT:
        raise ValueError(
            f"{name} holds no fitted model of this version: write one with the save() of a fitted estimator"
        )
    try:
        return _restored(arrays)
    except (KeyError, TypeError, IndexError, json.JSONDecodeError) as error:
        raise ValueError(f"{name} is damaged: {type(error).__name__} {error}") from None
    except ValueError as error:
        raise ValueError(f"{name} is damaged: {error}") from None


def _restored(arrays: dict[str, NDArray]) -> MaxEntIRL:
    cls = CLASSES[str(arrays["estimator"])]
    names, options = json.loads(str(arrays["names"])), json.loads(str(arrays["options"]))
    given = {key: value for key, value in options.items() if key in inspect.signature(cls).parameters}
    mdp: MDP = unpacked(arrays["mdp"], MDP)
    features = features_from_arrays(arrays) if bool(arrays["named"]) else None
    estimator = cls(
        mdp,
        features,
        action_prior=arrays.get("action_prior"),
        feature_names=names if features is not None else None,
        **given,
    )
    demonstrations: Demonstrations = unpacked(arrays["demonstrations"], Demonstrations)
    groups, fitted = from_json(str(arrays["groups"])), json.loads(str(arrays["fitted"]))
    recession = None
    if "recession.span" in arrays:
        recession = Recession(arrays["recession.direction"], arrays["recession.span"])
    posed = estimator.posed(demonstrations, groups)
    fit = replace(posed, theta=arrays["coef"], names=names, l2=float(fitted["l2_"]), recession=recession)
    if "start" in arrays:
        start = arrays["start"]
        fit = replace(fit, start=list(start) if fit.has_goals else start)
    if "solution.V" in arrays:
        stored = {key.partition(".")[2]: value for key, value in arrays.items() if key.startswith("solution.")}
        fit = replace(fit, solution=SoftSolution.from_arrays(fit.agent, fit.reward, stored))
    estimator.fit_, estimator.coef_, estimator.reward_ = fit, fit.theta, fit.reward
    estimator.n_features_in_ = len(fit.theta)
    for key, value in fitted.items():
        setattr(estimator, key, value)
    estimator.loss_curve_, estimator.feature_gap_ = arrays["loss_curve_"].tolist(), arrays["feature_gap_"]
    estimator.notes_ = json.loads(str(arrays["notes"]))
    return estimator
