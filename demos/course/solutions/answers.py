"""Solutions of the six exercises, one function each: the answers in order. Teachers hand them out afterwards."""

import numpy as np

from maxent_irl import MDP, MaxEntIRL, expected_visitations, sample_demonstrations, soft_value_iteration
from maxent_irl.control import compare_inference, demonstrated_prior
from maxent_irl.datasets import load_gridworld
from maxent_irl.uncertainty import identifiability
from maxent_irl.worlds import GridWorld


def exercise_1():
    value = np.log(np.e + 1)
    probabilities = np.exp(np.array([1.0, 0.0]) - value)
    at_hundred = np.exp(0.01) / (np.exp(0.01) + 1)
    three = np.exp([1.0, 1.0, 0.0]) / np.exp([1.0, 1.0, 0.0]).sum()
    return {"1a": value, "1b": probabilities, "1c": at_hundred, "1d": 2.0, "1e": three}


def exercise_2():
    places = np.arange(5)
    next_place = np.stack([np.maximum(places - 1, 0), np.minimum(places + 1, 4), places], axis=1)
    reward = np.array([0.0, 0.0, 0.0, 0.0, 1.0])

    def backup(V):
        Q = reward[:, None] + 0.9 * V[next_place]
        return np.log(np.exp(Q).sum(axis=1))

    V, sweeps = np.zeros(5), 0
    while True:
        new, sweeps = backup(V), sweeps + 1
        if np.abs(new - V).max() < 1e-6:
            break
        V = new
    steps = soft_value_iteration(MDP.from_successors(next_place, discount=0.999), reward).n_iter
    knobs = {"temperature": "all choices", "discount": "far choices"}
    return {"2a": backup, "2b": new, "2c": sweeps, "2d": steps, "2e": knobs}


def exercise_3():
    transitions = np.zeros((4, 2, 4))
    transitions[0, 0, 1] = 1.0
    transitions[0, 1, 2] = transitions[0, 1, 3] = 0.5
    over = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    mdp = MDP(transitions, ending=over, initial=[1.0, 0.0, 0.0, 0.0], horizon=2, discount=1.0)
    both = compare_inference(mdp, np.array([0.0, 1.0, 3.0, -3.0]), action_prior=[0.5, 0.5])
    spins = [both.exact.policy[0, 0, 1], both.variational.policy[0, 0, 1]]
    believed = np.exp(3) / (np.exp(3) + np.exp(-3))
    return {"3a": 0.0, "3b": spins, "3c": believed, "3d": both.optimism[0, 0], "3e": "deterministic"}


def exercise_4():
    rooms = np.arange(6)
    next_room = np.stack([rooms, (rooms + 1) % 6, (rooms - 1) % 6], axis=1)
    mdp = MDP.from_successors(next_room, discount=0.9, initial=[1.0, 0, 0, 0, 0, 0])
    reward = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    visits = expected_visitations(mdp, soft_value_iteration(mdp, reward).policy)
    prior = np.array([0.1, 0.8, 0.1])
    habit = sample_demonstrations(mdp, np.tile(prior, (6, 1)), 50, max_steps=20, random_state=0)
    return {
        "4a": visits.sum(),
        "4b": visits[3].sum(),
        "4c": (visits * reward[:, None]).sum(),
        "4d": reward[:, None] + np.log(prior),
        "4e": demonstrated_prior(mdp, habit)[0],
    }


def exercise_5(rooms, demonstrations):
    world = GridWorld.from_text(rooms, discount=0.9)

    def fit(walks):
        return MaxEntIRL(world.mdp, world.features("tiles")).fit(walks)

    model = fit(demonstrations)
    ratio = (fit(demonstrations[:25]).standard_errors_ / model.standard_errors_).mean()
    per_cell = MaxEntIRL(world.mdp, l2=1.0).fit(demonstrations[:20])
    kind = identifiability(per_cell).directions[0].kind
    return {"5a": model.coef_, "5b": model.feature_gap_, "5c": model.standard_errors_, "5d": ratio, "5e": kind}


def exercise_6():
    data = load_gridworld()
    demonstrations = data.demonstrations
    estimated = MDP.from_demonstrations(demonstrations, discount=0.95)
    model = MaxEntIRL(data.mdp, data.features).fit(demonstrations)
    early = MaxEntIRL(data.mdp, data.features).fit(demonstrations[:150])
    weakest = data.feature_names[int(np.argmin(np.abs(model.coef_ / model.standard_errors_)))]
    return {
        "6a": demonstrations.n_decisions,
        "6b": int(estimated.available.sum()),
        "6c": model.score(demonstrations) + np.log(5),
        "6d": early.score(demonstrations[150:]),
        "6e": weakest,
    }
