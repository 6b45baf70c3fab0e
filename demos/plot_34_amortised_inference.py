r"""
Amortised inference: one network for all goals
==============================================

**Question.** Can a network learn to infer, so that a new task needs no messages?

A small network reads the way to the goal, the walls and the time left, and returns action probabilities. It is trained on the
mean lower bound of 17 goals of a 5 x 5 grid. For the other 8 goals its policy is compared with the exact posterior.

**What the figure shows.** Left: the posterior's choice of action at time 0 for a goal that the network has not seen, by messages
and by the network. Right: divergence from the exact posterior, in nats a decision, for every goal. Hatched goals are unseen.

Source: Levine, S. (2018), arXiv:1805.00909; Gershman, S. J., & Goodman, N. D. (2014), Amortized inference in probabilistic
reasoning, CogSci.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl.control import evidence_lower_bound, fit_inference_network, message_passing, uniform_prior
from maxent_irl.worlds import GridWorld

n, horizon, alpha = 5, 8, 0.3
mdp = GridWorld.from_text("\n".join(["." * n] * n), rewards={}, discount=0.9).mdp.replace(horizon=horizon, discount=1.0)
prior, initial, rewards = uniform_prior(mdp), mdp.initial_distribution, np.eye(n * n)

# %%
# What the network sees of each goal, time and cell: signs and halves of the way, four walls, the time left.

row, col = np.divmod(np.arange(n * n), n)
inputs = np.empty((n * n, horizon, n * n, 9))
for k, place in enumerate((row, col)):
    way = place[:, None] - place
    inputs[..., k], inputs[..., 2 + k] = np.sign(way)[:, None], way[:, None] / 2
    inputs[..., 4 + k], inputs[..., 6 + k] = place == 0, place == n - 1
inputs[..., 8] = (1.0 - np.arange(horizon) / horizon)[:, None]

order = np.random.default_rng(0).permutation(n * n)
seen, unseen = order[:17], order[17:]
fit = fit_inference_network(
    mdp, rewards[seen], inputs[seen], n_hidden=16, temperature=alpha, action_prior=prior, max_iter=200, random_state=0
)

# %%
# Under deterministic dynamics, log evidence minus lower bound is the divergence from the posterior.

posteriors = [message_passing(mdp, reward, temperature=alpha, action_prior=prior) for reward in rewards]
divergence = np.empty(n * n)
for goal, posterior in enumerate(posteriors):
    policy = fit.network.policy(inputs[goal])
    bound = evidence_lower_bound(mdp, rewards[goal], policy, temperature=alpha, action_prior=prior)[0]
    divergence[goal] = initial @ (posterior.log_backward[0] - bound / alpha) / horizon
print(f"nats a decision: {divergence[seen].mean():.3f} on goals seen, {divergence[unseen].mean():.3f} on others")

figure, axes = plt.subplots(1, 3, figsize=(11.5, 4), layout="constrained")
goal = int(unseen[np.argmin(np.abs(row[unseen] - 2) + np.abs(col[unseen] - 2))])
moves = np.array([mdp.transitions[a * n * n : (a + 1) * n * n].toarray().argmax(axis=1) for a in range(mdp.n_actions)])
for ax, policy, title in (
    (axes[0], posteriors[goal].policy[0], "posterior, by messages"),
    (axes[1], fit.network.policy(inputs[goal])[0], "network, goal not seen"),
):
    across = (policy.T * (col[moves] - col)).sum(axis=0)
    down = (policy.T * (row[moves] - row)).sum(axis=0)
    ax.quiver(col, row, across, down, angles="xy", scale_units="xy", scale=1.6, width=0.012, color="C0")
    ax.plot(col[goal], row[goal], "*", color="C1", markersize=16)
    ax.set(xlim=(-0.7, n - 0.3), ylim=(n - 0.3, -0.7), aspect="equal", xticks=[], yticks=[], title=title)
axes[0].set_xlabel("arrows: mean first move; star: the goal")
image = axes[2].imshow(divergence.reshape(n, n), cmap="viridis", vmin=0.0)
figure.colorbar(image, ax=axes[2], label="divergence, nats a decision", shrink=0.8)
for g in unseen:
    axes[2].add_patch(
        plt.Rectangle((col[g] - 0.5, row[g] - 0.5), 1, 1, fill=False, hatch="//", edgecolor="white", linewidth=0)
    )
axes[2].set(xticks=[], yticks=[], title="by goal; hatched: not seen")
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_34.png'
