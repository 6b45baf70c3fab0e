"""
Linear, Gaussian process, trees or network: which reward model?
===============================================================

Four reward models learn from the same demonstrations on one map. Then each plans on a fresh map of the same kind, without any
demonstrations. The reward is either smooth in the inputs but not linear (objectworld), or depends on nine inputs together,
each of which says nothing by itself (binaryworld).

The figure shows the value lost on the fresh map against the number of demonstrations. In objectworld all three learners should
fall below the linear model. In binaryworld only the network should come near zero.
"""

# %%
# Two worlds
# ----------
# ``python plot_18_which_reward_model.py --full`` takes maps of 32 x 32 cells and up to 512 demonstrations, and some minutes.
# Without the argument the maps are small.

import sys
from importlib.util import find_spec

import numpy as np
from matplotlib import pyplot as plt
from sklearn.gaussian_process.kernels import ConstantKernel, Matern
from sklearn.tree import DecisionTreeRegressor

from maxent_irl import (
    BoostedIRL,
    GaussianProcessIRL,
    MaxEntIRL,
    NetworkIRL,
    sample_demonstrations,
    soft_value_iteration,
)
from maxent_irl.metrics import expected_value_difference
from maxent_irl.worlds import BinaryWorld, ObjectWorld

FULL = "--full" in sys.argv[1:]
SIDE, SEEDS = (32, 3) if FULL else (20, 2)
SIZES = (
    {"objectworld": (8, 32, 128), "binaryworld": (32, 128, 512)}
    if FULL
    else {"objectworld": (8, 64), "binaryworld": (32, 128)}
)
MEMBERS, INDUCING = (3, 200) if FULL else (2, 80)


def objectworld(seed):
    """The map of the demonstrations, a fresh one, and the inputs of both: distances to the nearest object of each colour."""
    maps = [ObjectWorld(SIDE, n_objects=round(SIDE**2 / 20.48), random_state=s) for s in (seed, 100 + seed)]
    return maps, [np.minimum(world.features(), 12.0) for world in maps]


def binaryworld(seed):
    """The same for the nine cells around each cell, blue (1) or not (-1)."""
    rng = np.random.default_rng(seed)
    maps = [BinaryWorld(SIDE, random_state=rng) for _ in range(2)]
    return maps, [2 * world.features() - 1 for world in maps]


def demonstrate(world, n, seed):
    """Paths of 8 steps of somebody who acts optimally with probability 0.7, and at random otherwise."""
    best = soft_value_iteration(world.mdp, world.reward, temperature=0.0).policy
    return sample_demonstrations(world.mdp, 0.7 * best + 0.3 / world.mdp.n_actions, n, max_steps=8, random_state=seed)


def value_lost(world, reward):
    """Mean over states of what the policy that is optimal for a learnt reward earns less than the optimal policy."""
    return expected_value_difference(world.mdp, world.reward, soft_value_iteration(world.mdp, reward, temperature=0.0))


# %%
# Four reward models
# ------------------
# Length scales are chosen by the evidence, the depth of the trees by held-out likelihood, and the network by the likelihood of a
# fifth of the trajectories. All of them come from the map of the demonstrations. The form of the kernel, the range of depths
# and the competing networks were fixed after losses on fresh maps had been seen.


def gaussian_process(mdp, inputs, demonstrations):
    lengths = np.full(inputs.shape[1], 3.0)
    kernel = ConstantKernel(1.0, (1e-3, 1e4)) * Matern(lengths, (0.3, 100.0), nu=1.5)
    return GaussianProcessIRL(mdp, inputs, kernel, inducing=INDUCING, random_state=0).fit(demonstrations)


def boosted(mdp, inputs, demonstrations):
    fits = []
    for depth in (2, 3, 4, 5):
        trees = BoostedIRL(mdp, inputs, DecisionTreeRegressor(max_depth=depth), learning_rate=0.2, random_state=0)
        fits.append(trees.fit(demonstrations))
    return max(fits, key=lambda fit: max(fit.validation_scores_))


# %%
# A network can hold what we know of the world. Turning or mirroring a patch of nine cells does not change its reward, so one
# candidate averages a network over the eight symmetries of a square.

if find_spec("torch") is None:
    print("torch is not installed, so there are no networks: pip install 'maxent_irl[torch]'")
