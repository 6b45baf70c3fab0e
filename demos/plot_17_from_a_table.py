"""
What does a table say?
======================

Two tables as people have them: mice in a maze that were seen at places, and trips on a road network with missing links. One
command each goes from the file to the recovered reward. The truth is known here: the mice like the water and avoid the draught,
and drivers avoid length, junctions and u-turns.

The figure shows the reward of each place in the maze with its 95% interval. Only the intervals of water and draught lie far from
zero.
"""

# %%
# Mice in a maze
# --------------
# 30 places, 20 mice, 5 sessions of 200 steps each. The table has no column of actions: an action is which neighbour was entered.

import csv
import datetime
import tempfile
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MDP, load, sample_demonstrations, soft_value_iteration
from maxent_irl.cli import main
from maxent_irl.plotting import CoefficientsDisplay
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import RoadNetwork

folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(0)
names = [f"place {k + 1:02}" for k in range(30)]
names[16], names[4] = "water", "draught"
neighbours: list[set[int]] = [set() for _ in names]
doors = [(k, int(rng.integers(max(0, k - 5), k))) for k in range(1, 30)]
for one, other in doors + [tuple(map(int, rng.choice(30, 2, replace=False))) for _ in range(6)]:
    neighbours[one].add(other)
    neighbours[other].add(one)
doors_of = np.full((30, max(map(len, neighbours))), -1)
for k, beside in enumerate(neighbours):
    doors_of[k, : len(beside)] = sorted(beside)
maze, liked = MDP.from_successors(doors_of, discount=0.95), np.zeros(30)
liked[names.index("water")], liked[names.index("draught")] = 1.0, -0.5
walks = sample_demonstrations(maze, soft_value_iteration(maze, liked).policy, 100, max_steps=200, random_state=1)
began = datetime.datetime(2019, 9, 29, 23, 30)
with open(folder / "maze.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["animal", "session", "time", "place"])
    for k, walk in enumerate(walks):
        for t, s in enumerate(walk.states):
            when = (began + datetime.timedelta(minutes=5 * t)).isoformat()
            table.writerow([f"mouse {k // 5}", k % 5, when, names[s]])
print((folder / "maze.csv").read_text()[:140])

# %%
# Two columns name a trajectory. Errors are clustered by animal. The strength of the prior is chosen by evidence.

columns = ["--id", "animal", "--id", "session", "--state", "place", "--groups", "animal"]
status = main(["recover", str(folder / "maze.csv"), *columns, "--out", str(folder / "maze")])
mice = load(folder / "maze" / "model.npz")
CoefficientsDisplay.from_estimator(mice, title="What mice like").plot()

# %%
# Trips with gaps
# ---------------
# 5,040 links with names that are numbers, and 2,000 trips. In one trip of forty a link is missing, and the trip is split there.

city = RoadNetwork.grid((36, 36), irregularity=0.2, random_state=0)
costs = city.features("length", "constant", "u-turn")
first = rng.integers(city.n_links, size=2000)
goals = rng.choice(rng.integers(city.n_links, size=150), 2000)
first[first == goals] = (first[first == goals] + 1) % city.n_links
trips = GoalPolicies(city.mdp, costs @ [-2.0, -0.5, -2.0]).sample(first, goals, random_state=2)
with open(folder / "links.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["link", "from", "to", "length"])
    ends = zip(city.nodes[city.tail], city.nodes[city.head], city.attributes["length"], strict=True)
    table.writerows((20001 + 997 * k, a, b, float(length)) for k, (a, b, length) in enumerate(ends))
with open(folder / "trips.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["trip", "step", "link"])
    for k, path in enumerate(city.paths(trips)):
        seen = np.delete(path, 2) if k % 40 == 5 and len(path) > 4 else path
        table.writerows((k, step, 20001 + 997 * link) for step, link in enumerate(seen))

network = ["--links", str(folder / "links.csv"), "--gaps", "split"]
status = main(["recover", str(folder / "trips.csv"), *network, "--out", str(folder / "trips")])
drivers = load(folder / "trips" / "model.npz")
for name, estimate, error in zip(drivers.fit_.names, drivers.coef_, drivers.standard_errors_, strict=True):
    print(f"{name:<10} {estimate:6.3f} +- {error:.3f}")

plt.show()
# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_17.png'
