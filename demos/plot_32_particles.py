r"""
Particles: the posterior over trajectories by sampling
======================================================

**Question.** Can samples replace messages, and where do they fail?

Particles act, each is weighted by the exponential of its reward, and the good ones are copied in place of the bad ones. The
weighted trajectories tend to the posterior that messages compute. Without look-ahead a particle learns too late that it went
the wrong way.

**What the figure shows.** The corridor of the third demo, with a small reward nearby and a larger one far away. Left and middle:
500 particles without and with look-ahead, in front of the exact marginals. Without it, all survivors go back to a few early
ancestors, and none has found the far reward. Right: with the exact messages as look-ahead the error of the marginals falls like
one over the square root of the number of particles. Without look-ahead even 10,000 particles do not find the far reward
reliably.

Sources: Levine, S. (2018), arXiv:1805.00909; Piché, A., et al. (2019), Probabilistic planning with sequential Monte Carlo
methods, ICLR.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import MDP
from maxent_irl.control import message_passing, particle_posterior

n, horizon, slip = 31, 30, 0.1
left, stay, right = np.eye(n, k=-1), np.eye(n), np.eye(n, k=1)
left[0, 0] = right[-1, -1] = 1.0
mdp = MDP(
    [(1 - slip) * move + slip * stay for move in (left, stay, right)],
    initial=np.eye(n)[13],
    horizon=horizon,
    discount=1.0,
)
reward = np.zeros(n)
reward[8], reward[28] = 1.0, 2.25
prior = np.full(3, 1 / 3)
exact = message_passing(mdp, reward, action_prior=prior)

# %%
# Three proposals: the prior without look-ahead; the prior with coarse values, as if moves never failed and the way to the far
# reward were half as long again; the posterior policy with the exact messages.

cells = np.arange(n)
time_left = horizon - np.arange(horizon + 1)[:, None]
coarse = np.maximum(
    np.maximum(time_left - np.abs(cells - 8), 0), 2.25 * np.maximum(time_left - 1.5 * np.abs(cells - 28), 0)
)
ways = {
    "no look-ahead": {},
    "coarse values": {"values": coarse},
    "exact messages": {"values": exact.log_backward, "proposal": exact.policy},
}

figure, axes = plt.subplots(1, 3, figsize=(12, 4.4), layout="constrained")
for ax, name in zip(axes, ("no look-ahead", "exact messages"), strict=False):
    found = particle_posterior(mdp, reward, 500, action_prior=prior, random_state=0, **ways[name])
    ax.imshow(np.sqrt(exact.state_marginals), aspect="auto", cmap="viridis", interpolation="nearest")
    for path in found.states.T[:: 500 // 60]:
        ax.plot(path, np.arange(horizon + 1), color="white", linewidth=0.8, alpha=0.6)
    error = found.log_evidence - exact.log_evidence
    ax.set(xlabel="cell (rewards at 8 and 28)", title=f"{name}: {found.n_ancestors[5]} ancestors at time 5")
    print(f"{name}: log evidence off by {error:+.2f} nats, resampled {found.n_resampled} times")
axes[0].set_ylabel("time, in steps")

sizes = np.array([100, 300, 1000, 3000, 10_000])
for name, options in ways.items():
    errors = [
        np.mean(
            [
                np.abs(
                    particle_posterior(
                        mdp, reward, size, action_prior=prior, random_state=seed, **options
                    ).state_marginals
                    - exact.state_marginals
                ).sum(axis=1)
                / 2
                for seed in range(4)
            ]
        )
        for size in sizes
    ]
    axes[2].loglog(sizes, errors, marker="o", markersize=4, label=name)
axes[2].loglog(sizes, 0.05 * (sizes / 1000.0) ** -0.5, "--", color="0.4", label="1 / √n")
axes[2].set(xlabel="particles", ylabel="mean total variation of the marginals", title="Distance from the messages")
axes[2].legend(frameon=False)
axes[2].spines[["top", "right"]].set_visible(False)
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_32.png'