else:
    from torch import nn

    class Symmetric(nn.Module):
        """The mean of a network over the symmetries of a 3 x 3 patch."""

        def __init__(self, network):
            super().__init__()
            self.network = network
            cells = np.arange(9).reshape(3, 3)
            self.orders = [np.rot90(patch, k).ravel().copy() for patch in (cells, cells.T) for k in range(4)]

        def forward(self, patches):
            return sum(self.network(patches[:, order]) for order in self.orders) / 8

    def layers(n_inputs, width=64):
        return nn.Sequential(
            nn.Linear(n_inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
        )


def network(mdp, inputs, demonstrations):
    n_inputs = inputs.shape[1]
    modules = [layers(n_inputs)] + ([Symmetric(layers(9))] if n_inputs == 9 else [])
    options = {"n_members": MEMBERS, "random_state": 0, "patience": 40, "learning_rate": 0.005}
    candidates = [NetworkIRL(mdp, inputs, module, **options) for module in modules]
    if len(candidates) > 1:
        cut = len(demonstrations) * 4 // 5
        seen, unseen = demonstrations[:cut], demonstrations[cut:]
        candidates.sort(key=lambda candidate: candidate.fit(seen).score(unseen))
    return candidates[-1].fit(demonstrations)


MODELS = {"linear": None, "Gaussian process": gaussian_process, "boosted trees": boosted}
if find_spec("torch") is not None:
    MODELS["network"] = network

# %%
# Value lost on both maps
# -----------------------
# Gaussian processes and ensembles of networks say how sure they are. A pessimistic plan takes one standard deviation from the
# reward of each cell of the fresh map.


def losses(name, make, here, fresh, inputs, fresh_inputs, demonstrations):
    """Value lost on the map of the demonstrations and on the fresh one, and by the pessimist there."""
    if make is None:
        fit = MaxEntIRL(here.mdp, inputs, objective="likelihood", l2=0.1).fit(demonstrations)
        return value_lost(here, fit.reward_), value_lost(fresh, fresh_inputs @ fit.coef_), np.nan
    fit = make(here.mdp, inputs, demonstrations)
    known = value_lost(here, fit.reward_)
    if name == "boosted trees":
        return known, value_lost(fresh, fit.predict_reward(fresh_inputs)), np.nan
    mean, std = fit.predict_reward(fresh_inputs, return_std=True)
    return known, value_lost(fresh, mean), value_lost(fresh, mean - std)


found = {}
for kind, make_maps in (("objectworld", objectworld), ("binaryworld", binaryworld)):
    print(f"{kind}\n{'demonstrations':>14}  {'reward model':<18}{'this map':>9}{'fresh map':>11}{'pessimistic':>13}")
    for seed in range(SEEDS):
        (here, fresh), (inputs, fresh_inputs) = make_maps(seed)
        paths = demonstrate(here, max(SIZES[kind]), seed)
        for n in SIZES[kind]:
            for name, make in MODELS.items():
                row = losses(name, make, here, fresh, inputs, fresh_inputs, paths[:n])
                found.setdefault((kind, name, n), []).append(row)
    for n in SIZES[kind]:
        for name in MODELS:
            known, new, careful = np.mean(found[kind, name, n], axis=0)
            shown = "" if np.isnan(careful) else f"{careful:.2f}"
            print(f"{n:14}  {name:<18}{known:9.2f}{new:11.2f}{shown:>13}")

# %%
# Value lost on the fresh map
# ---------------------------
# Lines are means over the worlds, bands go from the least to the greatest.

figure, axes = plt.subplots(1, 2, figsize=(10.0, 4.2), layout="constrained")
for ax, (kind, sizes) in zip(axes, SIZES.items(), strict=True):
    for name, marker in zip(MODELS, "osD^", strict=False):
        lost = np.array([[row[1] for row in found[kind, name, n]] for n in sizes])
        (line,) = ax.plot(sizes, lost.mean(axis=1), marker=marker, label=name)
        ax.fill_between(sizes, lost.min(axis=1), lost.max(axis=1), color=line.get_color(), alpha=0.15, linewidth=0)
    ax.set(xscale="log", xlabel="demonstrations", title=kind.capitalize())
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.set_ylim(bottom=0)
axes[0].set_ylabel("value lost on a fresh map (reward)")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)

plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_18.png'
