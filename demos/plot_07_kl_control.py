r"""
KL control: fine-tuning a language model is inference with it as the prior
==========================================================================

**Question.** RLHF maximises reward minus beta times the KL divergence from the pretrained model. Which policy is optimal?

The objective is the evidence lower bound of the same graphical model with the pretrained policy :math:`\pi_\text{ref}` as the
prior. For whole completions y with a reward at the end, the optimum is the posterior

.. math::

    \pi^*(y) = \frac{1}{Z} \, \pi_\text{ref}(y) \exp(r(y) / \beta), \qquad
    E_{\pi}[r] - \beta \, \mathrm{KL}(\pi \,\|\, \pi_\text{ref}) \le \beta \log Z .

A language model with two tokens and 15 completions can be enumerated. It can also be solved token by token as an MDP; the two
answers agree to rounding. Policy gradient with PPO's clipped surrogate finds the same optimum from samples.

**What the figure shows.** Left: the frontier of reward against divergence. No policy lies above it, and its slope is beta. A
PPO run starts at the reference and ends at the point of its beta. Right: probabilities of the completions before and after,
and exact.

Sources: Ouyang, L., et al. (2022), NeurIPS 35; Schulman, J., et al. (2017), arXiv:1707.06347; Korbak, T., et al. (2022),
Findings of EMNLP, 1083-1091; Todorov, E. (2009), PNAS 106(28), 11478-11483.
"""

import matplotlib.pyplot as plt
import numpy as np

from maxent_irl import soft_value_iteration
from maxent_irl.control import TokenTree, desirability, ppo, reward_divergence, reward_kl_frontier
from maxent_irl.plotting.style import HOUSE_STYLE

plt.style.use(HOUSE_STYLE)

# %%
# The tree, a reference model, and a score for every completion.

tree = TokenTree("ab", 3)
reference = tree.random_policy(concentration=5.0, random_state=0)
scores = np.random.default_rng(1).normal(size=tree.n_completions)
reward = tree.reward_table(scores)
beta = 0.3

# %%
# The posterior computed in three ways: over sequences, token by token, and by one linear solve.

posterior = tree.posterior(reference, scores, beta)
solution = soft_value_iteration(tree.mdp, reward, temperature=beta, action_prior=reference)
z = desirability(tree.mdp, reward, reference, temperature=beta)
print(
    f"token by token against sequences: {np.abs(np.exp(tree.log_probabilities(solution.policy)) - posterior).max():.1e}"
)
print(f"linear solve against soft value: {np.abs(beta * np.log(z) - solution.V).max():.1e}")

# %%
# The frontier, and a PPO run that ends on it.

frontier = reward_kl_frontier(tree.mdp, reward, reference, np.geomspace(0.03, 30, 60))
run = ppo(tree.mdp, reward, reference, temperature=beta, random_state=0)
earned, divergence = reward_divergence(tree.mdp, reward, run.policy, reference)
exact = float(tree.mdp.initial @ solution.V)
print(f"objective of the PPO policy {earned - beta * divergence:.6f}, exact {exact:.6f}")

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained", width_ratios=[1, 1.25])
left.plot(frontier.divergence, frontier.reward, color="C0", label="frontier, beta from 30 to 0.03")
path = run.objective_curve + beta * run.divergence_curve
left.plot(run.divergence_curve, path, ".", color="C1", markersize=4, label="PPO, one point an iteration (sampled)")
left.plot(divergence, earned, "*", color="C3", markersize=13, label=f"where PPO ends, beta = {beta:g}")
x = np.array([0.15, 2.3])
left.plot(x, exact + beta * x, "--", color="0.5", linewidth=1, label=f"slope {beta:g}")
left.set(
    xlabel="KL divergence from the reference, nats",
    ylabel="expected reward",
    title="No policy earns more at the same divergence",
)
left.legend(frameon=False, loc="lower right")

order = np.argsort(scores)
place = np.arange(tree.n_completions)
right.bar(place - 0.2, np.exp(tree.log_probabilities(reference))[order], 0.4, color="0.75", label="reference")
right.bar(place + 0.2, np.exp(tree.log_probabilities(run.policy))[order], 0.4, color="C1", label="PPO")
right.plot(place + 0.2, posterior[order], "_", color="k", markersize=11, label="posterior, exact")
labels = [f"{tree.completions[i]}\n{scores[i]:.1f}".replace("-", "\N{MINUS SIGN}") for i in order]
right.set_xticks(place, labels, fontsize="small")
right.set(
    xlabel="completion (a dot ends it early), and its reward", ylabel="probability", title="PPO reaches the posterior"
)
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_07.png'
