"""Published fits of the recursive logit, which is MaxEnt IRL with one absorbing destination per trip."""

import json

import numpy as np
import pytest

from maxent_irl import MaxEntIRL, soft_value_iteration
from maxent_irl.worlds import RoadNetwork

# The network on which path costs are known in closed form; the arcs between 1 and 2 are 3 long there, 6 in the data to fit.
FOUR_NODES = {(0, 1): 5.0, (0, 3): 4.0, (1, 2): 6.0, (2, 1): 6.0, (2, 3): 5.0, (3, 0): 4.0}


def network_of(arcs: dict) -> RoadNetwork:
    tail, head = zip(*arcs, strict=True)
    return RoadNetwork(tail, head, attributes={"length": list(arcs.values())}, states="nodes", destinations="exits")


def observations(real_data, name: str) -> list:
    """Trips as paths from origin to destination; the file puts the destination first as well."""
    trips = json.loads((real_data / "route_choice_small" / "rrc_observations.json").read_text())[name]
    assert all(trip[0] == trip[-1] for trip in trips)
    return [trip[1:] for trip in trips]


@pytest.fixture(scope="module")
def example1(real_data):
    folder = real_data / "route_choice_small"
    table = np.genfromtxt(folder / "example1_links.csv", delimiter=",", names=True)
    network = RoadNetwork(
        np.append(table["FromNode"], 17).astype(int),
        np.append(table["ToNode"], 18).astype(int),  # the destination is a link of its own, entered for nothing
        links=np.append(table["LinkID"], 30).astype(int),
        attributes={
            "length": np.append(table["Length"], 0),
            "light": np.append(table["Trafficsignal"], 0),
            "link": np.append(np.ones(29), 0),
        },
    )
    return network, network.trips_from_csv(folder / "example1_paths.csv", link="link", step="step")


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_example1(example1, objective):
    network, trips = example1
    model = MaxEntIRL(network.mdp, network.features("length", "light", "link"), objective=objective, tol=1e-9).fit(
        trips
    )
    np.testing.assert_allclose(model.coef_, [-2.322621, -0.337050, 0.061066], atol=1e-5 * 2.322621)
    assert model.log_likelihood_ / len(trips) == pytest.approx(-2.373825, rel=1e-6)
    assert model.score(trips) * trips.n_decisions == pytest.approx(model.log_likelihood_)


def test_example1_has_the_listed_link_pairs(example1, real_data):
    network, _ = example1
    listed = np.loadtxt(
        real_data / "route_choice_small" / "example1_linkpairs.csv", delimiter=",", skiprows=1, dtype=int
    )
    link, action = np.nonzero(network.entered >= 0)
    found = np.column_stack([network.links[link], network.links[network.entered[link, action]]])
    assert {tuple(pair) for pair in found} == {tuple(pair) for pair in listed}


def test_four_nodes(real_data):
    network = network_of(FOUR_NODES)
    trips = network.trips(observations(real_data, "simple"))
    model = MaxEntIRL(network.mdp, network.features("length"), tol=1e-9).fit(trips)
    np.testing.assert_allclose(model.coef_, [-0.4118376], rtol=1e-5)


def test_sioux_falls(real_data):
    table = np.genfromtxt(real_data / "route_choice_small" / "siouxfalls_links.csv", delimiter=",", names=True)
    network = RoadNetwork(
        table["init"].astype(int) - 1,
        table["term"].astype(int) - 1,
        attributes={name: table[name] for name in ("length", "capacity")},
        states="nodes",
        destinations="exits",
    )
    trips = network.trips(observations(real_data, "sioux"))
    assert len(np.unique(trips.goals)) > 1
    model = MaxEntIRL(network.mdp, network.features("length", "capacity"), tol=1e-9).fit(trips)
    np.testing.assert_allclose(model.coef_, [-1.0212956, -1.75463e-4], rtol=1e-5)


@pytest.mark.parametrize(
    ("path", "cost"), [([0, 1, 2, 1], 2.537993985), ([0, 3, 0, 1], 3.337993985), ([0, 1], 0.137993985)]
)
def test_path_costs_when_trips_may_pass_through_their_destination(path, cost):
    network = network_of(FOUR_NODES | {(1, 2): 3.0, (2, 1): 3.0})
    trip = network.trips([path])
    policy = soft_value_iteration(network.mdp.with_goal(trip.goals[0]), network.features("length") @ [-0.4]).policy
    assert -np.log(policy[trip.states, trip.actions]).sum() == pytest.approx(cost, abs=1e-9)
