"""Demonstrations to try things on: built-in sets with a known true reward, and real ones read from a local folder.

The built-in sets ship with the package (the top-level ``datasets/`` folder: ``name.csv``, the demonstrations; ``name.json``,
the world they were made in; ``name.md``, the card). The real ones are not part of it: their loaders read the folder that the
environment variable ``MAXENT_IRL_DATA`` names. Every loader returns a scikit-learn `Bunch`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from .demonstrations import Demonstrations
from .demonstrations.cells import numbers
from .demonstrations.table_sources import read_columns
from .worlds import BusEngine, GridWorld, Labyrinth, RoadNetwork, bus_demonstrations, bus_usage, usage_frequencies

DATA_VARIABLE = "MAXENT_IRL_DATA"
_COLUMNS = {"id": "trajectory", "time": "step", "state": "state", "action": "action", "next_state": "next_state"}
# RC and theta11 by groups and discount: Rust (1987), Table IX.
_BUS_COSTS = {
    ((4,), 0.9999): (10.0750, 2.2930),
    ((4,), 0.0): (7.6358, 71.5133),
    ((1, 2, 3), 0.9999): (11.7270, 4.8259),
    ((1, 2, 3), 0.0): (8.2985, 109.9031),
    ((1, 2, 3, 4), 0.9999): (9.7558, 2.6275),
    ((1, 2, 3, 4), 0.0): (7.3055, 70.2769),
}


def load_gridworld() -> Bunch:
    """Walks through a grid of rooms, mud, flowers and a goal: 200 demonstrations made with a known reward.

    Returns
    -------
    Bunch
        - ``demonstrations`` : Demonstrations, 200 trajectories of 40 decisions
        - ``world`` : GridWorld; ``mdp`` : MDP
        - ``features`` : (S, 3) array, tile types; ``feature_names`` : tuple of strings
        - ``true_reward`` : (S,) array; ``true_coef`` : (3,) array, true_reward = features @ true_coef
        - ``DESCR`` : str, the card

    Examples
    --------
    >>> from maxent_irl.datasets import load_gridworld
    >>> data = load_gridworld()
    >>> len(data.demonstrations), data.feature_names
    (200, ('flowers', 'mud', 'goal'))
    """
    definition = read_definition("gridworld")
    world = gridworld_of(definition)
    rewards = definition["options"]["rewards"]
    return _bunch(
        "gridworld",
        world,
        features=world.features("tiles"),
        feature_names=("flowers", "mud", "goal"),  # letters f, m, G of the map
        true_coef=np.array([rewards["f"], rewards["m"], rewards["G"]]),
    )


def load_machines() -> Bunch:
    """Decisions to keep or replace ageing machines: 60 demonstrations made with known costs.

    Returns
    -------
    Bunch
        - ``demonstrations`` : Demonstrations, 60 machines of 120 months
        - ``world`` : BusEngine; ``mdp`` : MDP
        - ``features`` : (S, 2, 2) array; ``feature_names`` : tuple of strings
        - ``true_reward`` : (S, 2) array; ``true_coef`` : (2,) array, true_reward = features @ true_coef
        - ``DESCR`` : str, the card

    Examples
    --------
    >>> from maxent_irl.datasets import load_machines
    >>> load_machines().demonstrations.n_decisions
    7200
    """
    world = machines_of(read_definition("machines"))
    return _bunch("machines", world, features=world.features, feature_names=world.feature_names, true_coef=world.coef)


def load_mouse_labyrinth(*, discount: float = 0.9) -> Bunch:
    """Ten water-restricted mice in a binary-tree labyrinth: 238 stretches of 500 visits to a fork.

    Reads ``mouse_labyrinth/paths.csv.gz`` and ``next_node.csv`` in the folder `MAXENT_IRL_DATA`. The first step of every
    stretch is dropped; stretches are cut, not ended. Home is node 0, the water port node 116.

    Parameters
    ----------
    discount : float

    Returns
    -------
    Bunch
        - ``demonstrations``, and the split ``train`` and ``test`` (sequences 0, 5, 10, ...) : Demonstrations
        - ``world`` : Labyrinth; ``mdp`` : MDP; ``features`` : sparse (S, S) identity; ``feature_names``
        - ``true_reward`` : None, nobody knows; ``water`` : int, the node with the water port
        - ``DESCR`` : str

    Raises
    ------
    FileNotFoundError
        If the environment variable is not set or the files are not there.

    References
    ----------
    Rosenberg, M., Zhang, T., Perona, P. and Meister, M. (2021). Mice in a labyrinth show rapid learning, sudden insight, and
    efficient exploration. eLife 10, e66175.
    """
    folder = _real_data("mouse_labyrinth")
    table = _columns(folder / "next_node.csv", "node", "action", "next_node")
    world = Labyrinth.from_table(table["node"], table["action"], table["next_node"], discount=discount)
    paths = _columns(folder / "paths.csv.gz", "seq", "t", "node", "action")
    demonstrations = world.demonstrations(paths["seq"], paths["t"], paths["node"], paths["action"])
    held_out = np.arange(len(demonstrations)) % 5 == 0
    return Bunch(
        demonstrations=demonstrations,
        train=demonstrations[~held_out],
        test=demonstrations[held_out],
        world=world,
        mdp=world.mdp,
        features=world.features,
        feature_names=world.feature_names,
        true_reward=None,
        water=116,
        DESCR=load_mouse_labyrinth.__doc__,
    )


def load_bus_engine(*, groups: int | Sequence[int] = 4, discount: float = 0.9999) -> Bunch:
    """Harold Zurcher's monthly decisions to keep or to replace the engines of his buses, in four groups of buses.

    Reads ``rust_bus_group4/bus_group4.csv`` and ``rust_bus_groups_1_3/bus_groups_1_3.csv`` in the folder `MAXENT_IRL_DATA`,
    as far as the groups need them. The decisions of period 0 are dropped.

    Parameters
    ----------
    groups : int or sequence of int
        Groups of Rust (1987): 1 (15 buses), 2 (4), 3 (48) and 4 (37).
    discount : float
        Per month.

    Returns
    -------
    Bunch
        - ``demonstrations`` : Demonstrations, one trajectory per bus
        - ``bus_groups`` : (n,) int array, the group of each bus
        - ``usage`` : (N,) array, bins by which the mileage grew in the month before each decision
        - ``world`` : BusEngine with the usage frequencies of these buses, and ``published_coef`` or the costs of group 4
        - ``mdp`` : MDP; ``features`` : (90, 2, 2) array; ``feature_names``
        - ``true_reward`` : None, nobody knows
        - ``published_coef`` : (2,) array, RC and theta11 of Table IX for these groups and this discount, or None
        - ``DESCR`` : str

    Raises
    ------
    FileNotFoundError
        If the environment variable is not set or a file is not there.
    ValueError
        For groups other than 1 to 4.

    References
    ----------
    Rust, J. (1987). Optimal replacement of GMC bus engines: an empirical model of Harold Zurcher. Econometrica 55(5),
    999-1033.
    """
    wanted = tuple(sorted({groups} if isinstance(groups, int) else set(groups)))
    unknown = [group for group in wanted if group not in (1, 2, 3, 4)]
    if unknown or not wanted:
        raise ValueError(f"groups must be among 1, 2, 3 and 4; got {unknown[0] if unknown else 'none'}")
    paths = [_real_data("rust_bus_group4") / "bus_group4.csv"] if 4 in wanted else []
    paths += [_real_data("rust_bus_groups_1_3") / "bus_groups_1_3.csv"] if wanted[0] < 4 else []
    names = ("group", "bus_id", "period", "state", "replaced", "usage")
    parts = [_columns(path, *names) for path in paths]
    group, bus, period, state, replaced, usage = (np.concatenate([part[name] for part in parts]) for name in names)
    rows = np.isin(group, wanted)
    group, bus, period, state, replaced, usage = (
        column[rows] for column in (group, bus, period, state, replaced, usage)
    )
    published = _BUS_COSTS.get((wanted, discount))
    RC, theta11 = _BUS_COSTS[(4,), 0.9999] if published is None else published
    world = BusEngine(usage_frequencies(usage), discount=discount, replacement_cost=RC, maintenance_cost=theta11)
    _, first = np.unique(bus, return_index=True)
    return Bunch(
        demonstrations=bus_demonstrations(bus, period, state, replaced),
        bus_groups=group[first].astype(int),
        usage=bus_usage(bus, period, usage),
        world=world,
        mdp=world.mdp,
        features=world.features,
        feature_names=world.feature_names,
        true_reward=None,
        published_coef=None if published is None else np.array(published),
        DESCR=load_bus_engine.__doc__,
    )


def load_road_network(place: str, **options: Any) -> Bunch:
    """Roads and paths of a whole city or country, from OpenStreetMap (c) OpenStreetMap contributors, ODbL 1.0.

    Reads ``road_networks/osm_<place>.csv.gz`` in the folder `MAXENT_IRL_DATA`: one directed link per row. Not every node lies
    in the largest strongly connected part; ``world.largest_component()`` gives that.

    Parameters
    ----------
    place : "monaco", "porto", "liechtenstein" or "andorra"
    **options
        `states` and `destinations` of `RoadNetwork`.

    Returns
    -------
    Bunch
        - ``world`` : RoadNetwork with the attribute "length" (km) and the road classes of OpenStreetMap's highway tag
        - ``mdp`` : MDP
        - ``DESCR`` : str

    Raises
    ------
    FileNotFoundError
        If the environment variable is not set or the file is not there.
    """
    folder = _real_data("road_networks")
    paths = sorted(folder.glob(f"osm_{place}*.csv.gz"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no network osm_{place}*.csv.gz")
    raw = RoadNetwork.from_csv(paths[0], attributes={"length": "length_m"}, road_class="highway", **options)
    world = raw.with_attributes(length=raw.attributes["length"] / 1000)
    return Bunch(world=world, mdp=world.mdp, DESCR=load_road_network.__doc__)


BUILT_IN = {"gridworld": load_gridworld, "machines": load_machines}


def data_folder() -> Traversable:
    """Folder with the built-in sets: inside the installed package, or beside it in a source tree."""
    shipped = files("maxent_irl") / "data"
    return shipped if shipped.is_dir() else Path(__file__).parents[1] / "datasets"


def read_definition(name: str) -> dict[str, Any]:
    """How a built-in set is made: the options of its world, and those of `sample_demonstrations`."""
    return json.loads((data_folder() / f"{name}.json").read_text(encoding="utf-8"))


def gridworld_of(definition: dict[str, Any]) -> GridWorld:
    """World of the gridworld set."""
    return GridWorld.from_text("\n".join(definition["map"]), **definition["options"])


def machines_of(definition: dict[str, Any]) -> BusEngine:
    """World of the machines set."""
    return BusEngine(**definition["options"])


def _bunch(name: str, world: GridWorld | BusEngine, **entries: Any) -> Bunch:
    with as_file(data_folder() / f"{name}.csv") as path:
        demonstrations = Demonstrations.from_csv(path, mdp=world.mdp, **_COLUMNS)
    return Bunch(
        demonstrations=demonstrations,
        world=world,
        mdp=world.mdp,
        true_reward=world.reward,
        DESCR=(data_folder() / f"{name}.md").read_text(encoding="utf-8"),
        **entries,
    )


def _real_data(name: str) -> Path:
    """Folder of one real data set; an error says where it was expected."""
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        raise FileNotFoundError(
            f"the {name} data do not ship with the package: set the environment variable {DATA_VARIABLE} to the folder that "
            f"holds {name}/"
        )
    folder = Path(root) / name
    if not folder.is_dir():
        raise FileNotFoundError(f"{DATA_VARIABLE} is {root!r}, which holds no folder {name}/")
    return folder


def _columns(path: Path, *names: str) -> dict[str, NDArray]:
    """Columns of numbers in a text file: integers where all are, else floats, NaN where missing."""
    table = read_columns(path, {name: name for name in names})
    whole = {name: table.identifiers({name: name})[name] for name in names}
    return {
        name: column if column.dtype.kind == "i" else numbers(table.columns[name], table.where(name))
        for name, column in whole.items()
    }
