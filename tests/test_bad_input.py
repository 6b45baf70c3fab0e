"""Wrong input, one row each: the error names the offender, and says what is wrong with it."""

import math

import numpy as np
import pytest
from scipy import sparse

from maxent_irl import MDP, ImproperProblemError, expected_visitations, policy_value, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.estimators import MaxEntIRL
from maxent_irl.sampling import sample_demonstrations

NAN, INF = math.nan, math.inf
RING = [[1, 0, -1], [2, 1, -1], [0, 2, 1]]  # forward, stay, and (from state 2) back


def uniform(S: int, A: int = 2) -> np.ndarray:
    return np.full((S, A, S), 1 / S)


def with_entry(array: np.ndarray, at: tuple, value: float) -> np.ndarray:
    changed = array.astype(float, copy=True)
    changed[at] = value
    return changed


def ring(**options) -> MDP:
    return MDP.from_successors(RING, **{"discount": 0.9, **options})


def corridor(**options) -> MDP:
    """0 - 1 - 2 - 3, the end at 3: actions left and right."""
    return MDP.from_successors([[0, 1], [0, 2], [1, 3], [-1, -1]], terminal=[3], **options)


def fit(trajectories, mdp=None, features=None, *, demos=None, **options) -> MaxEntIRL:
    mdp = ring() if mdp is None else mdp
    return MaxEntIRL(mdp, features, **options).fit(Demonstrations(trajectories, **demos) if demos else trajectories)


STAY = [([0, 0], [1])]
FINE = [([0, 1, 1], [0, 1])]


class NoTable:
    pass


