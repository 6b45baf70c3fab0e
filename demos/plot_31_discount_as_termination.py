r"""
A discount is an end that may come at any time
==============================================

**Question.** Is the discounted problem the same graphical model, with episodes of random length?

Let every decision be the last one with probability :math:`1 - \gamma`. Variational inference keeps the true dynamics, this end
included, and gives the discounted soft Bellman equation. Exact inference conditions on all decisions being optimal. It tilts the
end like any other outcome, even if moves are deterministic.

**What the figure shows.** A grid in which a corner pays 1 and mud costs 1. Left: how many decisions an episode has. The soft
agent's episodes are geometric, whatever it does. Right: the mean number of decisions. At high temperatures the posterior shortens
episodes a little, because a random walker meets more mud than reward. At low ones it stays at the corner, and lengthens them.
Below about 2.5, long episodes have infinite weight, and there is no posterior.

Source: Levine, S. (2018), arXiv:1805.00909.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import soft_value_iteration
from maxent_irl.control import discounted_posterior, terminating, uniform_prior
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
    discount=0.9,
    terminal_goals=False,
)
prior = uniform_prior(world.mdp)
ends = terminating(world.mdp)
discounted = soft_value_iteration(world.mdp, world.reward, temperature=0.3)
ended = soft_value_iteration(ends, world.reward, temperature=0.3)
print(f"discounted against ending, variational inference: {np.abs(discounted.V - ended.V).max():.1e}")

# %%
# The posterior over trajectories at several temperatures, by one linear solve each.

n, longest = np.arange(61), 61
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
geometric = np.where(n > 0, 0.1 * 0.9 ** (n - 1.0), 0.0)
left.plot(n[1:], geometric[1:], color="0.4", linestyle="--", label="variational, any temperature")
for alpha, colour in ((10.0, "C0"), (4.0, "C1"), (3.0, "C2")):
    posterior = discounted_posterior(world.mdp, world.reward, temperature=alpha, action_prior=prior)
    left.plot(n[1:], posterior.length_distribution(longest)[1:], color=colour, label=f"exact, temperature {alpha:g}")
left.set(xlabel="decisions in an episode", ylabel="probability", title="Exact inference shifts the end")
left.legend(frameon=False)

temperatures, means = [], []
for alpha in np.geomspace(20, 1, 60):
    try:
        means.append(discounted_posterior(world.mdp, world.reward, temperature=alpha, action_prior=prior).mean_length)
    except ValueError:  # no posterior from here on
        break
    temperatures.append(alpha)
right.semilogy(temperatures, means, color="C0", label="exact inference")
right.axhline(10, color="0.4", linestyle="--", label="variational: 1 / (1 - γ)")
right.axvspan(0, temperatures[-1], color="0.9", label="no posterior")
right.set(xlabel="temperature, in units of reward", ylabel="mean number of decisions", xlim=(0, 20))
right.set(title="Until the posterior ceases to exist")
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_31.png'
