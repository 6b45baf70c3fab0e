"""Turning what users have (tables, matrices, environments, counts, files) into the stacked matrix of an MDP."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._checks import PROBABILITY_TOLERANCE, check_numbers, check_positive, check_unmasked
from .files import Entry, read_checked, write_checked

FILE_FORMAT = "maxent_irl.MDP 1"
SCHEMA = {
    "n_states": Entry("whole", low=1, high=2**31 - 1),
    "n_actions": Entry("whole", low=1, high=2**31 - 1),
    "discount": Entry("real", low=0, high=1),
    "horizon": Entry("whole", required=False, low=1, high=2**63 - 1),
    "data": Entry("real", ("transitions",), low=0),
    "indices": Entry("whole", ("transitions",), low=0, high=2**63 - 1),
    "indptr": Entry("whole", ("rows + 1",), low=0, high=2**63 - 1),
    "terminal": Entry("flag", ("states",)),
    "available": Entry("flag", ("states", "actions")),
    "initial": Entry("real", ("states",), required=False, low=0),
    "ending": Entry("real", ("states", "actions"), required=False, low=0),
}
SPARSE_INDICES = 1_000  # numbers of states from here on must be used to some extent


def tidy(matrix: sparse.sparray) -> sparse.csr_array:
    """CSR with float64 data, summed duplicates, no explicit zeros and 32-bit indices where they suffice."""
    matrix = sparse.csr_array(matrix, dtype=float, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if matrix.nnz < 2**31 and max(matrix.shape) < 2**31:
        matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return matrix


def stack_transitions(transitions: Any) -> tuple[sparse.csr_array, int]:
    """Stack dense ``[s, a, s']`` or one matrix per action into shape (A * S, S); return it with A."""
    if isinstance(transitions, list | tuple):
        return _stack_matrices(transitions)
    if sparse.issparse(transitions) and transitions.ndim == 2:
        raise ValueError(
            "a single sparse matrix is ambiguous: give a list with one (S, S) matrix per action, "
            "or MDP.from_stacked for one of shape (A * S, S)"
        )
    dense: Any = transitions if sparse.issparse(transitions) else check_numbers("transitions", transitions)
    if dense.ndim != 3 or dense.shape[0] != dense.shape[2] or 0 in dense.shape:
        raise ValueError(
            f"transitions must have shape (n_states, n_actions, n_states), [s, a, s']; got {dense.shape}. "
            "One (S, S) matrix per action goes in as a list"
        )
    S, A, _ = dense.shape
    if sparse.issparse(dense):
        s, a, t = dense.tocoo().coords
        return tidy(sparse.coo_array((dense.tocoo().data, (a * S + s, t)), shape=(A * S, S))), A
    return tidy(sparse.csr_array(np.swapaxes(dense, 0, 1).reshape(A * S, S))), A


def _stack_matrices(matrices: Sequence) -> tuple[sparse.csr_array, int]:
    if not matrices:
        raise ValueError("transitions is an empty list; give one (S, S) matrix per action")
    blocks = [m if sparse.issparse(m) else check_numbers("transitions", m) for m in matrices]
    S = blocks[0].shape[0] if blocks[0].ndim else 0
    for a, block in enumerate(blocks):
        if block.ndim != 2 or block.shape != (S, S) or S == 0:
            raise ValueError(
                f"the matrix of action {a} has shape {block.shape}; all must be ({S}, {S}), as action 0's rows"
            )
    return tidy(sparse.vstack([sparse.csr_array(block) for block in blocks], format="csr")), len(blocks)


def state_mask(name: str, states: ArrayLike | None, n_states: int) -> NDArray:
    """Read-only boolean mask from a boolean mask or integer indices, told apart by dtype."""
    mask = np.zeros(n_states, dtype=bool)
    check_unmasked(name, states)
    if states is not None:
        given = np.asarray(states)
        if given.dtype == bool:
            if given.shape != (n_states,):
                raise ValueError(f"a boolean {name} mask must have shape ({n_states},); got {given.shape}")
            mask[:] = given
        elif given.size:
            if not np.issubdtype(given.dtype, np.integer):
                raise ValueError(f"{name} must be a boolean mask or integer state indices; got dtype {given.dtype}")
            outside = given[(given < 0) | (given >= n_states)]
            if outside.size:
                raise ValueError(f"{name} names state {int(outside.flat[0])}; states are 0..{n_states - 1}")
            mask[given] = True
    mask.flags.writeable = False
    return mask


def available_mask(available: ArrayLike | None, terminal: NDArray, n_states: int, n_actions: int) -> NDArray:
    """Read-only (S, A) mask in Fortran order, False in terminal states."""
    mask = np.ones((n_states, n_actions), dtype=bool, order="F")
    check_unmasked("available", available)
    if available is not None:
        given = np.asarray(available)
        if given.shape != (n_states, n_actions) or given.dtype != bool:
            raise ValueError(
                f"available must be a boolean array of shape ({n_states}, {n_actions}); got {given.dtype} {given.shape}"
            )
        mask[:] = given
    mask[terminal] = False
    mask.flags.writeable = False
    return mask


def ending_table(ending: ArrayLike | None, available: NDArray) -> NDArray | None:
    """Read-only (S, A) probabilities that the episode ends, zero where unavailable; None where nothing ends."""
    if ending is None:
        return None
    table = np.array(check_numbers("ending", ending), order="F")
    if table.shape != available.shape:
        raise ValueError(f"ending must have shape {available.shape}; got {table.shape}")
    table[~available] = 0.0
    bad = np.argwhere(~((table >= 0) & (table <= 1 + PROBABILITY_TOLERANCE)))
    if bad.size:
        s, a = map(int, bad[0])
        raise ValueError(f"ending[{s}, {a}] = {table[s, a]} is no probability (state {s}, action {a})")
    table.flags.writeable = False
    return table if table.any() else None


def drop_unused_rows(matrix: sparse.csr_array, available: NDArray) -> sparse.csr_array:
    """Empty the rows of actions that cannot be taken."""
    if available.all():
        return matrix
    used = available.T.ravel()
    lengths = np.where(used, np.diff(matrix.indptr), 0)
    if lengths.sum() == matrix.nnz:
        return matrix
    keep = np.repeat(used, np.diff(matrix.indptr))
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(matrix.indptr.dtype)
    return sparse.csr_array((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)


def check_rows(matrix: sparse.csr_array, available: NDArray, ending: NDArray | None) -> None:
    """Raise for the first row that is no distribution, naming its state and action."""
    S = matrix.shape[1]
    wrong = ~(np.isfinite(matrix.data) & (matrix.data >= 0))
    if wrong.any():
        entry = int(np.flatnonzero(wrong)[0])
        row = int(np.searchsorted(matrix.indptr, entry, side="right")) - 1
        a, s = divmod(row, S)
        raise ValueError(
            f"transitions from state {s} under action {a} to state {int(matrix.indices[entry])} have probability "
            f"{matrix.data[entry]}; probabilities are finite and >= 0"
        )
    expected = available.T.astype(float) if ending is None else available.T - ending.T
    sums = np.add.reduceat(np.append(matrix.data, 0.0), matrix.indptr[:-1]) * (np.diff(matrix.indptr) > 0)
    off = np.abs(sums.reshape(expected.shape) - expected) > PROBABILITY_TOLERANCE
    if off.any():
        s, a = map(int, np.argwhere(off.T)[0])
        total = sums[a * S + s]
        hint = (
            "if the action cannot be taken there, pass available=; if the episode is over, list the state in terminal="
            if total == 0
            else "each row is the distribution of the next state"
        )
        raise ValueError(
            f"transitions from state {s} under action {a} sum to {total:.10g}, not {expected[a, s]:g}: {hint}"
        )


def successor_matrix(next_state: ArrayLike) -> tuple[sparse.csr_array, NDArray]:
    """Stacked matrix and availability of a deterministic table of next states, -1 where unavailable."""
    check_unmasked("next_state", next_state)
    table = np.asarray(next_state)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.integer):
        raise ValueError(f"next_state must be an integer array of shape (S, A); got {table.dtype} {table.shape}")
    S, A = table.shape
    bad = np.argwhere((table < -1) | (table >= S))
    if bad.size:
        s, a = map(int, bad[0])
        raise ValueError(
            f"next_state[{s}, {a}] = {int(table[s, a])} is no state; states are 0..{S - 1}, -1: unavailable"
        )
    flat = table.T.ravel()
    indptr = np.concatenate([[0], np.cumsum(flat >= 0)])
    indices = flat[flat >= 0]
    return sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=(A * S, S)), table >= 0


