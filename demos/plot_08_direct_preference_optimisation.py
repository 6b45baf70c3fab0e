r"""
DPO: fitting the policy to preferences directly
===============================================

**Question.** RLHF fits a reward to preferences and then a policy to the reward. Can the first step be left out?

Solve the posterior :math:`\pi(y) \propto \pi_\text{ref}(y) \exp(r(y) / \beta)` for the reward: :math:`r(y) = \beta \log
\pi(y) / \pi_\text{ref}(y) + \text{const}`. The Bradley-Terry likelihood of preferences then becomes a loss of the policy,

.. math::

    -\log \sigma \Bigl( \beta \log \frac{\pi(y_w)}{\pi_\text{ref}(y_w)} - \beta \log \frac{\pi(y_l)}{\pi_\text{ref}(y_l)}
    \Bigr) .

Its minimum is the RLHF optimum for the maximum-likelihood reward. IPO regresses the same log-ratios on a constant, and KTO uses
labels of single completions. Their evidence differs, so they end at other posteriors.

**What the figure shows.** Left: the error of the implied rewards falls like one over the square root of the number of
preferences. Middle: the implied rewards from 50,000 preferences. Right: the policies of the three methods, and the posteriors
in closed form.

Sources: Rafailov, R., et al. (2023), NeurIPS 36; Azar, M. G., et al. (2024), AISTATS, PMLR 238; Ethayarajh, K., et al. (2024),
ICML, PMLR 235.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit

from maxent_irl.control import (
    TokenTree,
    direct_preference_optimisation,
    draw_preferences,
    identity_preference_optimisation,
    kahneman_tversky_optimisation,
)
from maxent_irl.plotting.style import HOUSE_STYLE

plt.style.use(HOUSE_STYLE)

tree = TokenTree("ab", 3)
reference = tree.random_policy(concentration=5.0, random_state=0)
scores = np.random.default_rng(1).normal(size=tree.n_completions)
scores = (scores - scores.mean()) / scores.std()  # as reward models are commonly scaled
beta = 0.5


def preferences_of(n, seed):
    """Bradley-Terry preferences between completions, all pairs equally likely."""
    pairs = tree.draw_pairs(tree.policy_of(np.ones(tree.n_completions)), n, random_state=[seed, 0])
    return draw_preferences(scores, pairs, random_state=[seed, 1])


def relative_error(implied):
    """Root mean square error of all differences of rewards, relative to the root mean square of the true ones."""
    true = np.subtract.outer(scores, scores)
    return np.linalg.norm(np.subtract.outer(implied, implied) - true) / np.linalg.norm(true)


# %%
# Five numbers of preferences, with six samples each.

sizes = np.array([1_500, 5_000, 15_000, 50_000, 150_000])
errors = np.array(
    [
        [
            relative_error(
                direct_preference_optimisation(
                    tree, reference, preferences_of(n, seed), temperature=beta
                ).implied_reward
            )
            for seed in range(6)
        ]
        for n in sizes
    ]
)
slope = np.polyfit(np.log(sizes), np.log(errors).mean(axis=1), 1)[0]
print(f"median relative error at {sizes[3]:,}: {np.median(errors[3]):.3f}; slope over all sizes {slope:.2f}")

# %%
# All three methods on 50,000 preferences. KTO gets single completions; each has the same label every time.

preferences = preferences_of(50_000, 0)
dpo = direct_preference_optimisation(tree, reference, preferences, temperature=beta)
ipo = identity_preference_optimisation(tree, reference, preferences, temperature=beta)
chance = np.exp(tree.log_probabilities(reference))
rated = np.random.default_rng(0).choice(tree.n_completions, size=50_000, p=chance)
good = scores > np.median(scores)
kto = kahneman_tversky_optimisation(tree, reference, rated, good[rated], temperature=beta)

wins = expit(np.subtract.outer(scores, scores)).mean(axis=1)  # probability of being preferred to a random completion
policies = {
    "DPO": (dpo, tree.posterior(reference, scores, beta)),
    "IPO": (ipo, tree.posterior(reference, wins, beta)),
    "KTO": (kto, np.where(good, chance, 0.0) / chance[good].sum()),
}

figure, axes = plt.subplot_mosaic(
    [["left", "middle", name] for name in policies], figsize=(13, 4.8), layout="constrained", width_ratios=[1, 1, 1.25]
)
left, middle = axes["left"], axes["middle"]
left.loglog(sizes, errors, ".", color="C0", alpha=0.5)
left.loglog(sizes, np.median(errors, axis=1), "o-", color="C0", label="DPO, median of 6")
left.loglog(sizes, np.median(errors[3]) * np.sqrt(sizes[3] / sizes), "--", color="0.4", label="1 / √n")
left.axhline(0.05, color="0.4", linestyle=":", label="5 %")
left.set(xlabel="preferences", ylabel="relative error of implied reward differences", title="No reward model needed")
left.legend(frameon=False)

implied = dpo.implied_reward - np.mean(dpo.implied_reward - scores)
ends = [min(scores.min(), implied.min()) - 0.2, max(scores.max(), implied.max()) + 0.2]
middle.plot(ends, ends, color="0.6", linewidth=1, label="implied = true")
middle.plot(scores, implied, "o", markersize=5)
middle.set(xlabel="true reward of a completion", ylabel="implied reward, constant matched", aspect="equal")
middle.legend(frameon=False)
middle.set_title("Implied and true reward")

order = np.argsort(scores)
place = np.arange(tree.n_completions)
for name, (fit, meant) in policies.items():
    ax = axes[name]
    ax.bar(place, np.exp(tree.log_probabilities(fit.policy))[order], 0.7, color="C1", label="policy")
    ax.plot(place, meant[order], "_", color="k", markersize=9, label="its posterior")
    ax.set(ylim=(0, 0.45), xticks=[])
    ax.text(0.01, 0.95, name, transform=ax.transAxes, va="top", weight="bold")
axes["IPO"].set_ylabel("probability of the completion")
axes["DPO"].set_title("Three losses")
axes["DPO"].legend(frameon=False, ncols=2, loc="upper center")
axes["KTO"].set_xticks(place, [tree.completions[i] for i in order], fontsize="small", rotation=60)
axes["KTO"].set_xlabel("completion (a dot ends it early), from worst to best")
for ax in axes.values():
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_08.png'
