r"""
Sampled policy improvement: enough to try a few actions
=======================================================

**Question.** If only K actions can be tried, how far is the improved policy from the exact one?

Sampled MuZero improves the policy on sampled actions, and weights them by their frequency over their probability under the
proposal. An operator of the form f(s, a, Z) then keeps its limit. Two are shown: the exponential one, which is the posterior of
control as inference, and the regularised one, which MuZero's tree search approximates.

**What the figure shows.** Left: the error over the number of samples, for both operators. The dashed line is the theory of
importance sampling. Without the weights, the limit is another policy. Middle: the same for continuous actions, the shortfall of
mean and deviation of a Gaussian posterior. Right: policy iteration with K samples on the slippery grid; a bias of order 1/K is
left.

Sources: Hubert, T., et al. (2021), ICML, PMLR 139; Grill, J.-B., et al. (2020), ICML, PMLR 119.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from maxent_irl import soft_value_iteration
from maxent_irl.control import (
    LinearQuadratic,
    asymptotic_variance,
    improve,
    sampled_action_weights,
    sampled_improvement,
    sampled_policy_iteration,
    uniform_prior,
)
from maxent_irl.worlds import GridWorld

rng = np.random.default_rng(0)
n_actions, alpha = 20, 0.5
policy, Q = rng.dirichlet(np.ones(n_actions)), rng.normal(size=n_actions)
proposal = 0.5 * policy + 0.5 / n_actions
sizes = np.unique(np.geomspace(2, 20_000, 13).astype(int))
rows = np.broadcast_to(policy, (2000, n_actions))

# %%
# One state with 20 actions.

figure, axes = plt.subplots(1, 3, figsize=(12.5, 4.1), layout="constrained")
for operator, colour in (("exponential", "C0"), ("regularised", "C1")):
    exact = improve(policy, Q, alpha, operator)
    options = {"temperature": alpha, "proposal": proposal, "operator": operator, "random_state": 0}
    errors = [np.sqrt(((sampled_improvement(rows, Q, K, **options) - exact) ** 2).sum(axis=1).mean()) for K in sizes]
    axes[0].loglog(sizes, errors, "o-", color=colour, markersize=4, label=operator)
exact = improve(policy, Q, alpha)
theory = np.sqrt(asymptotic_variance(policy, Q, temperature=alpha, proposal=proposal).sum() / sizes)
axes[0].loglog(sizes, theory, "--", color="0.3", label="theory, exponential")
shares = [rng.multinomial(K, proposal, size=2000) / K for K in sizes]
unweighted = [np.sqrt(((improve(s * policy, Q, alpha) - exact) ** 2).sum(axis=1).mean()) for s in shares[3:]]
axes[0].loglog(sizes[3:], unweighted, "x-", color="C3", markersize=4, label="without the weights")
axes[0].set(xlabel="samples K", ylabel="root mean square error", title="One state, 20 actions")
axes[0].legend(frameon=False)

# %%
# Continuous actions: reward -(a - 1)², proposals from a standard normal distribution.

closed = LinearQuadratic.single_choice([1.0], [[2.0]]).solve(alpha)
mean_error, deviation_error = [], []
for K in sizes[2:]:
    actions = rng.normal(size=(500, K))
    weights = sampled_action_weights(
        np.zeros(actions.shape), norm.logpdf(actions), -((actions - 1.0) ** 2), temperature=alpha
    )
    mean = (weights * actions).sum(axis=1)
    deviation = np.sqrt((weights * (actions - mean[:, None]) ** 2).sum(axis=1))
    mean_error.append(np.sqrt(np.mean((mean - closed.gain[0, 0]) ** 2)))
    deviation_error.append(np.sqrt(np.mean((deviation - np.sqrt(closed.covariance[0, 0])) ** 2)))
axes[1].loglog(sizes[2:], mean_error, "o-", markersize=4, label="mean")
axes[1].loglog(sizes[2:], deviation_error, "o-", markersize=4, label="standard deviation")
axes[1].loglog(sizes[2:], sizes[2:] ** -0.5, "--", color="0.3", label="1 / √K")
axes[1].set(xlabel="samples K", ylabel="root mean square error", title="A Gaussian posterior")
axes[1].legend(frameon=False)

# %%
# Many states: evaluate, improve on K samples, average.

world = GridWorld.from_text(
    """
    .....
    .m...
    .m.m.
    ...m.
    ....G
    """,
    rewards={"G": 1.0, "m": -1.0},
    slip=0.2,
    discount=0.9,
    terminal_goals=False,
)
V = soft_value_iteration(world.mdp, world.reward, temperature=0.3, action_prior=uniform_prior(world.mdp)).V
for K in (4, 16, 64, 256):
    plan = sampled_policy_iteration(world.mdp, world.reward, K, temperature=0.3, n_draws=500, random_state=0)
    missed = np.abs(plan.value_curve - V).max(axis=1)
    axes[2].semilogy(missed, label=f"K = {K}")
    print(f"K = {K}: V off by at most {np.abs(plan.V - V).max():.5f}")
axes[2].set(xlabel="iteration", ylabel="largest error of V", title="The slippery grid, five actions")
axes[2].legend(frameon=False)
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_38.png'
