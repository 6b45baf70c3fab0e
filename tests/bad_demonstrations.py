"""Wrong demonstrations, tables, features and parameters of estimators: call, and what the error says."""

import numpy as np
from scipy import sparse
from small_problems import FINE, INF, NAN, RING, STAY, corridor, fit, ring, with_entry

from maxent_irl import MDP, ImproperProblemError, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.demonstrations.sampling import sample_demonstrations
from maxent_irl.estimators import MaxEntIRL

ROWS = {
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
    "text for the names of features": (
        lambda: fit(FINE, features=np.eye(3)[:, :2], feature_names="ab"),
        "feature_names must be a list of names; got the text 'ab'",
    ),
    "masked features": (
        lambda: fit(FINE, features=np.ma.masked_array(np.ones((3, 1)), [[0], [0], [1]])),
        "features is masked at 2, 0",
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
        "trajectory 7 has t=3 twice, in row 0 and row 1",
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
