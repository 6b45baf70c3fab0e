"""The Markov decision process: finite, sparse, immutable, action-major.

One CSR matrix of shape ``(n_actions * n_states, n_states)`` holds every transition, row ``a * n_states + s``: an action's
rows are contiguous, so that a product ``transitions @ V`` gives Q in the layout the soft maximum runs fastest on.
Constructors for other inputs are in `inputs`. An MDP never changes, so estimators and processes share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._checks import (
    LARGEST_REWARD,
    PROBABILITY_TOLERANCE,
    check_discount,
    check_distribution,
    check_finite,
    check_goal,
    check_horizon,
    check_numbers,
    within,
)
from ..mdp import html, inputs
from .structure import Structure

STORED = "transitions n_states n_actions initial discount horizon terminal available ending".split()
_ENDLESS = (
    "an undiscounted problem (discount=1) without an end has no finite value: give terminal= (an empty list if every task "
    "brings its own goal), horizon= or discount < 1"
)


class MDP:
    """A finite Markov decision process without its reward.

    Parameters
    ----------
    transitions : array, sparse array, or sequence of matrices
        Dense ``transitions[s, a, s']`` of shape (S, A, S). Or a list or tuple of A matrices of shape (S, S), one per action,
        dense or sparse: row s is the distribution of the next state.
    initial : (S,) array, optional
        Distribution of the first state. None: uniform over the non-terminal states wherever one is needed.
    discount : float in [0, 1]
        1 needs a finite horizon, or terminal states (or `ending`) that every policy of finite value reaches.
    horizon : int, optional
        Number of decisions, and of rewards. None: infinite.
    terminal : (S,) bool mask or sequence of state indices, optional
        States in which the episode is over: value 0, no action. The dtype decides whether it is a mask or indices, never
        the length. Rows of `transitions` for these states are not used. If every task ends in a goal of its own, as a trip
        ends at its destination, pass ``terminal=[]`` and give the goals to `with_goal` or to `Demonstrations`.
    available : (S, A) bool array, optional
        Which actions can be taken. Rows of unavailable actions are not used. None: every action everywhere but in
        terminal states. A non-terminal state without available actions is a dead end: its value is -inf.
    ending : (S, A) array, optional
        Probability that the episode ends with this action, after its reward. Rows of `transitions` then sum to
        ``1 - ending``.

    Attributes
    ----------
    n_states, n_actions : int
    transitions : csr_array of shape (A * S, S), row ``a * S + s``; read-only, without explicit zeros
    terminal : (S,) bool array
    available : (S, A) bool array, Fortran order, False in terminal states

    Raises
    ------
    ValueError
        For rows that are no distributions, naming state and action; for shapes that disagree; and for an undiscounted
        infinite horizon in which nothing ever ends.

    Examples
    --------
    >>> import numpy as np
    >>> from maxent_irl import MDP
    >>> stay, move = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> MDP([stay, move], discount=0.9)
    MDP(n_states=2, n_actions=2, discount=0.9, 4 transitions)
    """

    n_states: int
    n_actions: int
    transitions: sparse.csr_array  # (A * S, S)
    initial: NDArray | None  # (S,)
    discount: float
    horizon: int | None
    terminal: NDArray  # (S,) bool
    available: NDArray  # (S, A) bool
    ending: NDArray | None  # (S, A)

    def __init__(
        self,
        transitions: ArrayLike | sparse.sparray | sparse.spmatrix | Sequence,
        *,
        initial: ArrayLike | None = None,
        discount: float = 1.0,
        horizon: int | None = None,
        terminal: ArrayLike | None = None,
        available: ArrayLike | None = None,
        ending: ArrayLike | None = None,
    ) -> None:
        matrix, n_actions = inputs.stack_transitions(transitions)
        self._set(matrix, n_actions, initial, discount, horizon, terminal, available, ending)

    def _set(
        self,
        matrix: sparse.csr_array,
        n_actions: int,
        initial: ArrayLike | None,
        discount: float,
        horizon: int | None,
        terminal: ArrayLike | None,
        available: ArrayLike | None,
        ending: ArrayLike | None,
    ) -> None:
        n_states = matrix.shape[1]
        ends_named = terminal is not None
        terminal = inputs.state_mask("terminal", terminal, n_states)
        available = inputs.available_mask(available, terminal, n_states, n_actions)
        ending = inputs.ending_table(ending, available)
        matrix = inputs.drop_unused_rows(matrix, available)
        inputs.check_rows(matrix, available, ending)
        self._fill(
            transitions=_read_only(matrix),
            n_states=n_states,
            n_actions=n_actions,
            initial=None if initial is None else check_distribution("initial", initial, n_states),
            discount=check_discount(discount),
            horizon=check_horizon(horizon),
            terminal=terminal,
            available=available,
            ending=ending,
        )
        if self.endless and not ends_named:
            raise ValueError(_ENDLESS)

    def _fill(self, **attributes: Any) -> MDP:
        self.__dict__.update(attributes)
        return self

    @classmethod
    def _from_checked(cls, **attributes: Any) -> MDP:
        return cls.__new__(cls)._fill(**attributes)

    @classmethod
    def from_stacked(cls, matrix: sparse.sparray, n_actions: int, **options: Any) -> MDP:
        """Build from one sparse matrix of shape (A * S, S), row ``a * S + s``: the storage itself, without a detour.

        `options` are the constructor's keywords. Errors as the constructor's.
        """
        matrix = sparse.csr_array(matrix, dtype=float)
        if matrix.shape[0] != n_actions * matrix.shape[1]:
            raise ValueError(
                f"a stacked matrix has shape (n_actions * S, S); got {matrix.shape} for {n_actions} actions"
            )
        mdp = cls.__new__(cls)
        keys = ("initial", "discount", "horizon", "terminal", "available", "ending")
        unknown = set(options) - set(keys)
        if unknown:
            raise TypeError(f"unknown options {sorted(unknown)}; known are {list(keys)}")
        given: dict[str, Any] = {**dict.fromkeys(keys), "discount": 1.0, **options}
        mdp._set(inputs.tidy(matrix), n_actions, **given)
        return mdp

    @classmethod
    def from_successors(cls, next_state: ArrayLike, *, terminal: ArrayLike | None = None, **options: Any) -> MDP:
        """Build a deterministic MDP from a table of next states.

        Parameters
        ----------
        next_state : (S, A) int array
            The state that action a leads to from state s; -1 where the action is unavailable.
        terminal, **options
            As for the constructor; `available` follows from the table.

        Raises
        ------
        ValueError
            For entries that are no state, naming state and action.
        """
        matrix, available = inputs.successor_matrix(next_state)
        return cls.from_stacked(matrix, available.shape[1], terminal=terminal, available=available, **options)

    @classmethod
    def from_gymnasium(cls, env: Any, *, discount: float, horizon: int | None = None) -> MDP:
        """Read a tabular gymnasium environment (``env.unwrapped.P``) such as FrozenLake, CliffWalking or Taxi.

        Duplicate successors are summed. A transition flagged as terminated ends the episode: it goes into `ending`, has no
        successor, and so carries neither value nor entropy. The reward is read by `gymnasium_reward`. In tables made by hand, a
        state without actions is terminal, and an action that is not listed is unavailable.

        Raises
        ------
        ValueError
            If the environment has no table ``P``, naming it; for entries that make no sense, naming state and action.
        """
        matrix, ending, reward, initial, available = inputs.gymnasium_tables(env)
        options: dict[str, Any] = {
            "initial": initial,
            "discount": discount,
            "horizon": horizon,
            "ending": ending,
            "available": available,
        }
        if not available.any(axis=1).all():
            options["terminal"] = ~available.any(axis=1)
        return cls.from_stacked(matrix, reward.shape[1], **options)

    @classmethod
    def from_demonstrations(
        cls,
        demonstrations: Any,
        *,
        n_states: int | None = None,
        n_actions: int | None = None,
        smoothing: float = 0.0,
        terminal: ArrayLike | None = None,
        **options: Any,
    ) -> MDP:
        """Estimate the transitions from demonstrations by counting.

        ``P(s'|s,a) = (count(s,a,s') + smoothing) / sum over the successors seen from s by any action``. Pairs (s, a) that
        nobody demonstrated are unavailable. A pair that was only ever the last of a path, so that nobody saw what follows,
        ends the episode; so does, with its relative frequency, one after which episodes terminated.

        Parameters
        ----------
        demonstrations : Demonstrations
        n_states, n_actions : int, optional
            Default: as many as there are labels, or one more than the largest index seen.
        smoothing : float >= 0
            Pseudo-count given to every successor seen from the state under any action.
        terminal : as for the constructor, optional
            Default: the states in which paths stopped and from which no decision was ever seen.
        """
        matrix, available, ending, stops = inputs.counted_transitions(demonstrations, n_states, n_actions, smoothing)
        terminal = stops if terminal is None else terminal
        options |= {"terminal": terminal, "available": available, "ending": ending}
        return cls.from_stacked(matrix, available.shape[1], **options)

    def with_goal(self, state: int) -> MDP:
        """Return the same MDP with `state` terminal as well; the transitions are shared, not copied."""
        state = check_goal(state, self.n_states)
        if self.terminal[state]:
            return self
        terminal, available = self.terminal.copy(), self.available.copy(order="F")
        terminal[state] = True
        available[state] = False
        for array in (terminal, available):
            array.flags.writeable = False
        return MDP._from_checked(**{**self._attributes(), "terminal": terminal, "available": available})

    def replace(self, **changes: Any) -> MDP:
        """Return a copy with some of `initial`, `discount`, `horizon` changed; the transitions are shared."""
        unknown = set(changes) - {"initial", "discount", "horizon"}
        if unknown:
            raise TypeError(f"replace() changes initial, discount and horizon, not {sorted(unknown)}; build a new MDP")
        if changes.get("initial") is not None:
            changes["initial"] = check_distribution("initial", changes["initial"], self.n_states)
        if "discount" in changes:
            changes["discount"] = check_discount(changes["discount"])
        if "horizon" in changes:
            changes["horizon"] = check_horizon(changes["horizon"])
        changed = MDP._from_checked(**{**self._attributes(), **changes})
        if changed.endless and not self.endless:
            raise ValueError(_ENDLESS)
        return changed

    @property
    def endless(self) -> bool:
        """Whether this is an undiscounted problem that nothing ends, so that it has no value until it is given a goal."""
        return self.discount == 1.0 and self.horizon is None and self.ending is None and not self.terminal.any()

    @cached_property
    def structure(self) -> Structure:
        """What can be known without a reward: dead states, usable actions, the pattern of every policy's matrix."""
        return Structure(self)

    @property
    def initial_distribution(self) -> NDArray:
        """`initial` if given, otherwise uniform over the non-terminal states; shape (S,)."""
        if self.initial is not None:
            return self.initial
        return ~self.terminal / max(1, int((~self.terminal).sum()))

    def save(self, path: Any) -> None:
        """Write to an ``.npz`` file, without pickle; `load` reads it."""
        inputs.save(self._attributes(), path)

    @classmethod
    def load(cls, path: Any) -> MDP:
        """Read what `save` wrote. Raises ValueError naming the file and what is missing in it; nothing is executed."""
        matrix, n_actions, options = inputs.load(path)
        try:
            return cls.from_stacked(matrix, n_actions, **options)
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}") from None

    def _attributes(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in STORED}

    def __getstate__(self) -> dict[str, Any]:
        return self._attributes()  # caches are cheaper to rebuild than to send

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.__dict__.update(attributes)  # pickling forgets that arrays are read-only
        _read_only(self.transitions)
        for array in (self.initial, self.terminal, self.available, self.ending):
            if array is not None:
                array.flags.writeable = False

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"an MDP is immutable: build a new one, or use replace(), to change {name}")

    def __sklearn_clone__(self) -> MDP:
        return self

    def __repr__(self) -> str:
        parts = [f"n_states={self.n_states}", f"n_actions={self.n_actions}", f"discount={self.discount:g}"]
        if self.horizon is not None:
            parts.append(f"horizon={self.horizon}")
        if self.terminal.any():
            parts.append(f"{int(self.terminal.sum())} terminal")
        return f"MDP({', '.join(parts)}, {self.transitions.nnz} transitions)"

    def _repr_html_(self) -> str:
        horizon = "infinite" if self.horizon is None else f"{self.horizon:,} decisions"
        rows = [
            ("states", f"{self.n_states:,}"),
            ("actions", f"{self.n_actions:,}"),
            ("discount", f"{self.discount:g}"),
            ("horizon", horizon),
            ("terminal states", f"{int(self.terminal.sum()):,}"),
            ("transitions", f"{self.transitions.nnz:,}"),
        ]
        return html.facts("MDP", rows)


