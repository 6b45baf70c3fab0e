r"""
Continuous states: messages are Gaussians
=========================================

**Question.** Does planning by EM carry over to continuous states, without a grid?

Dynamics are linear with Gaussian noise, the policy is linear, and the reward event has probability exp of minus a quadratic.
Forward messages are then Gaussian, backward messages exponentials of quadratics, and the M-step is a regression. Nothing is
approximate.

**What the figure shows.** A point is pushed towards 0. Left: the state in front of the event, before EM and after it. Middle: the
probability of the event from each state, by messages, by sums on a grid under the same policy, and for the best policy that the
grid allows. Right: likelihood by iteration of EM, published and over-relaxed, against that best policy.

Source: Toussaint, M., & Storkey, A. (2006), ICML, 945-952.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import GaussianActor, GaussianMixture, LinearQuadratic, geometric_prior

discount = 0.8
problem = LinearQuadratic([[1.0]], [[1.0]], [[1.0]], [[0.2]], noise=[[0.1]])
prior = geometric_prior(discount, tol=1e-6)
mixture = GaussianMixture(problem, [1.5], [[0.3]], prior)
start = GaussianActor(np.zeros((1, 1)), np.eye(1))
plan, slow = mixture.plan(start=start), mixture.plan(start=start, accelerate=False, max_iter=100)
print(f"gain {plan.actor.gain[0, 0]:.4f}, deviation {plan.actor.deviation[0]:.4f} after {plan.n_iter} iterations")

# %%
# The same problem on a grid: any policy is allowed there.

x = np.linspace(-7, 7, 141)
step = x[1] - x[0]
P = norm.pdf(x, x[:, None, None] + x[None, :, None], np.sqrt(0.1)) * step
event = np.exp(-0.5 * (x[:, None] ** 2 + 0.2 * x**2))
first = norm.pdf(x, 1.5, np.sqrt(0.3)) * step
grid = MDP(P / P.sum(axis=2, keepdims=True), initial=first / first.sum(), discount=discount)
best = soft_value_iteration(grid, event, temperature=0.0).V * (1 - discount)
policy = norm.pdf(x, plan.actor.gain[0, 0] * x[:, None], 0.5) * step
same = mixture.messages(GaussianActor(plan.actor.gain, np.array([[0.5]])))
b, summed = (policy * event).sum(axis=1), np.zeros(len(x))
for p in prior:
    summed += p * b
    b = (policy * (P @ b)).sum(axis=1)

figure, axes = plt.subplots(1, 3, figsize=(12.5, 4.1), layout="constrained")
before = mixture.messages(start)
for messages, colour, name in ((before, "0.6", "before EM"), (plan.messages, "C0", "after EM")):
    t = np.arange(12)
    mean, deviation = messages.means[:12, 0], np.sqrt(messages.covariances[:12, 0, 0])
    axes[0].plot(t, mean, color=colour, label=name)
    axes[0].fill_between(t, mean - deviation, mean + deviation, color=colour, alpha=0.25, linewidth=0)
axes[0].set(xlabel="time, in steps", ylabel="state, mean and deviation", title="Forward messages")
axes[0].legend(frameon=False)
inner = np.abs(x) <= 4
axes[1].plot(x[inner], best[inner], "--", color="0.3", label="best policy on the grid")
axes[1].plot(x[inner], plan.messages.value(x[inner, None], prior), color="C0", label="EM, by messages")
axes[1].plot(x[inner], same.value(x[inner, None], prior), color="C1", label="noise 0.5, by messages")
axes[1].plot(x[inner][::5], summed[inner][::5], "o", color="C1", markersize=3, label="noise 0.5, on the grid")
axes[1].set(xlabel="state", ylabel="p(R = 1 | state)", title="Backward messages, summed over T")
axes[1].legend(frameon=False, fontsize=8)
top = first @ best
for found, name, colour in ((slow, "published", "0.6"), (plan, "over-relaxed", "C0")):
    axes[2].semilogy(1.0 - found.likelihood_curve / top, color=colour, label=name)
axes[2].set(xlabel="iteration", ylabel="shortfall from the best policy", title="The price of being linear is left")
axes[2].legend(frameon=False)
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_36.png'
