"""What the command line reads and writes: built-in sets, tables, features, and the recovered reward as files."""

from __future__ import annotations

import argparse
import csv
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import BUILT_IN
from ..demonstrations import Demonstrations
from ..demonstrations.feasibility import check_labels
from ..estimators import MaxEntIRL
from ..mdp import MDP
from ..plotting import PlacesLayout, is_drawable, plot_recovery
from ..plotting.places import MOST_PLACES
from ..report import write_report
from .features_file import read_features
from .groups import groups_of
from .road_trips import Trips, read_trips
from .table_grid import grid_of
from .table_options import OTHER_COLUMNS, READING, SEARCHED_COLUMNS, columns_in_words, read_options

DEFAULT_DISCOUNT = 0.95
FEWEST_PLACES = 5  # smaller tables are clearer as bars than as a graph
OF_TABLES = (
    *SEARCHED_COLUMNS,
    *OTHER_COLUMNS,
    *READING,
    "missing",
    "delimiter",
    "smoothing",
    "grid",
    "groups",
    "links",
    "gaps",
)  # not for built-in sets
MOST_POLICY_ROWS = 1_000_000  # with more there is no policy.csv: maxent-irl predict tells what is asked for
SUMMARISED_FEATURES = 30  # with more, the table of coefficients goes into coefficients.csv alone


@dataclass(frozen=True)
class Problem:
    """Everything a recovery starts from.

    Attributes
    ----------
    source : str
    demonstrations : Demonstrations
    mdp : MDP
    dynamics : str
        Where the MDP came from, in words.
    features : array, sparse array, or None for state indicators
    feature_names : list of str
    l2 : float or "evidence"
    world : object or None
        Where the states come from; `maxent_irl.plotting.layout_of` says whether there is a map.
    true_reward : array or None
    columns : str or None
        Which columns of a table were read, in words.
    neighbours : bool
        Whether an action is which neighbour was entered, the table having no actions.
    groups : list or None
        What each trajectory belongs to.
    notes : dict
        What to keep beside the saved model, so that a report on it can draw the same.
    """

    source: str
    demonstrations: Demonstrations
    mdp: MDP
    dynamics: str
    features: Any
    feature_names: list[str]
    l2: float | str
    world: Any = None
    true_reward: NDArray | None = None
    columns: str | None = None
    neighbours: bool = False
    groups: list[Any] | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def n_features(self) -> int:
        """Number of coefficients."""
        return len(self.feature_names)

    @property
    def map(self) -> Any:
        """The world if it can be drawn as a map; otherwise None."""
        return self.world if is_drawable(self.world) else None

    @property
    def state_names(self) -> list[Any]:
        """Labels of the states, or their indices."""
        return _labels(self.demonstrations.state_labels, self.mdp.n_states)

    @property
    def action_names(self) -> list[Any]:
        """Labels of the actions, or their indices."""
        return _labels(self.demonstrations.action_labels, self.mdp.n_actions)

    def action_name(self, s: int | np.integer, a: int | np.integer) -> Any:
        """Label of an action, or where it leads to from a state where it stands for that."""
        if not self.neighbours:
            return self.action_names[a]
        row = self.mdp.transitions[[a * self.mdp.n_states + s]]
        return f"to {self.state_names[row.indices[0]]}" if row.nnz else "the end"

    @property
    def action_names_to_show(self) -> list[Any] | None:
        """Names of the actions for figures: the world's own where the demonstrations have none; None where nobody has."""
        if self.demonstrations.action_labels is None:
            return getattr(self.world, "action_names", None)
        return self.action_names


def read(options: argparse.Namespace) -> Problem:
    """Read what the command line asks for; every problem is a ValueError or OSError that names the file."""
    if options.source in BUILT_IN:
        return _read_builtin(options)
    return _read_table(options)


def _read_builtin(options: argparse.Namespace) -> Problem:
    if options.mdp is not None or options.features is not None:
        raise ValueError(f"the built-in set {options.source!r} brings its own --mdp and --features; leave them out")
    for name in OF_TABLES:
        if getattr(options, name) is not None:
            raise ValueError(
                f"--{name.replace('_', '-')} is for tables, and {options.source!r} is a built-in set; leave it out (a table of "
                f"that name is ./{options.source})"
            )
    data = BUILT_IN[options.source]()
    changes = {key: getattr(options, key) for key in ("discount", "horizon") if getattr(options, key) is not None}
    return Problem(
        source=f"built-in set {options.source!r}",
        demonstrations=data.demonstrations,
        mdp=data.mdp.replace(**changes) if changes else data.mdp,
        dynamics="known dynamics",
        features=data.features,
        feature_names=list(data.feature_names),
        l2=options.l2 or 0.0,
        world=data.get("world"),
        true_reward=data.true_reward,
        notes={"built_in": options.source},
    )


