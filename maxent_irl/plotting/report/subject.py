"""Everything that one report is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import ArrayLike, NDArray

from ..fitted import has_errors, state_names, summary_of
from ..layouts import Layout, layout_of, mean_over_actions
from ..quantities import earned


@dataclass(frozen=True, eq=False)
class Subject:
    """A fit and what is known about it; attributes as the arguments of `write_report`."""

    estimator: Any
    demonstrations: Any
    world: Any
    true_reward: ArrayLike | None  # (S,) or (S, A)
    source: str
    dynamics: str
    command: str
    warnings: tuple[str, ...]
    state_names: Sequence[Any] | None  # S
    action_names: Sequence[Any] | None  # A
    steps: ArrayLike | None  # (A, 2)

    @cached_property
    def summary(self) -> Any:
        """Coefficients, statistics and notes of the fit, a FitSummary."""
        return summary_of(self.estimator)

    @cached_property
    def layout(self) -> Layout | None:
        """Where the states lie on a map; None: there is none."""
        return None if self.world is None else layout_of(self.world)

    @cached_property
    def values(self) -> NDArray:
        """Recovered reward of each place of the map, or of each state; NaN where nothing is decided."""
        reward = earned(self.estimator.reward_, self.estimator.mdp)
        if self.layout is not None:
            return self.layout.per_place(reward)
        return reward if reward.ndim == 1 else mean_over_actions(reward)

    @property
    def place_names(self) -> list[str]:
        """Names of the places of the map, or of the states."""
        if self.layout is not None and self.layout.place_names is not None:
            return self.layout.place_names
        return state_names(self.estimator) if self.state_names is None else [str(name) for name in self.state_names]

    @property
    def has_errors(self) -> bool:
        """Whether there are standard errors: not for very many coefficients."""
        return has_errors(self.estimator)
