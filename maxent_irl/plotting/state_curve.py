"""Reward and choices as functions of one state variable, such as the mileage of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..demonstrations.labelled import demonstrations_for
from ..inference.brief_repr import BriefRepr
from ..uncertainty import reward_map
from .axes import figure_and_axes_array, plain_frame, value_axis, whole_ticks
from .colours import FAINT, STYLES
from .fitted import action_names
from .intervals import draw_band, interval_name, normal_quantile
from .keys import key_above, title_above
from .quantities import earned, first_step
from .style import house_style

MOST_POINTS = 100  # observed choices of more states are summed over stretches of the variable


@dataclass(eq=False, repr=False)
class StateCurveDisplay(BriefRepr):
    """Reward over one state variable with its error band, above the choice probabilities.

    Make one with `from_values` or `from_estimator`.

    Parameters
    ----------
    x : (S,) array
        The state variable, increasing.
    reward : (S, C) array
        One curve per column.
    errors : (S, C) array or None
        Standard errors of the curves.
    probabilities : (S, A) array or None
    observed : (S, A) array or None
        How often each action was chosen in each state.
    curve_names, action_names : sequences of str
    x_label, reward_label, title : str
    confidence : float
        Level of the bands.

    Attributes
    ----------
    curves_ : list of Line2D, one per reward curve
    bands_ : list of fill-betweens, empty without errors
    choices_ : list of Line2D, one per action
    shares_ : list of PathCollections, observed shares
    axes_ : array of Axes
    ax_ : the first
    figure_ : Figure
    """

    x: NDArray  # (S,)
    reward: NDArray  # (S, C)
    _: KW_ONLY
    errors: NDArray | None = None  # (S, C)
    probabilities: NDArray | None = None  # (S, A)
    observed: NDArray | None = None  # (S, A)
    curve_names: Sequence[str]  # C
    action_names: Sequence[str]  # A
    x_label: str = "state"
    reward_label: str = "reward per decision"
    title: str = ""
    confidence: float = 0.95

    @classmethod
    def from_values(
        cls,
        x: ArrayLike,
        reward: ArrayLike,
        *,
        errors: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        observed: ArrayLike | None = None,
        curve_names: Sequence[str] | None = None,
        action_names: Sequence[str] | None = None,
        **options: Any,
    ) -> StateCurveDisplay:
        """Show given curves.

        Parameters
        ----------
        x : (S,) array
        reward : (S,) or (S, C) array
            NaN where there is none.
        errors : array like `reward`, optional
        probabilities : (S, A) array, optional
        observed : (S, A) array, optional
            Numbers of choices; drawn as shares, larger points for more choices.
        curve_names, action_names : as for the class, optional
        **options
            x_label, reward_label, title and confidence, as for the class.

        Raises
        ------
        ValueError
            For shapes that do not fit, naming the argument.
        """
        x = np.asarray(x, dtype=float)
        order = np.argsort(x, kind="stable")
        named = {"reward": reward, "errors": errors, "probabilities": probabilities, "observed": observed}
        tables: dict[str, Any] = {
            name: _rows(name, table, len(x))[order] for name, table in named.items() if table is not None
        }  # (S, C) or (S, A) each
        if "errors" in tables and tables["errors"].shape != tables["reward"].shape:
            raise ValueError(f"errors have shape {tables['errors'].shape}, the reward {tables['reward'].shape}")
        n_curves = tables["reward"].shape[1]
        n_actions = next((tables[name].shape[1] for name in ("observed", "probabilities") if name in tables), 0)
        actions = tuple(action_names or (f"action {i}" for i in range(n_actions)))
        same = n_curves == len(actions)
        curves = tuple(curve_names or (actions if same else (f"reward {i}" for i in range(n_curves))))
        if len(curves) != n_curves or len(actions) < n_actions:
            raise ValueError(
                f"{len(curves)} curve names for {n_curves} curves, {len(actions)} action names for {n_actions}"
            )
        return cls(x[order], tables.pop("reward"), curve_names=curves, action_names=actions, **tables, **options)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        x: ArrayLike | None = None,
        *,
        goal: int | None = None,
        demonstrations: Any = None,
        **options: Any,
    ) -> StateCurveDisplay:
        """Show the reward and the policy of a fitted estimator.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        x : (S,) array, optional
            Value of the state variable in each state; default the index of the state.
        goal : int, optional
            State that the choices head for; needed where the demonstrations had goals.
        demonstrations : Demonstrations, or what its constructor takes, optional
            What was chosen, to be drawn over the probabilities; of those with goals what was chosen on the way to `goal`. Labels
            stand for what they stood for in the fit.
        **options
            Names, labels, title and confidence as for `from_values`, actions being called by the labels that the demonstrations
            were read with; also `errors`, by default those of
            `maxent_irl.uncertainty.reward_map`, without centring; pass None where there are too many coefficients for them.
        """
        mdp = estimator.mdp
        x = np.arange(mdp.n_states) if x is None else x
        reward = np.asarray(estimator.reward_)
        reward = earned(reward, mdp) if reward.ndim == 2 else reward
        if "errors" not in options:
            options["errors"] = reward_map(estimator, centre=False).standard_error
        observed = None
        if demonstrations is not None:
            demonstrations = demonstrations_for(estimator, demonstrations)
            observed = np.zeros((mdp.n_states, mdp.n_actions))
            weights = demonstrations.weights
            if goal is not None and demonstrations.goals is not None:
                weights = np.where(demonstrations.goals == goal, weights, 0.0)
            chosen = (demonstrations.states, demonstrations.actions)
            np.add.at(observed, chosen, weights[demonstrations.trajectory_ids])
            observed = observed if observed.any() else None
        options.setdefault("title", "Recovered reward and choices")
        options.setdefault("action_names", action_names(estimator))
        return cls.from_values(
            x,
            reward,
            probabilities=first_step(estimator.solve(goal).policy),
            observed=observed,
            **options,
        )

    @house_style()
    def plot(self, ax: Any = None) -> StateCurveDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : two Axes (one without probabilities and observed choices) or empty Figure, optional

        Returns
        -------
        self
        """
        panels = 1 if self.probabilities is None and self.observed is None else 2
        self.figure_, axes = figure_and_axes_array(ax, (panels, 1), size=(6.0, 3.0 * panels), sharex=True)
        self.axes_ = axes.ravel()
        self.ax_ = self.axes_[0]
        self.curves_: list[Any] = []
        self.bands_: list[Any] = []
        self.choices_: list[Any] = []
        self.shares_: list[Any] = []
        self._draw_rewards(self.ax_)
        if panels == 2:
            self._draw_choices(self.axes_[1])
        self.axes_[-1].set_xlabel(self.x_label)
        for axes in self.axes_:
            plain_frame(axes)
        if (self.x == self.x.round()).all():
            whole_ticks(self.axes_[-1].xaxis)
        return self

    def _draw_rewards(self, ax: Any) -> None:
        z = normal_quantile(self.confidence)
        single = {"marker": "o"} if len(self.x) == 1 else {}
        width = 4.0 if single else 0.0  # a band over one state is a bar
        for i, name in enumerate(self.curve_names):
            colour, dash = STYLES[i % len(STYLES)]
            y = self.reward[:, i]
            (line,) = ax.plot(self.x, y, color=colour, linestyle=dash, linewidth=1.8, label=name, zorder=3, **single)
            self.curves_.append(line)
            if self.errors is not None:
                margin = z * self.errors[:, i]
                band = draw_band(ax, self.x, y - margin, y + margin, colour, linewidth=width)
                self.bands_.append(band)
        handles = [*self.curves_]
        if self.bands_:
            self.bands_[0].set_label(interval_name(self.confidence))
            handles.append(self.bands_[0])
        ax.set_ylabel(self.reward_label)
        value_axis(ax)
        key = key_above(ax, handles if len(handles) > 1 else [], columnspacing=1.2)
        title_above(ax, self.title, key)

    def _shown_choices(self, observed: NDArray) -> tuple[NDArray, NDArray]:
        """Where observed choices are drawn, (n,), and how many of each action, (n, A): of many states those of stretches."""
        seen = observed.sum(axis=1) > 0
        x, counts = self.x[seen], observed[seen]
        if len(x) <= MOST_POINTS:
            return x, counts
        stretch = np.digitize(x, np.linspace(x[0], x[-1], MOST_POINTS + 1)[1:-1])
        _, stretch = np.unique(stretch, return_inverse=True)
        member = sparse.csr_array((np.ones(len(x)), (stretch, np.arange(len(x)))))
        weights = counts.sum(axis=1)
        return member @ (weights * x) / (member @ weights), member @ counts

    def _draw_choices(self, ax: Any) -> None:
        single = {"marker": "o"} if len(self.x) == 1 else {}
        handles = []
        for i, share in enumerate(() if self.probabilities is None else self.probabilities.T):
            colour, dash = STYLES[i % len(STYLES)]
            style = {"color": colour, "linestyle": dash, "linewidth": 1.8, "zorder": 3, **single}
            (line,) = ax.plot(self.x, share, label=self.action_names[i], **style)
            self.choices_.append(line)
        if self.observed is not None:
            x, counts = self._shown_choices(self.observed)
            totals = counts.sum(axis=1)
            area = 4 + 36 * totals / totals.max()
            style = {"marker": "o", "alpha": 0.35, "linewidths": 0, "zorder": 2}
            self.shares_ = [
                ax.scatter(x, chosen / totals, area, STYLES[i % len(STYLES)][0], **style)
                for i, chosen in enumerate(counts.T)
            ]
            words = "demonstrated share (larger: more decisions)"
            handles = [ax.scatter([], [], 18, FAINT, marker="o", label=words)]
        ax.set(ylabel="probability of choosing", ylim=(-0.04, 1.04))
        key_above(ax, [*self.choices_, *handles], columnspacing=1.2)


def _rows(name: str, table: ArrayLike, n: int) -> NDArray:
    """The table as (n, columns); raise if it has another number of rows."""
    array = np.asarray(table, dtype=float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n:
        raise ValueError(f"{name} must have one row for each of the {n} values of x; got {array.shape}")
    return array