ROWS = {
    # The MDP: probabilities.
    "row does not sum to 1": (
        lambda: MDP(with_entry(uniform(3), (2, 1, 0), 0.5), discount=0.9),
        r"transitions from state 2 under action 1 sum to 1\.16.*not 1",
    ),
    "negative probability": (
        lambda: MDP(with_entry(uniform(3), (1, 0, 2), -0.1), discount=0.9),
        r"transitions from state 1 under action 0 to state 2 have probability -0\.1",
    ),
    "NaN probability": (
        lambda: MDP(with_entry(uniform(3), (0, 1, 1), NAN), discount=0.9),
        r"transitions from state 0 under action 1 to state 1 have probability nan",
    ),
    "infinite probability": (
        lambda: MDP(with_entry(uniform(3), (0, 1, 1), INF), discount=0.9),
        r"transitions from state 0 under action 1 to state 1 have probability inf",
    ),
    "empty row": (
        lambda: MDP(with_entry(uniform(3), (2, 0, slice(None)), 0.0), discount=0.9),
        r"state 2 under action 0 sum to 0, not 1: .*available=.*terminal=",
    ),
    "ending and transitions exceed 1": (
        lambda: MDP(uniform(2), ending=with_entry(np.zeros((2, 2)), (1, 0), 0.5), discount=0.9),
        r"transitions from state 1 under action 0 sum to 1, not 0\.5",
    ),
    "ending above 1": (
        lambda: MDP(uniform(2), ending=with_entry(np.zeros((2, 2)), (1, 0), 1.5), discount=0.9),
        r"ending\[1, 0\] = 1\.5 is no probability",
    ),
    "ending NaN": (
        lambda: MDP(uniform(2), ending=with_entry(np.zeros((2, 2)), (0, 1), NAN), discount=0.9),
        r"ending\[0, 1\] = nan is no probability",
    ),
    "sparse row does not sum to 1": (
        lambda: MDP([sparse.eye_array(3), 0.5 * sparse.eye_array(3)], discount=0.9),
        r"transitions from state 0 under action 1 sum to 0\.5",
    ),
    # The MDP: shapes and kinds.
    "transitions of two dimensions": (lambda: MDP(np.eye(3), discount=0.9), r"shape .*\[s, a, s'\]; got \(3, 3\)"),
    "transitions with the axes swapped": (
        lambda: MDP(np.full((2, 3, 3), 1 / 3), discount=0.9),
        r"\[s, a, s'\]; got \(2, 3, 3\)",
    ),
    "no states": (lambda: MDP(np.zeros((0, 2, 0)), discount=0.9), r"got \(0, 2, 0\)"),
    "no actions": (lambda: MDP(np.zeros((2, 0, 2)), discount=0.9), r"got \(2, 0, 2\)"),
    "empty list": (lambda: MDP([], discount=0.9), "empty list"),
    "matrices of different sizes": (
        lambda: MDP([np.eye(3), np.eye(2)], discount=0.9),
        r"matrix of action 1 has shape \(2, 2\)",
    ),
    "a matrix that is not square": (
        lambda: MDP([np.eye(3), np.full((3, 2), 0.5)], discount=0.9),
        r"matrix of action 1 has shape \(3, 2\)",
    ),
    "one sparse matrix": (lambda: MDP(sparse.eye_array(4), discount=0.9), "single sparse matrix is ambiguous"),
    "stacked matrix of wrong height": (
        lambda: MDP.from_stacked(sparse.eye_array(4), 3, discount=0.9),
        r"got \(4, 4\) for 3 actions",
    ),
    "unknown keyword": (lambda: MDP.from_successors(RING, gamma=0.9), "gamma", TypeError),
    "initial of wrong length": (lambda: ring(initial=[0.5, 0.5]), r"initial must have shape \(3,\).*got \(2,\)"),
    "initial that does not sum to 1": (
        lambda: ring(initial=[0.5, 0.5, 0.5]),
        r"initial must sum to 1; it sums to 1\.5",
    ),
    "initial with NaN": (lambda: ring(initial=[0.5, NAN, 0.5]), "initial must be finite; it is nan at state 1"),
    "initial negative": (lambda: ring(initial=[1.5, -0.5, 0.0]), r"initial is negative at state 1: -0\.5"),
    "discount above 1": (lambda: ring(discount=1.01), r"discount must be .*\[0, 1\]; got 1\.01"),
    "discount negative": (lambda: ring(discount=-0.1), r"discount .*got -0\.1"),
    "discount NaN": (lambda: ring(discount=NAN), "discount .*got nan"),
    "discount of text": (lambda: ring(discount="0.9"), "discount .*got '0.9'"),
    "horizon 0": (lambda: ring(horizon=0), "horizon .*positive integer.*got 0"),
    "horizon with a fraction": (lambda: ring(horizon=2.5), r"horizon .*got 2\.5"),
    "terminal out of range": (lambda: ring(terminal=[5]), r"terminal names state 5; states are 0\.\.2"),
    "terminal negative": (lambda: ring(terminal=[-1]), "terminal names state -1"),
    "terminal mask of wrong length": (
        lambda: ring(terminal=[True, False]),
        r"boolean terminal mask .*\(3,\); got \(2,\)",
    ),
    "terminal of floats": (lambda: ring(terminal=[1.0]), "terminal must be a boolean mask or integer.*float64"),
    "available of wrong shape": (
        lambda: MDP(uniform(3), available=np.ones((2, 3), dtype=bool), discount=0.9),
        r"available must be a boolean array of shape \(3, 2\); got bool \(2, 3\)",
    ),
    "available of numbers": (
        lambda: MDP(uniform(3), available=np.ones((3, 2)), discount=0.9),
        r"available must be a boolean array .*got float64",
    ),
    "ending of wrong shape": (
        lambda: MDP(uniform(3), ending=np.zeros(3), discount=0.9),
        r"ending must have shape \(3, 2\); got \(3,\)",
    ),
    "nothing ever ends": (lambda: ring(discount=1.0), "undiscounted problem .*without an end"),
    "ending taken away": (lambda: ring().replace(discount=1.0), "undiscounted problem .*without an end"),
    "replacing the transitions": (lambda: ring().replace(transitions=0), r"not \['transitions'\]", TypeError),
    "successor out of range": (
        lambda: MDP.from_successors([[1, 0], [3, 0]], discount=0.9),
        r"next_state\[1, 0\] = 3 is no state; states are 0\.\.1",
    ),
    "successor -2": (lambda: MDP.from_successors([[0, -2]], discount=0.9), r"next_state\[0, 1\] = -2 is no state"),
    "successors with fractions": (
        lambda: MDP.from_successors([[0.0, 0.5]], discount=0.9),
        "next_state must be an integer array .*float64",
    ),
    "goal out of range": (lambda: ring().with_goal(3), r"goal 3 is no state; states are 0\.\.2"),
    "goal negative": (lambda: ring().with_goal(-1), "goal -1 is no state"),
    "goal with a fraction": (lambda: ring().with_goal(0.5), r"goal 0\.5 is no state"),
    "environment without a table": (lambda: MDP.from_gymnasium(NoTable(), discount=0.9), "NoTable has no .*table P"),
    "smoothing negative": (
        lambda: MDP.from_demonstrations(Demonstrations(FINE), smoothing=-1.0, discount=0.9),
        r"smoothing must be .*>= 0; got -1\.0",
    ),
    "n_states too small": (
        lambda: MDP.from_demonstrations(Demonstrations(FINE), n_states=1, discount=0.9),
        "(state 1|n_states=1)",
    ),
    # Rewards, temperatures, priors.
    "reward of wrong shape": (
        lambda: soft_value_iteration(ring(), np.zeros((3, 2))),
        r"reward must have shape \(3,\).*\(3, 3\).*got \(3, 2\)",
    ),
    "reward transposed": (
        lambda: soft_value_iteration(corridor(discount=0.9), np.zeros((2, 4))),
        r"reward must have shape .*got \(2, 4\)",
    ),
    "reward NaN": (
        lambda: soft_value_iteration(ring(), [0.0, NAN, 0.0]),
        "reward must be finite; it is nan at state 1",
    ),
    "reward whose sums overflow": (
        lambda: soft_value_iteration(ring(), np.array([0.0, 1.0, -1e308])),
        r"reward must not exceed 1e\+290 in size, or sums of it overflow; it is -1e\+308 at state 2: measure it",
    ),
    "reward whose sums overflow for a pair": (
        lambda: soft_value_iteration(ring(), with_entry(np.zeros((3, 3)), (2, 1), 1e300)),
        r"reward must not exceed 1e\+290 .* it is 1e\+300 at state 2, action 1",
    ),
    "reward infinite for a pair": (
        lambda: soft_value_iteration(ring(), with_entry(np.zeros((3, 3)), (2, 1), -INF)),
        "reward must be finite; it is -inf at state 2, action 1",
    ),
    "temperature negative": (
        lambda: soft_value_iteration(ring(), np.zeros(3), temperature=-0.5),
        r"temperature .*got -0\.5",
    ),
    "temperature NaN": (lambda: soft_value_iteration(ring(), np.zeros(3), temperature=NAN), "temperature .*got nan"),
    "temperature of text": (
        lambda: soft_value_iteration(ring(), np.zeros(3), temperature="hot"),
        "temperature .*'hot'",
    ),
    "prior that does not sum to 1": (
        lambda: soft_value_iteration(
            corridor(discount=0.9), np.zeros(4), action_prior=[[0.5, 0.5], [0.5, 0.4], [1, 0], [0, 0]]
        ),
        r"action_prior must sum to 1 .*in state 1 it sums to 0\.9",
    ),
    "prior on an unavailable action": (
        lambda: soft_value_iteration(ring(), np.zeros(3), action_prior=[0.4, 0.4, 0.2]),
        r"action_prior\[0, 2\] = 0\.2 is positive .* give a table of shape \(3, 3\): zero there, each row summing to 1",
    ),
    "prior table on an unavailable action": (
        lambda: soft_value_iteration(ring(), np.zeros(3), action_prior=np.full((3, 3), 1 / 3)),
        r"action_prior\[0, 2\] = 0\.333333 is positive although the action is unavailable there; give zero, and",
    ),
    "prior negative": (
        lambda: soft_value_iteration(corridor(discount=0.9), np.zeros(4), action_prior=[1.5, -0.5]),
        r"action_prior\[0, 1\] = -0\.5 is negative",
    ),
    "prior NaN": (
        lambda: soft_value_iteration(corridor(discount=0.9), np.zeros(4), action_prior=[0.5, NAN]),
        "action_prior must be finite; it is nan at state 0, action 1",
    ),
    "prior of wrong shape": (
        lambda: soft_value_iteration(ring(), np.zeros(3), action_prior=[0.5, 0.5]),
        r"action_prior must have shape \(3,\) or \(3, 3\); got \(2,\)",
    ),
    "unknown inference": (
        lambda: soft_value_iteration(ring(), np.zeros(3), inference="bayes"),
        "inference must be one of 'variational', 'exact'; got 'bayes'",
    ),
    "unknown method": (
        lambda: soft_value_iteration(ring(), np.zeros(3), method="pi"),
        "method must be one of .*got 'pi'",
    ),
    "tolerance negative": (lambda: soft_value_iteration(ring(), np.zeros(3), tol=-1.0), r"tol must be .*got -1\.0"),
    "max_iter negative": (lambda: soft_value_iteration(ring(), np.zeros(3), max_iter=-1), "max_iter must be .*got -1"),
    "max_iter with a fraction": (
        lambda: soft_value_iteration(ring(), np.zeros(3), max_iter=2.5),
        r"max_iter .*got 2\.5",
    ),
    "initial values of wrong shape": (
        lambda: soft_value_iteration(ring(), np.zeros(3), initial_values=np.zeros(2)),
        r"initial_values must have shape \(3,\); got \(2,\)",
    ),
    "improper: wandering is free": (
        lambda: soft_value_iteration(corridor(), np.zeros(4)),
        "no finite soft value .*cycles pay more than they cost",
        ImproperProblemError,
    ),
    # Policies and visitations.
    "policy that does not sum to 1": (
        lambda: expected_visitations(ring(), [[0.5, 0.5, 0], [0.5, 0.4, 0], [1, 0, 0]]),
        r"policy must sum to 1; in state 1 it sums to 0\.9",
    ),
    "policy of zeros": (
        lambda: expected_visitations(ring(), [[0.5, 0.5, 0], [0, 0, 0], [1, 0, 0]]),
        "policy must sum to 1; in state 1 it sums to 0",
    ),
    "policy negative": (
        lambda: expected_visitations(ring(), [[0.5, 0.5, 0], [1.5, -0.5, 0], [1, 0, 0]]),
        r"policy gives -0\.5 to action 1 in state 1",
    ),
    "policy takes an unavailable action": (
        lambda: expected_visitations(ring(), [[0.5, 0.25, 0.25], [1, 0, 0], [1, 0, 0]]),
        r"policy gives 0\.25 to action 2 in state 0",
    ),
    "policy acts in a terminal state": (
        lambda: policy_value(corridor(), np.full((4, 2), 0.5), np.zeros(4)),
        r"policy gives 0\.5 to action 0 in state 3",
    ),
    "policy with NaN": (
        lambda: expected_visitations(ring(), with_entry(np.eye(3), (2, 2), NAN)),
        "policy must be finite; it is nan at state 2, action 2",
    ),
    "policy of wrong shape": (
        lambda: expected_visitations(ring(horizon=4), np.ones((2, 3, 3))),
        r"policy must have shape \(3, 3\) or \(4, 3, 3\); got \(2, 3, 3\)",
    ),
    "policy that never ends": (
        lambda: expected_visitations(corridor(), [[1, 0], [1, 0], [1, 0], [0, 0]]),
        "never ends from state 0",
    ),
    "mass of wrong shape": (
        lambda: expected_visitations(ring(), np.eye(3)[[1, 1, 1]], initial=[1.0, 0.0]),
        r"initial must have shape \(3,\); got \(2,\)",
    ),
    "no trajectories to draw": (
        lambda: sample_demonstrations(ring(), np.eye(3)[[1, 1, 1]], 0, max_steps=2),
        "n_trajectories must be a positive integer; got 0",
    ),
    # Demonstrations against the MDP.
    "no demonstrations": (lambda: fit([]), "no trajectories"),
    "empty trajectory": (lambda: fit([*STAY, ([0], [])]), "trajectory 1 has no decisions"),
    "state out of range": (lambda: fit([*STAY, ([3, 0], [0])]), r"trajectory 1, step 0 is in state 3.*0\.\.2"),
    "final state out of range": (lambda: fit([([0, 3], [0])]), "trajectory 0 ends in state 3"),
    "action out of range": (lambda: fit([([0, 0, 0], [1, 3])]), r"trajectory 0, step 1 takes action 3.*0\.\.2"),
    "state negative": (lambda: fit([np.array([[0, 1], [-1, 1]])]), "state at trajectory 0, step 1 is -1"),
    "state with a fraction": (lambda: fit([np.array([[0.5, 1.0]])]), r"state at trajectory 0, step 0 is 0\.5"),
    "state missing": (lambda: fit([np.array([[0.0, 1.0], [NAN, 1.0]])]), "state at trajectory 0, step 1 is missing"),
    "unavailable action": (
        lambda: fit([*STAY, ([0, 0, 1], [1, 2])]),
        r"trajectory 1, step 1 takes action 2 in state 0, where it is not available \(available: action 0, action 1\)",
    ),
    "impossible transition": (
        lambda: fit([([0, 1, 0], [0, 0])]),
        "trajectory 0, step 1 goes from state 1 by action 0 to state 0, which has probability 0",
    ),
    "goes on in a terminal state": (
        lambda: fit([([2, 3, 2], [1, 0])], corridor()),
        "trajectory 0, step 1 takes action 0 in state 3, which is terminal",
    ),
    "goes on in its goal": (
        lambda: fit([([0, 1, 1], [0, 1])], demos={"goals": [1]}),
        "trajectory 0, step 1 takes action 1 in state 1, its goal",
    ),
    "ends where nothing ends": (
        lambda: fit(FINE, demos={"terminated": [True]}),
        "trajectory 0 is marked as terminated after step 1 .*does not end in state 1",
    ),
    "longer than the horizon": (
        lambda: fit([([0, 0], [1]), ([0] * 5, [1] * 4)], ring(horizon=3)),
        "trajectory 1 has 4 decisions, more than the horizon of 3",
    ),
    "into a dead end": (
        lambda: fit([([0, 0], [0]), ([0, 1], [1])], MDP.from_successors([[0, 1], [-1, -1]], discount=0.9)),
        "trajectory 1, step 0: action 1 in state 0 leads into a dead end",
    ),
    "where no end can be reached": (
        lambda: fit([([0, 1], [0])], MDP.from_successors([[1, 2], [1, 1], [-1, -1]], terminal=[2]), -np.ones((3, 1))),
        "trajectory 0, step 0: action 0 in state 0 leads where no terminal state can be reached",
    ),
    "goal that cannot be reached": (
        lambda: fit(
            [([0, 1], [0])],
            MDP.from_successors([[1, 3], [1, 1], [0, 0], [-1, -1]], terminal=[3]),
            -np.ones((4, 1)),
            demos={"goals": [2]},
        ),
        "trajectory 0, step 0: action 0 in state 0 leads where neither its goal 2 nor a terminal state",
    ),
    "goal out of the MDP": (lambda: fit(FINE, demos={"goals": [7]}), "the goal of trajectory 0 is state 7"),
    "weights negative": (lambda: fit(FINE, demos={"weights": [-1.0]}), "weight of trajectory 0 is -1"),
    "weights too few": (lambda: fit(FINE, demos={"weights": [1.0, 2.0]}), r"weights must have shape \(1,\)"),
    "prior forbids what was done": (
        lambda: fit([([0, 0, 1], [1, 0])], action_prior=[[0, 1, 0], [0.5, 0.5, 0], [1, 0, 0]], l2=1.0),
        "no probability to action 0 in state 0, which trajectory 0 takes at step 1",
    ),
    "goals forgotten": (
        lambda: fit(FINE, MDP.from_successors(RING, terminal=[]), -np.ones((3, 1))),
        r"demonstrations without goals is impossible: give them their goals, Demonstrations\(trajectories, goals=",
    ),
    "None for demonstrations": (lambda: fit(None), "trajectories is None: give a list of trajectories"),
    "features that are words": (lambda: fit(FINE, features=[["far"]] * 3), "features must hold numbers: .*'far'"),
    "weights that are words": (lambda: fit(FINE, demos={"weights": ["heavy"]}), "weights must hold numbers: .*'heavy'"),
    "transitions that are words": (lambda: MDP([[["a"]]], discount=0.9), "transitions must hold numbers: .*'a'"),
    "first states that are words": (lambda: ring(initial=["a", "b", "c"]), "initial must hold numbers: .*'a'"),
    "reward that is words": (lambda: soft_value_iteration(ring(), ["a", "b", "c"]), "reward must hold numbers: .*'a'"),
    "solution for a policy": (
        lambda: sample_demonstrations(ring(), soft_value_iteration(ring(), np.zeros(3)), 2, max_steps=2),
        r"policy is a SoftSolution: give its \.policy",
    ),
    "two features of one name": (
        lambda: fit(FINE, features=np.eye(3)[:, :2], feature_names=["far", "far"]),
        "feature_names has 'far' more than once",
    ),
    "no MDP": (lambda: soft_value_iteration("ring", [1.0]), "mdp must be an MDP; got str"),
    "counting in a list": (
        lambda: MDP.from_demonstrations([([0, 1], [0])], discount=0.9),
        "transitions are counted in a Demonstrations; got a list",
    ),
    "smoothing that is a word": (
        lambda: MDP.from_demonstrations(Demonstrations(FINE), smoothing="much", discount=0.9),
        "smoothing must be a number >= 0; got 'much'",
    ),
    "names of states taken for indices": (
        lambda: MDP.from_demonstrations(Demonstrations([([0, 4_000_000_000], [0])]), discount=0.9),
        "the largest state is 4000000000, but only 2 different states occur: .* turn them into strings",
    ),
    # Tables and files.
    "missing column": (
        lambda: Demonstrations.from_table({"who": [1], "s": [0]}, id="who", state="s", action="act"),
        r"no column 'act' \(given as action=\); it has 'who', 's'",
    ),
    "duplicate times": (
        lambda: Demonstrations.from_table(
            {"who": [7, 7], "s": [0, 1], "a": [0, 0], "t": [3, 3]}, id="who", state="s", action="a", time="t"
        ),
        "trajectory 7 has t=3 twice, in rows 0 and 1",
    ),
    "missing action": (
        lambda: Demonstrations.from_table(
            {"who": [7, 7], "s": [0, 1], "a": [None, 0]}, id="who", state="s", action="a"
        ),
        r"'a' is missing at trajectory 7, step 0 \(row 0\)",
    ),
    # Features and parameters of the estimator.
    "features of wrong length": (
        lambda: fit(FINE, features=np.ones((2, 1))),
        r"features must have shape \(3, K\).*got \(2, 1\)",
    ),
    "features of one dimension": (lambda: fit(FINE, features=np.ones(3)), r"features must have shape .*got \(3,\)"),
    "features with the axes swapped": (
        lambda: fit([([0, 1], [1])], corridor(discount=0.9), np.ones((2, 4, 1))),
        r"features must have shape \(4, K\) or \(4, 2, K\).*got \(2, 4, 1\)",
    ),
    "no features": (lambda: fit(FINE, features=np.ones((3, 0))), r"K >= 1; got \(3, 0\)"),
    "features with NaN": (
        lambda: fit(FINE, features=with_entry(np.ones((3, 2)), (2, 1), NAN)),
        "features must be finite; .*nan at state 2, feature 1",
    ),
    "features per pair with NaN": (
        lambda: fit(FINE, features=with_entry(np.ones((3, 3, 2)), (2, 1, 0), NAN)),
        "features must be finite; .*nan at (state 2, action 1|action 1, state 2), feature 0",
    ),
    "features whose squares overflow": (
        lambda: fit(FINE, features=with_entry(np.eye(3), (1, 1), -1e300)),
        r"features must not exceed 1e\+140 in size, .* it is -1e\+300 at state 1, feature 1: measure it in a larger unit",
    ),
    "sparse features whose squares overflow": (
        lambda: fit(FINE, features=sparse.csr_array(with_entry(np.eye(3), (1, 1), 1e300))),
        r"features must not exceed 1e\+140 .* it is 1e\+300 at state 1, feature 1",
    ),
    "sparse features with infinity": (
        lambda: fit(FINE, features=sparse.csr_array(with_entry(np.zeros((3, 2)), (1, 0), INF))),
        "features must be finite; .*inf at state 1, feature 0",
    ),
    "sparse features, one too few": (
        lambda: fit(FINE, features=[sparse.eye_array(3)] * 2),
        r"3 matrices of shape \(3, K\)",
    ),
    "too few feature names": (
        lambda: fit(FINE, features=np.ones((3, 2)), feature_names=["one"]),
        "feature_names has 1 names for 2 features",
    ),
    "mdp of another kind": (lambda: MaxEntIRL("world").fit(FINE), "mdp must be an MDP; got str"),
    "temperature 0 in a fit": (
        lambda: fit(FINE, temperature=0.0),
        r"temperature must be finite and positive.*got 0\.0",
    ),
    "infinite temperature in a fit": (
        lambda: fit(FINE, temperature=INF),
        "temperature must be finite and positive.*got inf",
    ),
    "l2 negative": (lambda: fit(FINE, l2=-1.0), r"l2 must be .*got -1\.0"),
    "n_jobs of text": (lambda: fit(FINE, n_jobs="a"), "n_jobs must be a number of workers.*got 'a'"),
    "coef_init of text": (
        lambda: MaxEntIRL(ring(), np.ones((3, 1))).fit(FINE, coef_init="a"),
        "coef_init must hold numbers",
    ),
    "callback that cannot be called": (
        lambda: fit(FINE, callback="print"),
        "callback must be a function that takes a Progress, or None; got 'print'",
    ),
    "l2 of text": (lambda: fit(FINE, l2="1"), "l2 must be .*got '1'"),
    "tol 0": (lambda: fit(FINE, tol=0.0), r"tol must be .*got 0\.0"),
    "fit with max_iter -1": (lambda: fit(FINE, max_iter=-1), "max_iter must be .*got -1"),
    "unknown solver": (lambda: fit(FINE, solver="adam"), "solver must be one of .*got 'adam'"),
    "unknown objective": (lambda: fit(FINE, objective="mle"), "objective must be one of .*got 'mle'"),
    "unknown inference in a fit": (lambda: fit(FINE, inference="map"), "inference must be one of .*got 'map'"),
    "unknown covariance": (lambda: fit(FINE, covariance="best"), "covariance must be one of .*got 'best'"),
    "start of wrong length": (
        lambda: MaxEntIRL(ring(), np.ones((3, 2))).fit(FINE, coef_init=[0.0]),
        "coef_init must be 2 finite numbers",
    ),
    "start with NaN": (
        lambda: MaxEntIRL(ring(), np.ones((3, 1))).fit(FINE, coef_init=[NAN]),
        "coef_init must be 1 finite numbers",
    ),
    "undiscounted, and no feature can cost anything": (
        lambda: fit([([2, 3], [1])], corridor(), np.array([[1.0], [-1.0], [0.0], [0.0]])),
        "(no coefficients to start from|no finite soft value)",
        ImproperProblemError,
    ),
    # Predictions.
    "predicting for a state that is none": (
        lambda: fit(FINE, l2=1.0).predict_proba([0, 3]),
        r"states\[1\] is 3; states are 0\.\.2",
    ),
    "predicting for a negative state": (lambda: fit(FINE, l2=1.0).predict([-1]), r"states\[0\] is -1"),
    "predicting for half a state": (lambda: fit(FINE, l2=1.0).predict([0.5]), "states must be .*integers.*float64"),
    "predicting without the time": (lambda: fit(FINE, ring(horizon=5), l2=1.0).predict([0]), "pass times="),
    "predicting after the horizon": (
        lambda: fit(FINE, ring(horizon=5), l2=1.0).predict([0], times=[5]),
        r"times\[0\] is 5; times are 0\.\.4",
    ),
    "predicting at too few times": (
        lambda: fit(FINE, ring(horizon=5), l2=1.0).predict([0, 1], times=[0]),
        "times must have one entry per state, 2 in all; got 1",
    ),
    "scoring what cannot have happened": (
        lambda: fit(FINE, l2=1.0).score([([0, 2], [0])]),
        "trajectory 0, step 0 goes from state 0 by action 0 to state 2",
    ),
}


