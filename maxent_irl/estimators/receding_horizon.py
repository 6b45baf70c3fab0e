"""Inverse reinforcement learning of travellers who plan with a receding horizon."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..inference.agent import SoftSolution
from ..likelihood.objective import Objective
from ..likelihood.statistics import sufficient_statistics
from ..routes.receding_objective import RecedingGoals
from ..routes.receding_policies import RecedingPolicies, check_planning_horizon
from ..routes.systems import is_linear
from .bounded import maximise_within
from .fit import Fit
from .maxent import MaxEntIRL
from .optimisers import Loss, Optimum, equal_costs, features_of, minimise


@dataclass(frozen=True, eq=False, repr=False)
class RecedingFit(Fit):
    """A fitted reward of travellers who plan with a receding horizon.

    Attributes
    ----------
    planning_horizon : int
        Soft steps of a plan. All other attributes are those of `Fit`.
    """

    planning_horizon: int = 1

    def solve(self, goal: int | None = None) -> SoftSolution:
        """Values and policy of plans towards a goal."""
        if goal is None:
            raise ValueError("every plan has a destination: pass goal=")
        return self.goal_policies.solve(goal)

    @cached_property
    def goal_policies(self) -> RecedingPolicies:
        """The fitted reward's policies towards any goals."""
        return RecedingPolicies(
            self.agent.mdp,
            self.reward,
            planning_horizon=self.planning_horizon,
            temperature=self.agent.temperature,
            action_prior=self.agent.action_prior,
            n_jobs=self.n_jobs,
        )

    def objective_for(self, demonstrations: Demonstrations) -> Objective:
        """The same objective of other demonstrations."""
        if demonstrations.goals is None:
            raise ValueError("the demonstrations have no goals: build them with Demonstrations(..., goals=...)")
        statistics = sufficient_statistics(self.agent.mdp, demonstrations, self.weighting)
        shared = (self.agent, self.reward_model, statistics, demonstrations)
        return RecedingGoals(self.planning_horizon, *shared, n_jobs=self.n_jobs)


@dataclass(eq=False, repr=False)
class RecedingHorizonIRL(MaxEntIRL):
    r"""Recover the costs of travellers who weigh their next H decisions softly and then expect to take the shortest path.

    At every decision the plan is made anew: H soft steps, then the shortest path to the destination (RHIP, Barnes et al.).

    - Large H is `MaxEntIRL`.
    - H = 1 is a logit over the costs of each next step plus the shortest path from there (Bayesian IRL with an optimal
      continuation).
    - H = 0 is the shortest path alone, for which decisions have no likelihood. `maxent_irl.routes.receding_objective` gives its
      objective and gradient, "demonstrated minus shortest-path features", which need a margin (Ratliff et al. 2006).

    Small H is cheap: soft steps are taken around the demonstrated routes only, and each goal costs one run of Dijkstra's
    algorithm.

    The objective is differentiable except where two paths are equally short. With few soft steps and few goals the maximum tends
    to lie at such a kink. The fit then says that it did not converge, or its errors are too large; use
    ``objective="likelihood"`` there.

    With ``objective="feature-matching"`` travellers plan once, where they start. The objective is then concave, but it is no
    likelihood of the decisions. Every covariance is a sandwich with the scores of whole trips, and likelihood-ratio tests are
    refused. Log-likelihood, AIC and BIC remain those of travellers who plan anew, which these coefficients do not maximise.

    Parameters
    ----------
    mdp : MDP
        Undiscounted, deterministic, without an end of its own, such as that of a `RoadNetwork`; demonstrations bring goals.
    features : as for `MaxEntIRL`
        Costs: rewards must come out <= 0 on every move.
    planning_horizon : int >= 1
        H, soft steps.
    objective : "likelihood" or "feature-matching"
    temperature, action_prior, l2, solver, tol, max_iter, warm_start, covariance, feature_names, record_iterates, callback, n_jobs
        As for `MaxEntIRL`.

    Attributes
    ----------
    coef_, reward_, feature_gap_, log_likelihood_, loss_curve_, n_iter_, converged_, ...
        As for `MaxEntIRL`. `goal_policies` gives `RecedingPolicies`.

    Raises
    ------
    ValueError
        For other problems, for demonstrations without goals, and for bad input as `MaxEntIRL`.

    References
    ----------
    Barnes, M., Abueg, M., Lange, O. F., Deeds, M., Trader, J., Molitor, D., Wulfmeier, M. and O'Banion, S. (2024), Massively
    scalable inverse reinforcement learning in Google Maps, ICLR (arXiv:2305.11290). Ratliff, N. D., Bagnell, J. A. and Zinkevich,
    M. A. (2006), Maximum margin planning, ICML.
    """

    _: KW_ONLY
    planning_horizon: int = 10
    objective: str = "likelihood"
    inference: str = field(default="variational", init=False)  # dynamics are deterministic, so both kinds agree

    def _start(self, new: Fit, previous: Fit | None, coef_init: ArrayLike | None) -> tuple[NDArray, Any]:
        """Start where every move costs about one temperature: at zero all paths are equally short."""
        features = features_of(new.reward_model, np.zeros(new.reward_model.n_parameters))
        if coef_init is None and previous is None and features is not None:
            coef_init = self.temperature * equal_costs(self.mdp, features)
        return super()._start(new, previous, coef_init)

    def _minimise(self, loss: Loss, coef: NDArray, **options: Any) -> Optimum:
        """Without constraints first; where that stops on the bound of rewards <= 0, with them."""
        optimum = minimise(loss, coef, **options)
        features = features_of(loss.objective.reward_model, coef)
        if optimum.converged or features is None or optimum.point.inner is None:
            return optimum
        actions, states = np.nonzero(np.ascontiguousarray(self.mdp.available.T))
        moves = features.of_pairs(actions, states)
        dense = np.asarray(moves.toarray() if sparse.issparse(moves) else moves)
        optimum, free = maximise_within(optimum, dense)
        if len(free):
            s, a = int(states[free[0]]), int(actions[free[0]])
            warnings.warn(
                f"the maximum lies on the bound of rewards <= 0: {len(free)} kinds of move cost nothing, such as action {a} in "
                f"state {s}. The data would reward them, which shortest paths do not allow. Standard errors take the maximum for "
                "one inside the bound",
                UserWarning,
                stacklevel=3,
            )
        return optimum

    def _make_fit(self, **fields: Any) -> Fit:
        return RecedingFit(**fields, planning_horizon=self.planning_horizon)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if check_planning_horizon(self.planning_horizon) == 0:
            raise ValueError(
                "planning_horizon=0 leaves decisions no likelihood: the demonstrated route is the shortest or it is impossible; "
                "use at least 1"
            )
        if not is_linear(self.mdp):
            raise ValueError(
                "planning with a receding horizon is for undiscounted deterministic problems whose only ends are goals: build "
                "the MDP with discount=1 and terminal=[], or use a RoadNetwork; MaxEntIRL takes all others"
            )
