"""Confidence intervals, as displays draw them."""

from __future__ import annotations

from scipy.special import ndtri


def normal_quantile(confidence: float) -> float:
    """Half width, in standard errors, of the normal interval that covers with this probability."""
    return float(ndtri(0.5 + confidence / 2))


def interval_name(confidence: float) -> str:
    """What a key calls such an interval."""
    return f"{confidence:.0%} interval"
