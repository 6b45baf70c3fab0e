"""The problem and the answer as .npz files, and the clock: all that the programs have in common besides numpy."""

import sys
import time
from pathlib import Path

import numpy as np


class TimeUp(Exception):
    """The time limit was reached."""


class Task:
    """A problem read from a file, the answer so far written to another, and a limit in seconds of processor time.

    Attributes
    ----------
    features : (S, K) array
    discount : float
    states, actions : (n, T) int arrays
        Demonstrations, all of the same length.
    final_states : (n,) int array
    """

    def __init__(self, source: str, target: str, limit: float) -> None:
        with np.load(source) as file:
            self.__dict__.update({name: file[name] for name in file.files})
        self.discount, self.n_actions = float(self.discount), int(self.n_actions)
        self.target, self.limit = Path(target), limit
        self.iterations = 0

    def start(self) -> None:
        """Start the clocks: what has been done before, importing and converting, does not count."""
        self.wall, self.processor = time.perf_counter(), time.process_time()
        self.saved = self.wall

    def tick(self, reward) -> None:
        """Count an iteration, keep its reward (S,), or a function that computes it, and stop when the time is up."""
        self.iterations += 1
        time_up = time.process_time() - self.processor > self.limit
        if time_up or time.perf_counter() - self.saved > 1.0:
            self.save(reward() if callable(reward) else reward, "not finished")
        if time_up:
            raise TimeUp

    def save(self, reward: np.ndarray, status: str) -> None:
        """Write the answer."""
        answer = {
            "reward": np.asarray(reward, dtype=float),
            "wall": time.perf_counter() - self.wall,
            "processor": time.process_time() - self.processor,
            "iterations": self.iterations,
            "status": status,
        }
        partial = self.target.with_suffix(".part.npz")
        np.savez(partial, **answer)
        partial.replace(self.target)  # a reader, after a kill too, finds a whole file
        self.saved = time.perf_counter()

    def dense(self, order: str) -> np.ndarray:
        """Transition probabilities as a dense array with axes in the given order of "s", "a" and "n" (the next state)."""
        S, A = len(self.features), self.n_actions
        where = {"s": np.tile(np.arange(S), A), "a": np.repeat(np.arange(A), S)}
        lengths = np.diff(self.indptr)
        where = {name: np.repeat(index, lengths) for name, index in where.items()} | {"n": self.indices}
        shape = {"s": S, "a": A, "n": S}
        out = np.zeros([shape[axis] for axis in order])
        out[tuple(where[axis] for axis in order)] = self.data
        return out

    def initial(self) -> np.ndarray:
        """Relative frequency of each first state, (S,)."""
        return np.bincount(self.states[:, 0], minlength=len(self.features)) / len(self.states)

    def discounted_features(self) -> np.ndarray:
        """Demonstrated features, discounted and summed along each path, mean over paths, (K,)."""
        weights = self.discount ** np.arange(self.states.shape[1])
        return np.einsum("t,ntk->k", weights, self.features[self.states]) / len(self.states)


def run(fit) -> None:
    """Call ``fit(task)``, which returns the reward and a word on how it ended; the arguments are those of the process."""
    task = Task(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    try:
        reward, status = fit(task)
    except TimeUp:
        return
    task.save(reward, status)
