r"""
A choice between two actions
============================

**Question.** An agent chooses once between an action that pays 1 and one that pays 0. Which policy is optimal if optimality is an
observation from which the action is inferred?

Give the decision a binary variable :math:`O` with :math:`p(O = 1 \mid a) = \exp(r(a) / \alpha)`, up to a constant. The policy is
the posterior over actions given :math:`O = 1`. With :math:`Q(a) = r(a)`,

.. math::

    V = \alpha \log \sum_a \exp(Q(a) / \alpha), \qquad \pi(a) = \exp((Q(a) - V) / \alpha) .

**What the figure shows.** At temperature 1 the better action has probability 0.731, not 1, and the soft value is
:math:`\log(e + 1) = 1.313`. At low temperatures the choice is greedy, at high ones uniform.

Source: Levine, S. (2018), Reinforcement learning and control as probabilistic inference, arXiv:1805.00909.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.plotting.style import HOUSE_STYLE

plt.style.use(HOUSE_STYLE)

# %%
# One state with a decision, and two actions that both end the episode.

mdp = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])
reward = np.array([[1.0, 0.0], [0.0, 0.0]])
solution = soft_value_iteration(mdp, reward, temperature=1.0)
print(f"V = {solution.V[0]:.6f}, log(e + 1) = {np.log(np.e + 1):.6f}, policy {solution.policy[0].round(6)}")

# %%
# The same for many temperatures. At 0 the value is the hard maximum; at infinity the policy is uniform.

temperatures = np.logspace(-2, 2, 201)
better = [soft_value_iteration(mdp, reward, temperature=alpha).policy[0, 0] for alpha in temperatures]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", width_ratios=[2, 3])
bars = left.bar(["action 1\nreward 1", "action 2\nreward 0"], solution.policy[0], width=0.6, color=["C0", "C1"])
left.bar_label(bars, fmt="%.3f")
left.set(ylim=(0, 1), ylabel="probability of the action", title=f"V = log(e + 1) = {solution.V[0]:.3f}")
right.semilogx(temperatures, better, color="C0")
for alpha, place in ((0.01, (12, -16)), (1.0, (12, 4)), (100.0, (-6, 10))):
    p = soft_value_iteration(mdp, reward, temperature=alpha).policy[0, 0]
    right.plot(alpha, p, "o", color="C0")
    right.annotate(
        f"{p:.3f}", (alpha, p), xytext=place, textcoords="offset points", ha="left" if alpha < 9 else "right"
    )
right.axhline(0.5, color="0.5", linestyle=":", label="uniform")
right.axhline(1.0, color="0.5", linestyle="--", label="greedy")
right.set(
    xlabel="temperature, in units of reward",
    ylabel="probability of action 1",
    ylim=(0.45, 1.05),
    title="From greedy to uniform",
)
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_01.png'