def _read_only(matrix: sparse.csr_array) -> sparse.csr_array:
    for array in (matrix.data, matrix.indices, matrix.indptr):
        array.flags.writeable = False
    return matrix


def gymnasium_reward(env: Any) -> NDArray:
    """Expected immediate reward of a tabular gymnasium environment, shape (S, A), in the environment's units."""
    return inputs.gymnasium_tables(env)[2]


def check_mdp(mdp: Any) -> None:
    """Raise ValueError unless it is an MDP."""
    if not isinstance(mdp, MDP):
        raise ValueError(f"mdp must be an MDP; got {type(mdp).__name__}. Build one with MDP(transitions, ...)")


def check_reward(mdp: MDP, reward: ArrayLike) -> NDArray:
    """Return a reward of shape (S,), (S, A) or, with a horizon T, (T, S, A) action-major: (S,), (A, S) or (T, A, S) in C order.

    Entries of unavailable actions, and of states without any action, are not read and may be anything.
    """
    array = check_numbers("reward", reward)
    S, A, T = mdp.n_states, mdp.n_actions, mdp.horizon
    kinds = {(S,): ("state",), (S, A): ("state", "action")}
    if T is not None:
        kinds[(T, S, A)] = ("time", "state", "action")
    axes = kinds.get(array.shape)
    if axes is None:
        by_time = "" if T is None else f", or ({T}, {S}, {A}), one per time, state and action"
        raise ValueError(
            f"reward must have shape ({S},), one per state, or ({S}, {A}), one per state and action{by_time}; got {array.shape}"
        )
    if not within(array, LARGEST_REWARD):
        used = mdp.available.any(axis=1) if array.ndim == 1 else mdp.available
        array = np.where(used, array, 0.0)
        check_finite("reward", array, axes, largest=LARGEST_REWARD)
    return array if array.ndim == 1 else np.ascontiguousarray(np.swapaxes(array, -1, -2))


