"""Second and third derivatives in the space of rewards, against differences of the mass and of the Hessian."""

import numpy as np
import pytest
from oracles import KINDS, costly_features, difference_jacobian, problem_of_kind, random_demos, random_prior
from packaged import as_demonstrations, as_mdp

from maxent_irl import SoftAgent
from maxent_irl.likelihood import TaskObjective, sufficient_statistics
from maxent_irl.likelihood.reward_curvature import RewardCurvature
from maxent_irl.rewards import LinearReward

ALPHA = 0.8
SHAPES = {"per state": True, "per pair": False}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("kind", KINDS)
def test_against_differences(kind, inference, shape):
    rng = np.random.default_rng(3)
    problem = problem_of_kind(kind)
    features, coef = costly_features(rng, problem, per_state=SHAPES[shape])
    mdp, demonstrations = as_mdp(problem), as_demonstrations(random_demos(rng, problem, 6, 4))
    statistics = sufficient_statistics(mdp, demonstrations, "likelihood")
    agent = SoftAgent(mdp, ALPHA, random_prior(rng, problem), inference)
    task = TaskObjective(agent, LinearReward(mdp, features), statistics)
    curvature = RewardCurvature(task.at(coef))

    changes = difference_jacobian(lambda x: task.at(x).mass.ravel(), coef)
    np.testing.assert_allclose(curvature.response, changes, rtol=1e-6, atol=1e-6)

    # The reward moves in any direction; the columns along which the curvature is taken stay.
    everywhere = LinearReward(mdp, np.eye(changes.shape[0]).reshape(*features.shape[:-1], -1, order="F"))
    if not SHAPES[shape]:
        S, A = problem.shape
        everywhere = LinearReward(mdp, np.eye(A * S).reshape(A, S, A * S).swapaxes(0, 1))
    free = TaskObjective(agent, everywhere, statistics)
    columns = np.asarray(task.reward_model.features.matrix)
    root = rng.normal(size=(3, 2))

    def trace(reward):
        return np.array([np.trace(root.T @ columns.T @ free.at(reward).hessian @ columns @ root)])

    expected = difference_jacobian(trace, columns @ coef)[0]
    np.testing.assert_allclose(curvature.trace_gradient(root).ravel(), expected, rtol=1e-5, atol=1e-5)
