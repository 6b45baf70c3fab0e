r"""
Policy gradient: the lower bound from sampled trajectories
==========================================================

**Question.** How well does the gradient of the evidence lower bound do, if all expectations are sampled?

The derivative of expected reward plus entropy is an expectation over the policy's own trajectories: the score of each decision
times the reward and entropy that followed. A baseline from earlier samples reduces the noise and adds no bias.

**What the figure shows.** The slippery grid of the second demo. Left: the lower bound during the ascent, for three seeds,
against the exact soft value. Right: the exact gradient at the uniform policy against the sampled one, with and without a
baseline; each of the 125 logits is a point.

Sources: Levine, S. (2018), arXiv:1805.00909; Williams, R. J. (1992), Machine Learning 8, 229-256.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import soft_value_iteration
from maxent_irl.control import estimate_gradient, evidence_lower_bound, maximum_entropy_policy_gradient, uniform_prior
from maxent_irl.worlds import GridWorld

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
mdp, initial = world.mdp, world.mdp.initial_distribution
best = initial @ soft_value_iteration(mdp, world.reward, temperature=0.3).V

# %%
# The ascent: 200 trajectories an iteration.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.3), layout="constrained", width_ratios=[1.3, 1])
for seed in range(3):
    run = maximum_entropy_policy_gradient(mdp, world.reward, temperature=0.3, n_iterations=600, random_state=seed)
    reached = initial @ evidence_lower_bound(mdp, world.reward, run.policy, temperature=0.3)
    print(f"seed {seed}: {reached:.3f} of {best:.3f} after {run.n_samples} trajectories")
    smooth = np.convolve(run.objective_curve, np.full(10, 0.1), mode="valid")
    left.plot(200 * np.arange(len(smooth)), smooth, linewidth=1, color=f"C{seed}", label=f"seed {seed}")
left.axhline(best, color="0.3", linestyle="--", label="exact soft value")
left.set(
    xlabel="trajectories",
    ylabel="reward plus entropy",
    title="The lower bound approaches the soft value",
)
left.legend(frameon=False)

# %%
# The exact gradient of a softmax policy is visits times probability times advantage; here by differences of the exact bound.

uniform = uniform_prior(mdp)
values = evidence_lower_bound(mdp, world.reward, uniform, temperature=0.3)
Q = world.reward[:, None] - 0.3 * np.log(uniform) + 0.9 * (mdp.transitions @ values).reshape(5, 25).T
flow = np.einsum("sa,ast->st", uniform, mdp.transitions.toarray().reshape(5, 25, 25))
visits = np.linalg.solve(np.eye(25) - 0.9 * flow.T, initial)
exact = visits[:, None] * uniform * (Q - values[:, None])
for baseline, name, colour in ((None, "no baseline", "0.6"), (values, "values as baseline", "C0")):
    found = estimate_gradient(
        mdp, world.reward, uniform, temperature=0.3, baseline=baseline, n_trajectories=10_000, random_state=0
    )
    right.plot(exact.ravel(), found.gradient.ravel(), ".", color=colour, label=name)
ends = [exact.min(), exact.max()]
right.plot(ends, ends, color="0.3", linewidth=1)
right.set(xlabel="exact gradient", ylabel="gradient from 10,000 trajectories", title="One gradient, 125 logits")
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_33.png'