def check_action_prior(mdp: MDP, action_prior: ArrayLike | None) -> NDArray | None:
    """Return log p(a|s) action-major, shape (A, S), -inf where an action is unavailable; None when no prior is given."""
    if action_prior is None:
        return None
    prior = check_numbers("action_prior", action_prior)
    S, A = mdp.n_states, mdp.n_actions
    if prior.shape == (A,):
        prior = np.broadcast_to(prior, (S, A))
    if prior.shape != (S, A):
        raise ValueError(f"action_prior must have shape ({A},) or ({S}, {A}); got {np.shape(action_prior)}")
    prior = np.where(mdp.terminal[:, None], 0.0, prior)
    check_finite("action_prior", prior, ("state", "action"))
    bad = np.argwhere((prior < 0) | ((prior > 0) & ~mdp.available))
    if bad.size:
        s, a = map(int, bad[0])
        why = "negative" if prior[s, a] < 0 else "positive although the action is unavailable there"
        what = "give zero, and let the row sum to 1"
        if np.ndim(action_prior) == 1 and prior[s, a] > 0:
            what = f"as not every state has every action, give a table of shape ({S}, {A}): zero there, each row summing to 1"
        raise ValueError(f"action_prior[{s}, {a}] = {prior[s, a]:g} is {why}; {what}")
    sums = prior.sum(axis=1)
    off = mdp.available.any(axis=1) & (np.abs(sums - 1) > PROBABILITY_TOLERANCE)
    if off.any():
        s = int(np.flatnonzero(off)[0])
        raise ValueError(f"action_prior must sum to 1 in every state; in state {s} it sums to {sums[s]:.10g}")
    with np.errstate(divide="ignore"):
        return np.ascontiguousarray(np.log(prior).T)