def _read_table(options: argparse.Namespace) -> Problem:
    path = Path(options.source)
    if not path.exists():
        known = ", ".join(sorted(BUILT_IN))
        raise ValueError(f"{path} does not exist, and is no built-in set (those are {known})")
    if options.links is not None:
        return _read_trips(path, options)
    for name in ("nodes", "gaps"):
        if getattr(options, name):
            raise ValueError(
                f"--{name} is about the trips of a road network: give its links with --links, or leave it out"
            )
    mdp, cells = None, None if options.grid is None else options.grid[0] * options.grid[1]
    if options.mdp is not None:
        if options.smoothing is not None:
            raise ValueError(
                "--smoothing is for dynamics estimated from the table, and --mdp brings its own; leave one out"
            )
        mdp = MDP.load(options.mdp)
    table, roles, reading = read_options(path, options)
    demonstrations = Demonstrations.from_table(table, mdp=mdp, n_states=cells if mdp is None else None, **reading)
    n_short = len(set(table.identifiers({"id": roles["id"]})["id"].tolist())) - len(demonstrations)
    changes = {key: getattr(options, key) for key in ("discount", "horizon") if getattr(options, key) is not None}
    if mdp is not None:
        dynamics = f"dynamics from {options.mdp}"
        mdp = mdp.replace(**changes) if changes else mdp
        check_labels(demonstrations, mdp.n_states, mdp.n_actions, "give each {} in the table by its index in --mdp")
        demonstrations.validate_against(mdp)
    else:
        mdp = MDP.from_demonstrations(
            demonstrations,
            n_states=cells if demonstrations.state_labels is None else None,
            smoothing=options.smoothing or 0.0,
            **({"discount": DEFAULT_DISCOUNT} | changes),
        )
        dynamics = "dynamics estimated from the table"
    if options.features is not None:
        features, names = read_features(
            options.features,
            _labels(demonstrations.state_labels, mdp.n_states),
            _labels(demonstrations.action_labels, mdp.n_actions),
            mdp.available,
            options.delimiter,
        )
        l2 = options.l2 or 0.0
    else:
        features, names = None, [f"state {name}" for name in _labels(demonstrations.state_labels, mdp.n_states)]
        l2 = "evidence" if options.l2 is None else options.l2
    world: Any = None
    if options.grid is not None:
        world = grid_of(options.grid, demonstrations, mdp)
    elif FEWEST_PLACES <= mdp.n_states <= MOST_PLACES:
        named = _labels(demonstrations.state_labels, mdp.n_states)
        world = PlacesLayout.of(mdp, names=named, demonstrations=demonstrations)
    return Problem(
        str(path),
        demonstrations,
        mdp,
        dynamics,
        features,
        names,
        l2,
        world=world,
        columns=columns_in_words(roles, n_short),
        neighbours=roles["action"] is None and options.mdp is None,
        groups=None if options.groups is None else groups_of(path, roles["id"], options, demonstrations.ids),
        notes={"grid": None if options.grid is None else list(options.grid)},
    )


def _read_trips(path: Path, options: argparse.Namespace) -> Problem:
    found: Trips = read_trips(path, options)
    return Problem(
        str(path),
        found.demonstrations,
        found.network.mdp,
        f"road network of {options.links}",
        found.features,
        found.feature_names,
        options.l2 or 0.0,
        world=found.network if found.has_map else None,
        columns=found.columns,
        neighbours=True,
        groups=None if options.groups is None else groups_of(path, found.id_column, options, found.demonstrations.ids),
    )


def _labels(labels: tuple | None, n: int) -> list[Any]:
    return list(range(n)) if labels is None else list(labels)


def outcome(estimator: MaxEntIRL, problem: Problem) -> str:
    """What the fit reached, in a few lines, and the table of coefficients with their standard errors if it is short."""
    summary = estimator.summary()
    statistics, chosen = summary.statistics, " (of greatest evidence)" if isinstance(estimator.l2, str) else ""
    state = "converged" if estimator.converged_ else "NOT converged"
    lines = [
        f"fit       {state} in {estimator.n_iter_} iterations, objective {estimator.objective}, l2 {estimator.fit_.l2:g}{chosen}",
        f"          log-likelihood per decision {statistics['log_likelihood_per_decision']:.6f}, of uniform choice "
        f"{statistics['uniform_per_decision']:.6f}",
        f"          largest feature gap per decision {np.abs(estimator.feature_gap_).max():.2e} (demonstrated minus expected)",
    ]
    if statistics["decisions_counted"] < statistics["n_decisions"] / 2:
        lines.append(
            f"          decisions counted: {statistics['decisions_counted']:,.3g} of {statistics['n_decisions']:,}"
        )
    if problem.n_features <= SUMMARISED_FEATURES:
        lines += ["", _matching(estimator), "", str(summary), ""]
    else:
        lines += [f"note      {note}" for note in summary.notes]
    return "\n".join(lines)


