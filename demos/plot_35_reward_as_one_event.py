r"""
Reward as one event: planning by expectation-maximisation
=========================================================

**Question.** If reward is a single event at a random time, does EM find the optimal policy, and for any prior over that time?

Toussaint and Storkey read the scaled reward as the probability of an event, observed once, at the last step T of an episode. Its
likelihood is the discounted return if p(T) is geometric. Messages over a growing horizon serve any p(T): a deadline, or a budget.

**What the figure shows.** Left: how far the value is from the optimum, by iterations of EM. The published M-step slows down as
the discount grows; over-relaxed, it does not. Middle: three priors over T (dashed) and the posterior given the event, under the
policy that EM found. Right: where the agent is when the event is observed, for a deadline after 4 decisions and a start
anywhere. Where the corner is too far, it stays away from the mud.

Sources: Toussaint, M., & Storkey, A. (2006), ICML, 945-952; Salakhutdinov, R., & Roweis, S. (2003), ICML, 664-671.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import soft_value_iteration
from maxent_irl.control import em_planning, geometric_prior, plan_with_time_prior
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

# %%
# Iterations at two discounts.

figure, axes = plt.subplots(1, 3, figsize=(12.5, 4.2), layout="constrained")
for discount, colour in ((0.9, "C0"), (0.99, "C1")):
    mdp = world.mdp.replace(discount=discount)
    best = mdp.initial_distribution @ soft_value_iteration(mdp, world.reward, temperature=0.0).V
    top = (1 - discount) * (best - world.reward.min() / (1 - discount)) / np.ptp(world.reward)
    for m_step, style in (("full", "-"), ("accelerated", "--")):
        plan = em_planning(mdp, world.reward, m_step=m_step, max_iter=2000)
        missed = np.maximum(1.0 - plan.likelihood_curve / top, 1e-12)
        axes[0].loglog(
            1 + np.arange(len(missed)), missed, style, color=colour, label=f"{m_step}, discount {discount:g}"
        )
        print(f"{m_step}, discount {discount}: {plan.n_iter} iterations, converged {plan.converged}")
axes[0].set(xlabel="iteration", ylabel="likelihood missed, relative", title="The M-step, published and over-relaxed")
axes[0].legend(frameon=False)

# %%
# Priors over the time of the event.

priors = {
    "geometric": geometric_prior(0.9, tol=1e-3),
    "budget of 30": np.full(31, 1 / 31),
    "deadline after 12": np.eye(31)[12],
}
for (name, prior), colour in zip(priors.items(), ("C0", "C1", "C2"), strict=True):
    plan = plan_with_time_prior(world.mdp, world.reward, prior)
    times = np.arange(len(plan.messages.time_prior))
    axes[1].plot(times, plan.messages.time_prior, "--", color=colour, linewidth=1)
    axes[1].plot(
        times, plan.messages.time_posterior, color=colour, label=f"{name}: p(R = 1) = {plan.messages.likelihood:.3f}"
    )
axes[1].set(
    xlim=(0, 30), ylim=(0, 0.25), xlabel="time of the event", ylabel="probability", title="p(T) dashed, p(T | R = 1)"
)
axes[1].legend(frameon=False, fontsize=8, loc="upper right")

plan = plan_with_time_prior(world.mdp, world.reward, np.eye(5)[4])
image = axes[2].imshow(plan.messages.forward[4].reshape(5, 5), cmap="viridis", vmin=0.0)
figure.colorbar(image, ax=axes[2], label="probability", shrink=0.8)
for r, c in ((1, 1), (2, 1), (2, 3), (3, 3)):
    axes[2].text(c, r, "mud", color="white", ha="center", va="center")
axes[2].text(4, 4, "pays", color="white", ha="center", va="center")
axes[2].set(xticks=[], yticks=[], title="State at T = 4, where the event is observed")
for ax in axes[:2]:
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_35.png'
