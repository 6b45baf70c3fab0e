"""The part of an estimator that holds for all demonstrations at once: one policy, its value and its visitations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..visitations import expected_visitations

if TYPE_CHECKING:
    from ..demonstrations import Demonstrations
    from ..inference import SoftSolution
    from ..mdp import MDP


class OnePolicy:
    """Mixin: policy, value and visitations of a fitted estimator; where the demonstrations had goals there are none.

    The estimator keeps the first two in a dictionary, which is empty where each goal has a policy of its own.
    """

    mdp: MDP
    _fitted_on: Demonstrations
    _of_all: dict[str, NDArray]

    def solve(self, goal: int | None = None) -> SoftSolution:
        raise NotImplementedError

    @property
    def policy_(self) -> NDArray:
        """(S, A) or (T, S, A) policy of the fitted reward."""
        return self._for_all("policy_")

    @property
    def value_(self) -> NDArray:
        """(S,) or (T + 1, S) soft value of the fitted reward."""
        return self._for_all("value_")

    @property
    def visitations_(self) -> NDArray:
        """(S, A) or (T, S, A) expected visitations of `policy_` from the demonstrated first states, per trajectory."""
        self._for_all("visitations_")
        if "visitations_" not in self._of_all:
            data, S = self._fitted_on, self.mdp.n_states
            first = np.bincount(data.states[data.offsets[:-1]], weights=data.weights, minlength=S)
            self._of_all["visitations_"] = expected_visitations(self.mdp, self.solve(), initial=first / first.sum())
        return self._of_all["visitations_"]

    def _for_all(self, name: str) -> Any:
        check_is_fitted(self)
        if not self._of_all:
            raise AttributeError(
                f"the demonstrations had goals, and so has every policy: there is no one {name}. Ask solve(goal=), "
                "goal_policies(), or predict_proba(..., goals=)"
            )
        return self._of_all.get(name)

    def _check_goal(self, goal: Any, argument: str) -> None:
        if goal is None and self._fitted_on.goals is not None:
            raise ValueError(f"the demonstrations had goals, and so has every policy: pass {argument}")
