"""What the command line reads and writes: built-in sets, tables, features, and the recovered reward as files."""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import BUILT_IN
from ..demonstrations import Demonstrations
from ..demonstrations.feasibility import check_labels
from ..estimators import MaxEntIRL
from ..mdp import MDP
from ..mdp.files import write_arrays
from ..plotting import PlacesLayout, is_drawable, plot_recovery
from ..plotting.places import MOST_PLACES
from ..report import write_report
from .table_grid import grid_of

INDICATOR_L2 = (
    0.1  # without a prior, one reward per state is never identified: neither a constant nor states out of reach
)
DEFAULT_DISCOUNT = 0.95
FEWEST_PLACES = 5  # smaller tables are clearer as bars than as a graph
REQUIRED_COLUMNS, FURTHER_COLUMNS = ("id", "state", "action"), ("time", "next_state", "weight", "goal")
OF_TABLES = (
    *REQUIRED_COLUMNS,
    *FURTHER_COLUMNS,
    "delimiter",
    "smoothing",
    "grid",
)  # options without a meaning for built-in sets
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
    l2 : float
    world : object or None
        Where the states come from; `maxent_irl.plotting.layout_of` says whether there is a map.
    true_reward : array or None
    """

    source: str
    demonstrations: Demonstrations
    mdp: MDP
    dynamics: str
    features: Any
    feature_names: list[str]
    l2: float
    world: Any = None
    true_reward: NDArray | None = None

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
    )


def _read_table(options: argparse.Namespace) -> Problem:
    path = Path(options.source)
    if not path.exists():
        known = ", ".join(sorted(BUILT_IN))
        raise ValueError(f"{path} does not exist, and is no built-in set (those are {known})")
    delimiter = options.delimiter or ","
    header = _header(path, delimiter)
    columns = {key: getattr(options, key) or key for key in REQUIRED_COLUMNS}
    for key in FURTHER_COLUMNS:
        given = getattr(options, key)
        if given is not None or key in header:
            columns[key] = given or key
    demonstrations = Demonstrations.from_csv(path, delimiter=delimiter, **columns)
    if options.mdp is not None:
        if options.smoothing is not None:
            raise ValueError(
                "--smoothing is for dynamics estimated from the table, and --mdp brings its own; leave one out"
            )
        mdp, dynamics = MDP.load(options.mdp), f"dynamics from {options.mdp}"
        changes = {key: getattr(options, key) for key in ("discount", "horizon") if getattr(options, key) is not None}
        mdp = mdp.replace(**changes) if changes else mdp
        check_labels(demonstrations, mdp.n_states, mdp.n_actions, "give each {} in the table by its index in --mdp")
        demonstrations.validate_against(mdp)
    else:
        discount = DEFAULT_DISCOUNT if options.discount is None else options.discount
        mdp = MDP.from_demonstrations(
            demonstrations, smoothing=options.smoothing or 0.0, discount=discount, horizon=options.horizon
        )
        dynamics = "dynamics estimated from the table"
    if options.features is not None:
        features, names = read_features(options.features, mdp, demonstrations, delimiter)
        l2 = options.l2 or 0.0
    else:
        features, names = None, [f"state {name}" for name in _labels(demonstrations.state_labels, mdp.n_states)]
        l2 = INDICATOR_L2 if options.l2 is None else options.l2
    world: Any = None
    if options.grid is not None:
        world = grid_of(options.grid, demonstrations, mdp)
    elif FEWEST_PLACES <= mdp.n_states <= MOST_PLACES:
        named = _labels(demonstrations.state_labels, mdp.n_states)
        world = PlacesLayout.of(mdp, names=named, demonstrations=demonstrations)
    return Problem(str(path), demonstrations, mdp, dynamics, features, names, l2, world=world)


def _open(path: Path) -> io.TextIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")


def _header(path: Path, delimiter: str) -> list[str]:
    try:
        with _open(path) as file:
            return next(csv.reader(file, delimiter=delimiter), [])
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is not a readable CSV file: {error}") from error


def _labels(labels: tuple | None, n: int) -> list[Any]:
    return list(range(n)) if labels is None else list(labels)


def read_features(
    path: Path, mdp: MDP, demonstrations: Demonstrations, delimiter: str = ","
) -> tuple[NDArray, list[str]]:
    """Read a feature table: column ``state``, perhaps ``action``, then one column per feature.

    It is separated by commas or by `delimiter`. Every state that is not terminal (every available pair) must have exactly one
    row; labels are those of the demonstrations, or plain indices. Returned are features (S, K) or (S, A, K) and their names.
    """
    if "state" not in _header(path, delimiter):  # it need not be separated as the table of demonstrations is
        delimiter = ","
    with _open(path) as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    if not rows or "state" not in rows[0]:
        raise ValueError(
            f"{path} needs a header with a column 'state', perhaps 'action', and one column per feature, separated by commas or "
            "as --delimiter says"
        )
    header = rows[0]
    keys = [name for name in ("state", "action") if name in header]
    names = [name for name in header if name not in keys]
    if not names:
        raise ValueError(f"{path} has no feature columns beside {', '.join(keys)}")
    index = {
        "state": {str(label): i for i, label in enumerate(_labels(demonstrations.state_labels, mdp.n_states))},
        "action": {str(label): i for i, label in enumerate(_labels(demonstrations.action_labels, mdp.n_actions))},
    }
    shape = (mdp.n_states, mdp.n_actions) if len(keys) == 2 else (mdp.n_states,)
    features = np.full((*shape, len(names)), np.nan)
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise ValueError(f"{path}, line {line}: {len(row)} fields, the header has {len(header)}")
        entry = dict(zip(header, row, strict=True))
        place = []
        for key in keys:
            if entry[key] not in index[key]:
                raise ValueError(f"{path}, line {line}: {key} {entry[key]!r} is not one of the problem's {key}s")
            place.append(index[key][entry[key]])
        if not np.isnan(features[tuple(place)]).all():
            raise ValueError(f"{path}, line {line}: a second row for {', '.join(f'{k} {entry[k]}' for k in keys)}")
        try:
            features[tuple(place)] = [float(entry[name]) for name in names]
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}") from error
    needed = mdp.available if len(keys) == 2 else mdp.available.any(axis=1)
    missing = np.argwhere(needed & np.isnan(features).any(axis=-1))
    if len(missing):
        inverse = [{i: label for label, i in index[key].items()} for key in keys]
        where = ", ".join(
            f"{key} {inverse[j][int(i)]}" for j, (key, i) in enumerate(zip(keys, missing[0], strict=True))
        )
        raise ValueError(
            f"{path} gives no (or not all) features for {where}; {len(missing)} such rows are missing in all"
        )
    return np.nan_to_num(features, nan=0.0), names


def outcome(estimator: MaxEntIRL, problem: Problem) -> str:
    """What the fit reached, in a few lines, and the table of coefficients with their standard errors if it is short."""
    summary = estimator.summary()
    statistics = summary.statistics
    state = "converged" if estimator.converged_ else "NOT converged"
    lines = [
        f"fit       {state} in {estimator.n_iter_} iterations, objective {estimator.objective}, l2 {estimator.l2:g}",
        f"          log-likelihood per decision {statistics['log_likelihood_per_decision']:.6f}, of uniform choice "
        f"{statistics['uniform_per_decision']:.6f}",
        f"          largest feature gap per decision {np.abs(estimator.feature_gap_).max():.2e} (demonstrated minus expected)",
    ]
    if problem.n_features <= SUMMARISED_FEATURES:
        lines += ["", str(summary), ""]
    else:
        lines += [f"note      {note}" for note in summary.notes]
    return "\n".join(lines)


def write(estimator: MaxEntIRL, problem: Problem, folder: Path) -> list[Path]:
    """Write reward.csv, coefficients.csv, policy.csv, model.npz and reward.png; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ("reward.csv", "coefficients.csv", "policy.csv", "model.npz", "reward.png")
    reward, coefficients, policy, model, figure = paths = [folder / name for name in names]
    _write_reward(reward, estimator.reward_, problem)
    _write_coefficients(coefficients, estimator)
    _write_policy(policy, estimator, problem)
    fitted = (
        "coef",
        "reward",
        "value",
        "policy",
        "visitations",
        "loss_curve",
        "converged",
    )  # with goals not all are there
    arrays = {name: getattr(estimator, f"{name}_") for name in fitted if hasattr(estimator, f"{name}_")}
    write_arrays(model, {"feature_names": np.array(problem.feature_names), **arrays})
    _draw(figure, estimator, problem)
    return paths


