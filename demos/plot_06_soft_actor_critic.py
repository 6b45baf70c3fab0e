r"""
Soft actor-critic: a critic, an actor, a temperature
====================================================

**Question.** Soft actor-critic learns a critic and an actor. How are they related to inference?

The critic regresses on the soft Bellman target of the current actor. The actor minimises
:math:`\mathrm{KL}(\pi \,\|\, \exp(Q / \alpha) / Z)`, the divergence from the posterior that the critic implies. Alternating, they
converge to the variational fixed point. The temperature can be tuned to a target entropy,
:math:`\log \alpha \leftarrow \log \alpha - \lambda (H(\pi) - \bar H)`. With continuous actions the actor is reparameterised,
:math:`a = \mu + \sigma \varepsilon`, so gradients pass through the sample.

**What the figure shows.** Left: on the slippery grid, one critic comes within 0.02 of the soft value. The minimum of twin
critics is too low by about the size of their noise, which falls faster with smaller steps. Middle: the temperature settles
where the policy has the target entropy. Right: the Gaussian actor reaches the Boltzmann posterior of a quadratic reward,
known in closed form.

Sources: Haarnoja, T., et al. (2018), ICML, PMLR 80, 1861-1870; Haarnoja, T., et al. (2018), arXiv:1812.05905.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import soft_value_iteration
from maxent_irl.control import LinearQuadratic, fit_gaussian_actor, soft_actor_critic
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.worlds import GridWorld

plt.style.use(HOUSE_STYLE)

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
# Tables learnt from sampled transitions, at a fixed temperature.

solution = soft_value_iteration(world.mdp, world.reward, temperature=0.3)
options = {
    "one critic": {},
    "twin critics": {"n_critics": 2},
    "twin critics, smaller steps": {"n_critics": 2, "step_decay": 0.9},
}
runs = {
    name: soft_actor_critic(world.mdp, world.reward, temperature=0.3, random_state=0, **chosen)
    for name, chosen in options.items()
}
for name, run in runs.items():
    print(f"{name}: largest error of V {np.abs(run.V - solution.V).max():.3f}, mean {np.mean(run.V - solution.V):+.3f}")

# %%
# Temperature tuned to an entropy of 1 nat a decision; the uniform policy over five actions has 1.61.

tuned = soft_actor_critic(world.mdp, world.reward, temperature="auto", target_entropy=1.0, random_state=0)

# %%
# A single choice of two numbers. The reward is quadratic with its maximum at (1, -2), so the posterior is Gaussian.

best, curvature = np.array([1.0, -2.0]), np.array([[2.0, 0.9], [0.9, 1.0]])


def quadratic_reward(states, actions):
    away = actions - best
    return -0.5 * ((away @ curvature) * away).sum(axis=1), -away @ curvature  # value, gradient in the action


posterior = LinearQuadratic.single_choice(best, curvature).solve(temperature=0.5)
fit = fit_gaussian_actor(quadratic_reward, np.ones((20_000, 1)), 2, temperature=0.5, random_state=0)
print("posterior deviations", np.sqrt(np.diag(posterior.covariance)).round(4), "actor's", fit.actor.deviation.round(4))

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4.3), layout="constrained")
for (name, run), style in zip(runs.items(), ("-", "--", ":"), strict=True):
    left.loglog(run.samples_curve, np.abs(run.value_curve - solution.V).max(axis=1), style, label=name)
left.axhline(0.02, color="0.4", linewidth=0.8)
left.text(1e3, 0.022, "0.02", color="0.4")
left.set(xlabel="transitions", ylabel="largest error of V", title="Both reach the soft value")
left.set_ylim(bottom=8e-4)
left.legend(frameon=False, loc="lower left")

middle.semilogx(tuned.samples_curve, tuned.entropy_curve, label="entropy of the actor, nats")
middle.axhline(1.0, color="C0", linestyle=":", label="target")
middle.semilogx(tuned.samples_curve, tuned.temperature_curve, "--", color="C1", label="temperature")
middle.set(xlabel="transitions", ylabel="entropy (nats), temperature (units of reward)", ylim=(0, 1.8))
middle.set(title=f"Temperature settles at {tuned.temperature:.3f}")
middle.legend(frameon=False)

angle = np.linspace(0, 2 * np.pi, 200)
circle = np.stack([np.cos(angle), np.sin(angle)])
draws = fit.actor.act(np.ones((400, 1)), np.random.default_rng(1).standard_normal((400, 2)))
right.plot(*draws.T, ".", color="0.7", markersize=3, label="actions of the fitted actor")
for k in (1, 2):
    name = "posterior, 1 and 2 deviations" if k == 1 else None
    right.plot(*(posterior.gain + k * np.linalg.cholesky(posterior.covariance) @ circle), label=name, color="C0")
    name = "fitted actor" if k == 1 else None
    right.plot(*(fit.actor.gain + k * fit.actor.factor @ circle), "--", color="C1", label=name)
right.set(xlabel="action, component 1", ylabel="action, component 2", title="The actor is the posterior")
right.set(aspect="equal", xlim=(-1.5, 6.0), ylim=(-5.0, 3.0))
right.legend(frameon=False, loc="upper right", fontsize="small")
for ax in (left, middle, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_06.png'
