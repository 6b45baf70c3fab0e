r"""
Messages: planning as inference in a hidden Markov model
========================================================

**Question.** Given that every decision of an episode was optimal, in which state was the agent at each time?

Observing :math:`O_0 = \dots = O_{T-1} = 1` makes planning a smoothing problem. The backward message is the probability of
optimality from this state on. The forward message is the joint probability of this state and of optimality so far,

.. math::

    \beta_t(s) = \sum_a p(a \mid s) \, e^{r(s,a) / \alpha} \sum_{s'} P(s' \mid s,a) \, \beta_{t+1}(s'), \qquad
    f_{t+1}(s') = \sum_{s,a} f_t(s) \, p(a \mid s) \, e^{r(s,a) / \alpha} P(s' \mid s,a) ,

and their product gives the posterior, :math:`p(s_t = s \mid O) = f_t(s) \, \beta_t(s) / p(O)`, exactly. :math:`\alpha \log
\beta` is the soft value of ``soft_value_iteration(..., inference="exact")``.

**What the figure shows.** A corridor with a small reward nearby and a larger one far away. The backward message is large where a
reward can be reached in the time left. Trajectories sampled from the posterior go to one of the two rewards.

Sources: Levine, S. (2018), arXiv:1805.00909, section 2.3; Rabiner, L. R. (1989), Proceedings of the IEEE 77(2), 257-286.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import message_passing
from maxent_irl.plotting import colour_map
from maxent_irl.plotting.style import HOUSE_STYLE

plt.style.use(HOUSE_STYLE)

# %%
# Thirty-one cells and three actions: left, stay and right. An action fails with probability 0.1. Cell 8 pays 1 a step,
# cell 28 pays 2.25.

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
posterior = message_passing(mdp, reward, temperature=1.0, action_prior=np.full(3, 1 / 3))

exact = soft_value_iteration(mdp, reward, action_prior=np.full(3, 1 / 3), inference="exact")
print(
    f"log evidence {posterior.log_evidence:.4f}; messages against the soft value: "
    f"{np.abs(posterior.log_backward - exact.V).max():.1e}"
)

# %%
# Trajectories sampled from the posterior.

samples = posterior.sample(14, random_state=3)

figure, axes = plt.subplots(1, 3, figsize=(12, 4.6), layout="constrained", sharey=True)
panels = (
    (posterior.log_backward, "log β(s), nats", "Backward: optimality from here on"),
    (posterior.log_forward, "log f(s), nats", "Forward: optimality so far"),
    (
        np.sqrt(posterior.state_marginals),
        "square root of p(s | all optimal)",
        "Their product: the posterior",
    ),
)
for ax, (values, label, title) in zip(axes, panels, strict=True):
    image = ax.imshow(
        np.ma.masked_invalid(values), aspect="auto", cmap=colour_map(signed=False), interpolation="nearest"
    )
    ax.set_facecolor("0.85")
    figure.colorbar(image, ax=ax, location="bottom", label=label, shrink=0.9)
    ax.set(xlabel="cell (rewards at 8 and 28)", title=title)
axes[0].set_ylabel("time, in steps")
for trajectory in samples:
    axes[2].plot(trajectory.states, np.arange(len(trajectory.states)), color="C1", linewidth=1.2, alpha=0.9)
axes[2].text(18.5, 28, "orange: 14 sampled\ntrajectories", color="0.2", fontsize=10, ha="center", va="bottom")
axes[1].text(0, 1.6, "not reachable yet", color="0.3", fontsize=9)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_03.png'