def _write_reward(path: Path, reward: NDArray, problem: Problem) -> None:
    states, actions = problem.state_names, problem.action_names
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        if reward.ndim == 1:
            out.writerow(["state", "reward"])
            out.writerows((name, repr(float(r))) for name, r in zip(states, reward, strict=True))
        else:
            out.writerow(["state", "action", "reward"])
            pairs = np.argwhere(problem.mdp.available)
            out.writerows((states[s], actions[a], repr(float(reward[s, a]))) for s, a in pairs)


def _write_coefficients(path: Path, estimator: MaxEntIRL) -> None:
    columns = estimator.summary().coefficients
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(zip(*columns.values(), strict=True))


def _write_policy(path: Path, estimator: MaxEntIRL, problem: Problem) -> None:
    """A row per state and action; per time too with a horizon, and per demonstrated goal where there are goals."""
    states, actions = problem.state_names, problem.action_names
    headed = problem.demonstrations.goals
    goals: list[int | None] = [None] if headed is None else np.unique(headed).tolist()
    times: list[int | None] = [None] if problem.mdp.horizon is None else list(range(problem.mdp.horizon))
    used = np.flatnonzero(problem.mdp.available.any(axis=1))
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        keys = [name for name, values in (("goal", goals), ("time", times)) if values[0] is not None]
        out.writerow([*keys, "state", "action", "probability"])
        for goal, time in itertools.product(goals, times):
            proba = estimator.predict_proba(used, None if time is None else np.full(len(used), time), goals=goal)
            key = [value for value in (None if goal is None else states[goal], time) if value is not None]
            for s, row in zip(used, proba, strict=True):
                open_actions = np.flatnonzero(problem.mdp.available[s])
                out.writerows((*key, states[s], actions[a], repr(float(row[a]))) for a in open_actions)


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
