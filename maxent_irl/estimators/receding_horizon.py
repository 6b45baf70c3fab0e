"""Inverse reinforcement learning of travellers who plan with a receding horizon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from .._goal_systems import is_linear
from ..demonstrations import Demonstrations
from ..inference import SoftSolution
from ..receding_likelihood import RecedingGoals
from ..receding_policies import RecedingPolicies, check_planning_horizon
from ..rewards import LinearReward
from ..sufficient_statistics import sufficient_statistics
from ..task_sums import Likelihood
from ._solvers import Progress, equal_costs
from .maxent import MaxEntIRL


class RecedingHorizonIRL(MaxEntIRL):
    r"""Recover the costs of travellers who weigh their next H decisions softly and count on the shortest path after them.

    At every decision the plan is made anew: H soft steps, then the shortest path to the destination (RHIP, Barnes et al.). Large
    H is `MaxEntIRL`; H = 1 is a logit over the costs of going on by the shortest path (Bayesian IRL with an optimal
    continuation); H = 0 is the shortest path alone, for which decisions have no likelihood: `maxent_irl.receding_likelihood`
    gives its objective and gradient, "demonstrated minus shortest-path features", which need a margin to be of use (Ratliff et
    al. 2006). Small H is cheap, as soft steps are taken around the demonstrated routes only, and each goal costs one run of
    Dijkstra's algorithm.

    The objective is differentiable except where two paths are equally short. With ``objective="feature-matching"`` travellers
    plan once, where they start, and the objective is concave, but no likelihood of the decisions. Every covariance is then a
    sandwich with the scores of whole trips; log-likelihood, AIC and BIC are still of travellers who plan anew, whom the
    coefficients do not fit best; and likelihood-ratio tests are refused. The errors take the objective as smooth around its
    maximum. With few soft steps and few goals the maximum tends to lie at a kink: then the fit says that it did not converge, or
    its errors come out too large, and ``objective="likelihood"`` is the one to use.

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

    inference = "variational"  # without chance both kinds are one

    def __init__(
        self,
        mdp: Any,
        features: ArrayLike | None = None,
        *,
        planning_horizon: int = 10,
        temperature: float = 1.0,
        action_prior: ArrayLike | None = None,
        objective: str = "likelihood",
        l2: float = 0.0,
        solver: str = "auto",
        tol: float = 1e-6,
        max_iter: int | None = None,
        warm_start: bool = False,
        covariance: str = "observed",
        feature_names: Any = None,
        record_iterates: bool = False,
        callback: Callable[[Progress], None] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.mdp = mdp
        self.features = features
        self.planning_horizon = planning_horizon
        self.temperature = temperature
        self.action_prior = action_prior
        self.objective = objective
        self.l2 = l2
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.covariance = covariance
        self.feature_names = feature_names
        self.record_iterates = record_iterates
        self.callback = callback
        self.n_jobs = n_jobs

    def fit(
        self, X: Any, y: None = None, *, groups: ArrayLike | None = None, coef_init: ArrayLike | None = None
    ) -> RecedingHorizonIRL:
        """Recover the reward from demonstrations with goals; see `MaxEntIRL.fit`.

        Without `coef_init` it starts where every move costs about one temperature: at zero all paths are equally short.
        """
        self._check_parameters()
        if coef_init is None and not (self.warm_start and hasattr(self, "coef_")):
            coef_init = self.temperature * equal_costs(self.mdp, LinearReward(self.mdp, self.features))
        return super().fit(X, y, groups=groups, coef_init=coef_init)

    def goal_policies(self) -> RecedingPolicies:
        """The fitted reward's policies towards any goals: choices, trips, and the base of `maxent_irl.routes`."""
        return super().goal_policies()

    def solve(self, goal: int | None = None) -> SoftSolution:
        """Values and policy of plans towards a goal."""
        if goal is None:
            raise ValueError("every plan has a destination: pass goal=")
        return self.goal_policies().solve(goal)

    def _make_policies(self) -> RecedingPolicies:
        return RecedingPolicies(
            self.mdp,
            self.reward_,
            planning_horizon=self.planning_horizon,
            temperature=self.temperature,
            action_prior=self.action_prior,
            n_jobs=self.n_jobs,
        )

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

    def _nature_of_scores(self) -> tuple[bool, bool]:
        likely = self.objective == "likelihood"
        return likely, likely

    def _likelihood(self, demonstrations: Demonstrations, model: LinearReward) -> Likelihood:
        if demonstrations.goals is None:
            raise ValueError("the demonstrations have no goals: build them with Demonstrations(..., goals=...)")
        task = RecedingGoals(
            self.planning_horizon,
            self.mdp,
            model,
            sufficient_statistics(self.mdp, demonstrations, self.objective),
            demonstrations,
            temperature=self.temperature,
            action_prior=self.action_prior,
            inference=self.inference,
            n_jobs=self.n_jobs,
        )
        return Likelihood([task])
