from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import difference_jacobian

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import POMDP, FiniteStateController, cheese_maze, controller_value, em_controller, solve_beliefs
from maxent_irl.control.finite_state_controller import _Chain


def random_pomdp(seed=0, S=3, A=2, Y=2):
    rng = np.random.default_rng(seed)
    mdp = MDP(rng.dirichlet(np.ones(S), (S, A)), initial=rng.dirichlet(np.ones(S)), discount=0.8)
    return POMDP(mdp, rng.normal(size=(S, A)), rng.dirichlet(np.ones(Y), S)), rng


def random_controller(rng, N=2, A=2, Y=2):
    return FiniteStateController(
        rng.dirichlet(np.ones(N)), rng.dirichlet(np.ones(A), N), rng.dirichlet(np.ones(N), (N, Y))
    )


def test_the_value_of_a_controller_by_enumeration():
    """All histories of nodes, states, actions and observations up to 5 decisions, and no more reward after that."""
    pomdp, rng = random_pomdp()
    controller, steps = random_controller(rng), 5
    P, seen_by, gamma = pomdp.transitions, pomdp.observations, pomdp.mdp.discount
    total = 0.0
    weight = {(n, s): controller.first[n] * pomdp.mdp.initial[s] for n, s in product(range(2), range(3))}
    for t in range(steps):
        following = dict.fromkeys(weight, 0.0)
        for (n, s), w in weight.items():
            for a, y, u, m in product(range(2), range(2), range(3), range(2)):
                chance = w * controller.actions[n, a] * P[s, a, u] * seen_by[u, y] * controller.moves[n, y, m]
                total += gamma**t * chance * pomdp.reward[s, a]
                following[m, u] += chance
        weight = following
    V = controller_value(pomdp, controller)
    rest = gamma**steps * sum(w * V[n, s] for (n, s), w in weight.items())
    assert_allclose(controller.first @ V @ pomdp.mdp.initial, total + rest, rtol=1e-10)


def test_gradients_of_the_likelihood_by_differences():
    pomdp, rng = random_pomdp()
    controller = random_controller(rng)
    chain, tables = _Chain(pomdp), (controller.first, controller.actions, controller.moves)
    _, gradients = chain.evaluate(tables)
    for k, gradient in enumerate(gradients):
        # mass moved from the last entry of a row to the first, to keep the sum
        shape = tables[k].shape[:-1]
        towards = np.zeros(tables[k].shape[-1])
        towards[0], towards[-1] = 1.0, -1.0

        def likelihood(x, k=k, shape=shape, towards=towards):
            moved = list(tables)
            moved[k] = tables[k] + x.reshape(shape)[..., None] * towards
            return np.array([chain.evaluate(tuple(moved))[0]])

        found = difference_jacobian(likelihood, np.zeros(max(1, int(np.prod(shape)))))[0]
        assert_allclose((gradient @ towards).ravel(), found, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("accelerate", [True, False])
def test_em_never_lowers_the_likelihood(accelerate):
    pomdp, _ = random_pomdp(1)
    plan = em_controller(pomdp, 2, n_starts=2, accelerate=accelerate, max_iter=20_000, tol=1e-3, random_state=0)
    assert plan.converged
    assert (np.diff(plan.likelihood_curve) >= -1e-12).all()
    assert_allclose(plan.value, plan.values.max(), rtol=1e-6)
    for table in (plan.controller.first, plan.controller.actions, plan.controller.moves):
        assert_allclose(table.sum(axis=-1), 1.0)
    assert not em_controller(pomdp, 2, n_starts=1, max_iter=1, random_state=0).converged


def test_a_state_that_is_seen_makes_the_belief_mdp_the_mdp():
    pomdp, rng = random_pomdp()
    seen = POMDP(pomdp.mdp, pomdp.reward, np.eye(3))
    best = soft_value_iteration(pomdp.mdp, pomdp.reward, temperature=0.0)
    first = (pomdp.mdp.initial @ pomdp.reward) + 0.8 * np.einsum(
        "s,sat,t->a", pomdp.mdp.initial, pomdp.transitions, best.V
    )
    solved = solve_beliefs(seen)
    assert_allclose(solved.value, first.max(), rtol=1e-9)
    assert len(solved.beliefs) == 4


def test_infinitely_many_beliefs_are_refused():
    pomdp, _ = random_pomdp()
    with pytest.raises(ValueError, match="more than max_beliefs=50 beliefs can be reached"):
        solve_beliefs(pomdp, max_beliefs=50)


def test_the_cheese_maze_has_its_published_value():
    """3.49, the optimal value at discount 0.95 in tables of POMDP solvers."""
    maze = cheese_maze()
    solved = solve_beliefs(maze)
    assert maze.observations.shape == (11, 7)
    assert_allclose(solved.value, 3.49, atol=0.005)
    # Five nodes suffice, and no controller is better than the belief MDP.
    plan = em_controller(maze, 5, random_state=0)
    assert plan.value <= solved.value + 1e-9
    assert_allclose(plan.value, solved.value, rtol=1e-3)
    assert em_controller(maze, 1, random_state=0).value < 0.5


def test_what_is_no_pomdp_is_refused():
    pomdp, _ = random_pomdp()
    mdp = pomdp.mdp
    with pytest.raises(ValueError, match=r"observations must have shape \(3, Y\)"):
        POMDP(mdp, pomdp.reward, np.eye(2))
    with pytest.raises(ValueError, match="observations of state 1 must be probabilities that sum to 1"):
        POMDP(mdp, pomdp.reward, [[1.0, 0.0], [0.4, 0.4], [0.0, 1.0]])
    with pytest.raises(ValueError, match="a POMDP needs every action in every state"):
        POMDP(MDP.from_successors([[1, 0], [-1, -1]], terminal=[1], discount=0.9), [0.0, 1.0], np.eye(2))
    with pytest.raises(ValueError, match="all rewards are 1"):
        em_controller(POMDP(mdp, np.ones(3), np.eye(3)), 2)
    with pytest.raises(ValueError, match="n_nodes must be a positive integer; got 0"):
        em_controller(pomdp, 0)
