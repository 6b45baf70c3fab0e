r"""
Inverse reinforcement learning: from behaviour to the reward
============================================================

**Question.** The demos before this one compute behaviour from a reward. Given the behaviour, what is the reward?

If demonstrations are drawn from the soft policy, the reward is a parameter of their likelihood, through the soft Bellman
equation:

.. math::

    L(\theta) = \sum_t Q_\theta(s_t, a_t) - V_\theta(s_t), \qquad
    \nabla L = \text{demonstrated} - \text{expected feature counts}.

Preferences between pairs of trajectories are evidence about the same reward,
:math:`p(\tau_1 \succ \tau_2) = \sigma(R_\theta(\tau_1) - R_\theta(\tau_2))`. Their likelihood does not involve the dynamics.

**What the figure shows.** The true reward on a slippery grid, the estimate from demonstrations of the soft policy, and the
estimate from comparisons of random walks. Both estimates match the true reward up to a constant. Neither kind of evidence
determines the constant if all trajectories are equally long.

Sources: Ziebart, B. D., Maas, A., Bagnell, J. A., & Dey, A. K. (2008), Maximum entropy inverse reinforcement learning, AAAI;
Christiano, P. F., et al. (2017), Deep reinforcement learning from human preferences, NeurIPS 30.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.control import Comparisons, PreferenceIRL, draw_preferences, uniform_prior
from maxent_irl.plotting import GridMapDisplay, colour_scale
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.worlds import GridWorld

plt.style.use(HOUSE_STYLE)

world = GridWorld((12, 12), slip=0.2, discount=0.9)
features = world.features("smooth", n_features=8)
coef = np.array([0.6, -0.4, 0.5, 0.3, -0.5, 0.4, -0.3, 0.4])
reward = features @ coef

# %%
# From demonstrations, drawn from the soft policy of the reward. The default objective is the likelihood, which counts every
# decision alike; ``objective="feature-matching"`` would weigh decision t by ``discount ** t``.

demos = sample_demonstrations(
    world.mdp, soft_value_iteration(world.mdp, reward).policy, 1000, max_steps=30, random_state=0
)
from_behaviour = MaxEntIRL(world.mdp, features).fit(demos)

# %%
# From preferences: random walks, compared in pairs by their returns.

walks = sample_demonstrations(world.mdp, uniform_prior(world.mdp), 1000, max_steps=30, random_state=1)
pairs = np.random.default_rng(2).integers(len(walks), size=(30_000, 2))
pairs = pairs[pairs[:, 0] != pairs[:, 1]]
judge = PreferenceIRL(world.mdp, features)
preferred = draw_preferences(judge.feature_counts(walks) @ coef, pairs, random_state=3)
from_preferences = judge.fit(Comparisons(walks, pairs), preferred[:, 0] == pairs[:, 0])

# %%
# All maps share one colour scale, and the mean of each is subtracted.

maps = {
    "True reward": reward,
    f"Inferred from {len(demos):,} demonstrations": from_behaviour.reward_,
    f"Inferred from {len(pairs):,} comparisons": from_preferences.reward_,
}
centred = {name: values - values.mean() for name, values in maps.items()}
scale = colour_scale(*centred.values())
figure, axes = plt.subplots(1, 3, figsize=(13, 4.7), layout="constrained")
for ax, (name, values) in zip(axes, centred.items(), strict=True):
    error = np.sqrt(np.mean((values - centred["True reward"]) ** 2))
    title = name if name == "True reward" else f"{name}\nr.m.s. error {error:.3f}"
    display = GridMapDisplay.from_values(values, world, label="reward per decision minus its mean", title=title)
    display.plot(ax, scale=scale, colour_bar=ax is axes[-1], key=False)
    print(f"{name}: r.m.s. error {error:.4f}, spread of the reward {values.std():.3f}")
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_09.png'