def gymnasium_tables(env: Any) -> tuple[sparse.csr_array, NDArray, NDArray, NDArray | None, NDArray]:
    """Stacked matrix, ending (S, A), reward (S, A), initial distribution and availability (S, A) of ``env.unwrapped.P``.

    A state without actions is terminal; an action that is not listed, or has no outcomes, is unavailable.
    """
    raw = getattr(env, "unwrapped", env)
    table = getattr(raw, "P", None)
    if table is None:
        raise ValueError(f"{type(raw).__name__} has no transition table P: only tabular environments can be read")
    by_state = _numbered(table, "P, states")
    choices = [_numbered(choice, f"P, actions of state {s}", gaps=True) for s, choice in sorted(by_state.items())]
    S, A = len(choices), 1 + max((action for choice in choices for action in choice), default=-1)
    if not A:
        raise ValueError("P lists no action in any state: there is nothing to decide")
    ending, reward, available = np.zeros((S, A), order="F"), np.zeros((S, A), order="F"), np.zeros((S, A), dtype=bool)
    rows, columns, values = [], [], []
    for s, choice in enumerate(choices):
        for a, outcomes in choice.items():
            available[s, a] = len(outcomes) > 0
            for outcome in outcomes:
                probability, successor, gain, terminated = _outcome(outcome, s, a, S)
                reward[s, a] += probability * gain
                if terminated:
                    ending[s, a] += probability
                else:
                    rows.append(a * S + s)
                    columns.append(successor)
                    values.append(probability)
    matrix = sparse.coo_array((values, (rows, columns)), shape=(A * S, S))
    initial = getattr(raw, "initial_state_distrib", None)
    return tidy(matrix), ending, reward, None if initial is None else np.asarray(initial, dtype=float), available


