"""What a fit means, in words for readers who are no statisticians: what was seen, found, how sure it is, and what to do."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...uncertainty.maps import constant_is_free
from ..kinds import kinds_of
from ..names import short
from .page import element
from .subject import Subject

MOST_NAMED = 4  # names in one sentence
MANY = 12  # coefficients; of more only the extreme ones are named
SURE = 1.96  # standard errors


def plain_summary(subject: Subject) -> ET.Element:
    """A box of short sentences."""
    rows = [
        ("What was seen. ", seen(subject)),
        ("What was found. ", found(subject)),
        ("How well it predicts. ", prediction(subject)),
        ("How sure it is. ", certainty(subject)),
        ("What to do. ", advice(subject)),
    ]
    return element(
        "div", element("ul", *(element("li", element("b", lead), words) for lead, words in rows)), class_="summary"
    )


def listed(names: list[str]) -> str:
    """Names in a sentence; of many the first and how many more."""
    shown = [short(name) for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        return f"{', '.join(shown)} and {len(names) - MOST_NAMED} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def seen(subject: Subject) -> str:
    """What the demonstrations are."""
    data = subject.demonstrations
    n_goals = 0 if data.goals is None else np.unique(data.goals).size
    goals = "" if not n_goals else ", towards one goal" if n_goals == 1 else f", towards {n_goals:,} different goals"
    many = "s" if len(data) != 1 else ""
    return f"{len(data):,} demonstration{many} with {data.n_decisions:,} decisions{goals}."


def found(subject: Subject) -> str:
    """What is sought and what is avoided."""
    columns = subject.summary.coefficients
    names, coef, errors = columns["feature"], subject.estimator.coef_, np.array(columns["standard_error"])
    kinds = kinds_of(subject.estimator)
    if kinds:
        names, coef = [kind.name for kind in kinds], np.array([kind.reward for kind in kinds])
        errors = np.array([kind.error for kind in kinds])
    elif len(names) > MANY or getattr(subject.estimator, "features", None) is None:
        if not np.isfinite(subject.values).any():
            return "No place has a reward."
        places, values = subject.place_names, subject.values
        high, low = int(np.nanargmax(values)), int(np.nanargmin(values))
        return f"The reward is highest at {short(places[high])} and lowest at {short(places[low])}."
    else:
        sides = feature_sides(subject)
        coef = np.where(sides < 0, -coef, coef)
        names = [name if side else f"more {name}" for name, side in zip(names, sides, strict=True)]
    sure = np.array(columns["determined"]) & ~(np.abs(coef) <= SURE * errors)
    order = np.argsort(-np.abs(coef), kind="stable")
    liked = [names[k] for k in order if sure[k] and coef[k] > 0]
    disliked = [names[k] for k in order if sure[k] and coef[k] < 0]
    if not liked and not disliked:
        return "Nothing is known to be sought or avoided."
    return f"Sought: {listed(liked) if liked else 'nothing'}. Avoided: {listed(disliked) if disliked else 'nothing'}."


def feature_sides(subject: Subject) -> NDArray:
    """1 for features that are never negative, -1 for those that are never positive, such as costs, 0 for others; (K,)."""
    matrix = subject.estimator.fit_.point.features.matrix
    low, high = (
        np.asarray(end.toarray() if sparse.issparse(end) else end).ravel()
        for end in (matrix.min(axis=0), matrix.max(axis=0))
    )
    return np.where(low >= 0, 1, np.where(high <= 0, -1, 0))


def prediction(subject: Subject) -> str:
    """How probable the model finds what was done."""
    statistics = subject.summary.statistics
    ours, guess, best = (
        np.exp(statistics[f"{name}_per_decision"]) for name in ("log_likelihood", "uniform", "empirical")
    )
    return (
        f"The model gives the decisions that were taken a probability of {ours:.0%} each (geometric mean). "
        f"Choosing at random gives {guess:.0%}; no model of these decisions can give more than {best:.0%}."
    )


def certainty(subject: Subject) -> str:
    """For how many coefficients the sign is known."""
    if not subject.has_errors:
        return "There are no standard errors, because there are very many coefficients."
    columns = subject.summary.coefficients
    errors, determined = np.array(columns["standard_error"]), np.array(columns["determined"])
    sure = determined & ~(np.abs(subject.estimator.coef_) <= SURE * errors)
    words = f"For {sure.sum():,} of {len(sure):,} coefficients it is known whether they are positive or negative."
    if (~determined).any():
        words += f" The demonstrations do not determine {(~determined).sum():,} of them."
    return words


def advice(subject: Subject) -> str:
    """What follows for the reader."""
    if not subject.estimator.converged_:
        return "Do not use these numbers. Fit again with more iterations, or read the warnings below for the cause."
    words = []
    columns = subject.summary.coefficients
    errors, determined = np.array(columns["standard_error"]), np.array(columns["determined"])
    names = columns["feature"]
    if (~determined).any():
        words.append(
            f"Do not read the values of {listed([names[k] for k in np.flatnonzero(~determined)])}: the demonstrations say "
            "nothing about them."
        )
    open_ = [names[k] for k in np.flatnonzero(determined & (np.abs(subject.estimator.coef_) <= SURE * errors))]
    if open_:
        words.append(
            f"To learn whether {listed(open_)} is sought or avoided, collect more demonstrations that meet it."
        )
    if constant_is_free(subject.estimator):
        words.append("Compare rewards with each other only: their common level means nothing.")
    if not words:
        words.append("The numbers can be used within their margins, for behaviour like that which was seen.")
    return " ".join(words)
