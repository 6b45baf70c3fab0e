"""
What does a mouse want, and when?
=================================

A thirsty mouse in a labyrinth does not pursue one goal all the time. `SwitchingIRL` recovers several rewards and when each was
pursued. A hidden Markov chain of intents generates the paths, and within an intent the mouse acts by one reward (Ke et al. 2025).
Rewards here are of steps: of pairs (previous node, node).

Needs the real data (environment variable ``MAXENT_IRL_DATA``). The figures show the reward of each intent on the maze, and the
intents of some paths in time. The demo uses every fourth path and few starts to be quick.
"""

import os
import sys

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import SwitchingIRL
from maxent_irl.datasets import load_mouse_labyrinth
from maxent_irl.plotting import ComponentsDisplay, IntentsDisplay

if "MAXENT_IRL_DATA" not in os.environ:
    print("skipped: set MAXENT_IRL_DATA to the folder with the real data")
    sys.exit()

data = load_mouse_labyrinth(discount=0.9)
train, test = data.train[::4], data.test[::2]

# %%
# How many intents?
# -----------------
# Each decision is predicted from the earlier ones alone. One reward per step is the case of one intent. The criterion BIC
# penalises a coefficient for each of 380 steps and each intent.

fits = {}
for n in (1, 2, 3):
    model = SwitchingIRL(n, data.mdp, history=True, l2=1.0, n_init=4, max_iter=60, tol=2e-4, random_state=0)
    fits[n] = model.fit(train)
    print(
        f"{n} intent{'s' * (n > 1)}: log-likelihood per decision {model.score(train):.4f}, held out {model.score(test):.4f}, "
        f"BIC {model.bic(train):,.0f}"
    )

best = fits[3]
print("transition matrix:")
print(best.transmat_.round(3))

# %%
# What are the intents?
# ---------------------
# For each intent, the share of its decisions that are near the water and near home, and how often it turns back.

decoded, paired = best.predict(test), best.history_.demonstrations(test)
node, before = best.history_.now[paired.states], best.history_.previous[paired.states]
after = data.world.next_node[node, paired.actions]
to_water = np.isin(node, [116, 57, 28, 13, 6])  # the water port and the way to it
levels = data.world.levels
for c in range(3):
    mine = decoded == c
    print(
        f"intent {c}: {mine.mean():.0%} of decisions; on the way to the water {to_water[mine].mean():.0%}, "
        f"at most 1 corridor from home {(levels[node] <= 1)[mine].mean():.0%}, moving outwards "
        f"{(levels[after] < levels[node])[mine].mean():.0%}, turning back {(after == before)[mine].mean():.0%}"
    )

# %%
# On the maze each node shows the mean reward of the steps that lead to it. One intent (intent 1) has its highest rewards on
# the way to the water port and there. The other two avoid it, and each has high rewards in dead ends of other parts of the
# maze: they explore. None of the three has high rewards near home.

ComponentsDisplay.from_estimator(best, data.world).plot()

# %%
# When?
# -----

IntentsDisplay.from_estimator(best, test[:20]).plot()

plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_20.png'