def _matching(estimator: MaxEntIRL) -> str:
    """Demonstrated beside expected features, a line each: that they match is what maximum entropy is known for."""
    demonstrated = estimator.fit_.demonstrated_features
    expected = demonstrated - estimator.feature_gap_
    names = estimator.fit_.names
    width = max(map(len, names)) + 2
    lines = [f"{'features per decision':<{max(width, 23)}}{'demonstrated':>14}{'expected':>14}"]
    for name, shown, model in zip(names, demonstrated, expected, strict=True):
        lines.append(f"  {name:<{max(width, 23) - 2}}{shown:>14.6f}{model:>14.6f}")
    return "\n".join(lines)


def write(
    estimator: MaxEntIRL, problem: Problem, folder: Path, command: str = "", warnings: Sequence[str] = ()
) -> list[Path]:
    """Write reward.csv, coefficients.csv, policy.csv, model.npz and reward.png; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ("reward.csv", "coefficients.csv", "policy.csv", "model.npz", "reward.png")
    reward, coefficients, policy, model, figure = paths = [folder / name for name in names]
    _write_reward(reward, estimator.reward_, problem)
    _write_coefficients(coefficients, estimator)
    if not _write_policy(policy, estimator, problem):
        paths.remove(policy)
    about = {"source": problem.source, "dynamics": problem.dynamics, "neighbours": problem.neighbours}
    estimator.save(model, **about, **problem.notes, command=command, warnings=list(warnings))
    _draw(figure, estimator, problem)
    return paths


def _write_reward(path: Path, reward: NDArray, problem: Problem) -> None:
    states = problem.state_names
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        if reward.ndim == 1:
            out.writerow(["state", "reward"])
            out.writerows((name, repr(float(r))) for name, r in zip(states, reward, strict=True))
        else:
            out.writerow(["state", "action", "reward"])
            pairs = np.argwhere(problem.mdp.available)
            out.writerows((states[s], problem.action_name(s, a), repr(float(reward[s, a]))) for s, a in pairs)


def _write_coefficients(path: Path, estimator: MaxEntIRL) -> None:
    columns = estimator.summary().coefficients
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(zip(*columns.values(), strict=True))


def _write_policy(path: Path, estimator: MaxEntIRL, problem: Problem) -> bool:
    """A row per state and action; per time too with a horizon, and per demonstrated goal where there are goals.

    Nothing is written if these are more than MOST_POLICY_ROWS; return whether it was.
    """
    states = problem.state_names
    given = problem.demonstrations.goals
    goals: Sequence[Any] = [None] if given is None else np.unique(given).tolist()
    times: Sequence[Any] = [None] if problem.mdp.horizon is None else range(problem.mdp.horizon)
    used = np.flatnonzero(problem.mdp.available.any(axis=1))
    if int(problem.mdp.available.sum()) * len(goals) * len(times) > MOST_POLICY_ROWS:
        return False
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        keys = [name for name, values in (("goal", goals), ("time", times)) if values[0] is not None]
        out.writerow([*keys, "state", "action", "probability"])
        for goal, time in itertools.product(goals, times):
            proba = estimator.predict_proba(used, None if time is None else np.full(len(used), time), goals=goal)
            key = [value for value in (None if goal is None else states[goal], time) if value is not None]
            for s, row in zip(used, proba, strict=True):
                open_actions = np.flatnonzero(problem.mdp.available[s])
                out.writerows((*key, states[s], problem.action_name(s, a), repr(float(row[a]))) for a in open_actions)
    return True


def _draw(path: Path, estimator: MaxEntIRL, problem: Problem) -> None:
    from matplotlib.figure import Figure

    figure = plot_recovery(
        estimator,
        problem.map,
        true_reward=problem.true_reward,
        state_names=problem.state_names,
        action_names=problem.action_names_to_show,
        figure=Figure(),
    )
    figure.savefig(path, dpi=150)


def write_html(estimator: MaxEntIRL, problem: Problem, path: Path, command: str, warnings: list[str]) -> None:
    """Write the self-contained HTML report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_report(
        path,
        estimator,
        problem.demonstrations,
        world=problem.map,
        true_reward=problem.true_reward,
        title=f"Reward recovered from {problem.source}",
        source=problem.source,
        dynamics=problem.dynamics,
        command=command,
        warnings=warnings,
        state_names=problem.state_names,
        action_names=problem.action_names_to_show,
    )