def _numbered(table: Any, what: str, *, gaps: bool = False) -> dict[int, Any]:
    """The entries of a list, or of a mapping whose keys are 0, 1, 2, ..."""
    entries = dict(table.items()) if hasattr(table, "items") else dict(enumerate(table))
    wrong = [key for key in entries if isinstance(key, bool) or not isinstance(key, int | np.integer) or key < 0]
    if wrong or (not gaps and sorted(entries) != list(range(len(entries)))):
        raise ValueError(f"{what} must be numbered 0, 1, 2, ...; got {list(entries)!r:.60}")
    return {int(key): value for key, value in entries.items()}


def _outcome(outcome: Any, s: int, a: int, n_states: int) -> tuple[float, int, float, bool]:
    """One entry of P: probability, next state, reward, whether the episode ends."""
    try:
        probability, successor, gain, terminated = outcome
        if int(successor) != successor or not 0 <= successor < n_states:
            raise ValueError(f"the next state {successor!r} is none of 0..{n_states - 1}")
        return float(probability), int(successor), float(gain), bool(terminated)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"P of state {s}, action {a} holds {outcome!r:.60}, where (probability, next state, reward, terminated) belongs: "
            f"{error}"
        ) from None


def counted_transitions(
    demonstrations: Any, n_states: int | None, n_actions: int | None, smoothing: float
) -> tuple[sparse.csr_array, NDArray, NDArray, NDArray]:
    """Stacked relative frequencies, availability, ending (S, A), and the states in which paths stop undecided."""
    smoothing = check_positive("smoothing", smoothing, or_zero=True)
    if not hasattr(demonstrations, "next_states"):
        raise ValueError(f"transitions are counted in a Demonstrations; got a {type(demonstrations).__name__}")
    states, actions, next_states = demonstrations.states, demonstrations.actions, demonstrations.next_states
    S, A = n_states, n_actions
    if S is None:
        labels = demonstrations.state_labels
        seen_states = np.concatenate([states, next_states[next_states >= 0]])
        S = _number_of("state", seen_states) if labels is None else len(labels)
    if A is None:
        labels = demonstrations.action_labels
        A = _number_of("action", actions) if labels is None else len(labels)
    weights = demonstrations.weights[demonstrations.trajectory_ids]
    pair, known = actions * S + states, next_states >= 0
    counts = tidy(demonstrations.transition_counts(S, A))
    if smoothing:
        seen = tidy(sparse.coo_array((np.ones(known.sum()), (states[known], next_states[known])), shape=(S, S)))
        seen.data[:] = smoothing
        tried = (np.diff(counts.indptr) > 0).astype(float)
        counts = tidy(counts + sparse.diags_array(tried) @ sparse.vstack([seen] * A, format="csr"))
    moved = counts.sum(axis=1)
    ended = demonstrations.terminated[demonstrations.trajectory_ids] & ~known
    stopped = np.bincount(pair[ended], weights=weights[ended], minlength=A * S)
    last_only = ~known & (moved[pair] == 0)  # nobody saw what follows: as far as the data tells, the path ends there
    stopped[pair[last_only]] = np.maximum(stopped[pair[last_only]], 1.0)
    totals = moved + stopped
    counts.data /= np.repeat(totals, np.diff(counts.indptr))
    ending = np.divide(stopped, totals, out=np.zeros(A * S), where=totals > 0)
    dead_ends = np.zeros(S, dtype=bool)
    dead_ends[next_states[known]] = True
    dead_ends[states] = False
    return counts, (totals > 0).reshape(A, S).T, ending.reshape(A, S).T, dead_ends