@pytest.mark.parametrize("case", ROWS)
def test_wrong_input_is_named(case):
    call, message, *kind = ROWS[case]
    with pytest.raises(kind[0] if kind else ValueError, match=f"(?s){message}"):
        call()


def test_the_table_is_long_enough():
    assert len(ROWS) >= 40


@pytest.mark.parametrize("kind", ["truncated", "text", "of something else", "empty"])
def test_files_that_hold_no_mdp(kind, tmp_path):
    path = tmp_path / "mdp.npz"
    ring().save(path)
    whole = path.read_bytes()
    if kind == "of something else":
        np.savez(path, data=np.ones(3))
    else:
        path.write_bytes({"truncated": whole[: len(whole) // 2], "text": b"not an archive", "empty": b""}[kind])
    with pytest.raises(ValueError, match=r"mdp\.npz"):
        MDP.load(path)


def test_a_file_with_wrong_numbers_is_refused_like_any_other_input(tmp_path):
    path = tmp_path / "mdp.npz"
    ring().save(path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["data"] = arrays["data"] * 2
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="state 0 under action 0 sum to 2"):
        MDP.load(path)


def test_a_file_with_pickles_is_not_executed(tmp_path):
    path = tmp_path / "mdp.npz"
    np.savez(path, data=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"mdp\.npz"):
        MDP.load(path)


@pytest.mark.parametrize(
    ("kind", "key", "change", "message"),
    [
        ("MDP", "indices", lambda x: x + 99, "is damaged: "),
        ("MDP", "data", lambda x: x[:-1], "is damaged: "),
        ("demonstrations", "offsets", lambda x: x[::-1], "is damaged: its offsets do not divide"),
        ("demonstrations", "states", lambda x: x[:-1], "is damaged: its offsets do not divide"),
        ("demonstrations", "states", lambda x: x - 5, "is damaged: negative states"),
        ("demonstrations", "final_states", lambda x: x - 5, "is damaged: negative final_states"),
    ],
)
def test_files_that_contradict_themselves(tmp_path, kind, key, change, message):
    path = tmp_path / "file.npz"
    (ring() if kind == "MDP" else Demonstrations(FINE)).save(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    arrays[key] = change(arrays[key])
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=f"file.npz {message}"):
        MDP.load(path) if kind == "MDP" else Demonstrations.load(path)
