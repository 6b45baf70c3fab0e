"""Wrong MDPs, rewards, temperatures, priors and policies: call, and what the error says."""

import numpy as np
from scipy import sparse
from small_problems import FINE, INF, NAN, RING, corridor, ring, uniform, with_entry

from maxent_irl import MDP, ImproperProblemError, expected_visitations, policy_value, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.demonstrations.sampling import sample_demonstrations


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
    "goal true": (lambda: ring().with_goal(True), "goal True is no state"),
    "goal with a fraction": (lambda: ring().with_goal(0.5), r"goal 0\.5 is no state"),
    "masked transitions": (
        lambda: MDP(np.ma.masked_array(np.full((2, 1, 2), 0.5), [[[0, 0]], [[1, 0]]]), discount=0.9),
        "transitions is masked at 1, 0, 0, which means missing",
    ),
    "masked terminal states": (
        lambda: MDP.from_successors([[0], [1]], terminal=np.ma.masked_array([True, True], [False, True])),
        "terminal is masked at 1",
    ),
    "masked available": (
        lambda: MDP(np.full((2, 1, 2), 0.5), discount=0.9, available=np.ma.masked_array([[True], [True]], [[0], [1]])),
        "available is masked at 1, 0",
    ),
    "masked ending": (
        lambda: MDP(np.full((2, 1, 2), 0.5), discount=0.9, ending=np.ma.masked_array([[0.0], [0.0]], [[0], [1]])),
        "ending is masked at 1, 0",
    ),
    "masked successors": (
        lambda: MDP.from_successors(np.ma.masked_array([[0], [1]], [[0], [1]]), discount=0.9),
        "next_state is masked at 1, 0",
    ),
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
}