def _number_of(what: str, seen: NDArray) -> int:
    """One more than the largest index, unless the numbers are clearly no indices."""
    largest = int(seen.max())
    n_seen = len(np.unique(seen))
    if largest >= SPARSE_INDICES and largest > 10 * n_seen:
        raise ValueError(
            f"the largest {what} is {largest}, but only {n_seen} different {what}s occur: integers are indices, and there would "
            f"be {largest + 1} {what}s. If they are names, turn them into strings, or read them with Demonstrations.from_table; "
            f"if not, say n_{what}s="
        )
    return largest + 1


def save(attributes: dict[str, Any], path: Any) -> None:
    """Write an MDP's attributes as plain arrays to an ``.npz`` file."""
    matrix = attributes["transitions"]
    arrays = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
    arrays |= {key: attributes[key] for key in ("n_states", "n_actions", "discount", "terminal", "available")}
    arrays |= {key: attributes[key] for key in ("initial", "horizon", "ending") if attributes[key] is not None}
    write_checked(path, FILE_FORMAT, arrays)


def load(path: Any) -> tuple[sparse.csr_array, int, dict[str, Any]]:
    """Read what `save` wrote: the stacked matrix, A, and the constructor's options."""
    arrays = read_checked(path, FILE_FORMAT, SCHEMA, sizes={"states": "n_states", "actions": "n_actions"})
    S, A = int(arrays["n_states"]), int(arrays["n_actions"])
    try:
        matrix = sparse.csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=(A * S, S))
        matrix.check_format(full_check=True)  # an index outside would read outside of memory later
    except (ValueError, OverflowError, MemoryError) as error:
        raise ValueError(f"{os.fspath(path)} is damaged: {error}") from None
    options: dict[str, Any] = {
        key: arrays[key] for key in ("initial", "ending", "terminal", "available") if key in arrays
    }
    options["discount"] = float(arrays["discount"])
    options["horizon"] = int(arrays["horizon"]) if "horizon" in arrays else None
    return matrix, A, options
