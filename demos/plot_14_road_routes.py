"""
Where are they heading, and by which way?
=========================================

Every trip has its own destination, and all travellers have the same costs. One fit to 300 trips to 40 destinations in Monaco
recovers the costs of length, of walking paths, of junctions and of u-turns. The fitted model predicts the traffic on each link
and the destination of a trip from its beginning. Half way into a trip, the true destination is on average eight times as
probable as at the start.

The network is real (OpenStreetMap contributors, ODbL 1.0). The trips are drawn from the model with known costs, because real
trips are private. Needs the real data (environment variable ``MAXENT_IRL_DATA``). The figures show the coefficients beside the
truth, the map of expected traffic, and the probability of the true destination along held-out trips.
"""

import os
import sys

import numpy as np
from matplotlib import pyplot as plt

from maxent_irl import MaxEntIRL, RecedingHorizonIRL
from maxent_irl.datasets import load_road_network
from maxent_irl.metrics import path_match
from maxent_irl.plotting import CoefficientsDisplay, NetworkMapDisplay
from maxent_irl.plotting.style import HOUSE_STYLE
from maxent_irl.routes import destination_posterior, expected_flows, most_likely_routes
from maxent_irl.routes.policies import GoalPolicies

plt.style.use(HOUSE_STYLE)

if "MAXENT_IRL_DATA" not in os.environ:
    print("skipped: set MAXENT_IRL_DATA to the folder with the real data")
    sys.exit()

network = load_road_network("monaco").world.largest_component()
walking = np.isin(network.road_class, ["pedestrian", "footway", "path", "steps"])
network = network.with_attributes(walking=network.attributes["length"] * walking)
names = ("length", "walking", "constant", "u-turn")
features = network.features(*names)
print(network)

# %%
# Trips with a known truth
# ------------------------
# States are links, so u-turns have a feature of their own. Lengths are in kilometres. The constant is the cost of a junction.

truth = np.array([-12.0, -4.0, -1.0, -3.0])
rng = np.random.default_rng(0)
places = rng.choice(network.n_links, 40, replace=False)
destinations = rng.choice(places, 400)
origins = rng.integers(0, network.n_links, 400)
origins[origins == destinations] += 1
trips = GoalPolicies(network.mdp, features @ truth).sample(origins, destinations, random_state=1)
train, test = trips[:300], trips[300:]
print(trips)

# %%
# One fit for all destinations
# ----------------------------
# All destinations share one factorisation per step of the fit, so forty take little more time than a few.

estimator = MaxEntIRL(network.mdp, features, feature_names=names).fit(train)
print(estimator.summary())
named = ("a kilometre", "a kilometre on foot, in addition", "a junction", "a u-turn")
title, label = "Costs of a trip", "coefficient (reward for each)"
CoefficientsDisplay.from_estimator(estimator, truth=truth, names=named, title=title, label=label).plot()

# %%
# Which way?
# ----------
# The share of travelled length that the most likely route contains. The trips were drawn without a planning horizon. A model with
# one, which plans H decisions and then assumes the shortest path, predicts them the better the larger H is.

policies = estimator.goal_policies()
routes = most_likely_routes(policies, test.states[test.offsets[:-1]], test.goals)
match = path_match(test, routes, states=network.states, lengths=features[..., 0])
print(
    f"most likely routes contain {match.mean:.0%} of the length, and at least 90% of it for {match.at_least_90:.0%} of trips"
)
print(f"log-likelihood per decision, held out: {estimator.score(test):.4f}")
for horizon in (1, 10):
    receding = RecedingHorizonIRL(network.mdp, features, planning_horizon=horizon, tol=1e-4).fit(train)
    print(f"    with a planning horizon of {horizon:2}:   {receding.score(test):.4f}")

# %%
# Which links carry the traffic?
# ------------------------------
# Expected flows of an origin-destination table with one trip from every twentieth link to each of ten destinations.

# sphinx_gallery_thumbnail_path = 'images/thumbnails/plot_14.png'

first = np.repeat(np.arange(0, network.n_links, 20), 10)
goals = np.tile(places[:10], len(first) // 10)
flows = network.link_flows(expected_flows(policies, first, goals))
NetworkMapDisplay.from_network(
    network,
    flows,
    root=True,
    label="expected number of trips (square-root scale)",
    title="Traffic to ten destinations in Monaco",
    marks={"destination": [network.nodes[network.head[place]] for place in places[:10]]},
).plot(plt.figure())
plt.gcf().set_size_inches(10, 4.6)

# %%
# Where are they heading?
# -----------------------
# The posterior over the 40 destinations after each step of each held-out trip, by Bayes' rule with equal prior probabilities.

share = np.linspace(0, 1, 21)
chance = []
for trip in test[:60]:
    posterior = destination_posterior(policies, trip.states, trip.actions, places)
    true = posterior[:, np.flatnonzero(places == trip.goal)[0]]
    chance.append(np.interp(share, np.linspace(0, 1, len(true)), true))
low, middle, high = np.quantile(chance, [0.25, 0.5, 0.75], axis=0)
half_way = np.mean(chance, axis=0)[10]
print(
    f"half way, the true destination has a probability of {half_way:.0%} on average; at the start {1 / len(places):.1%}"
)

_, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
ax.fill_between(100 * share, low, high, color="C0", alpha=0.25, linewidth=0, label="middle half of the trips")
ax.plot(100 * share, middle, color="C0", label="median trip")
ax.axhline(1 / len(places), color="0.5", linestyle=":", label="prior probability")
ax.set(
    xlabel="share of the trip's decisions seen (%)",
    ylabel="probability of the true destination",
    title="Recognising one destination of 40",
    xlim=(0, 100),
    ylim=(0, 1.02),
)
ax.legend(frameon=False, loc="upper left")
ax.spines[["top", "right"]].set_visible(False)
plt.show()
