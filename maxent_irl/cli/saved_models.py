"""Commands on a fitted model that was saved: score, predict, simulate, compare, report."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from ..datasets import BUILT_IN
from ..demonstrations import Demonstrations
from ..demonstrations.labels import shown
from ..demonstrations.sampling import sample_demonstrations
from ..estimators import MaxEntIRL
from ..estimators.loading import load
from ..estimators.summary import reference_log_likelihoods
from ..report import write_report
from ..uncertainty import likelihood_ratio_test
from .table_grid import grid_of
from .table_options import columns_of, read_demonstrations

DONE, NOT_CONVERGED = 0, 1
MOST_STEPS = 1000  # of simulated trajectories that do not end by themselves

SCORE = """\
Say how well a saved model predicts decisions that it was not fitted to.

The table is read as by recover, in the labels of the model.

example:
  maxent-irl score out/model.npz later.csv --id trip --state link --action turn
"""
PREDICT = """\
Write the probability of every action in some states, or in all, as CSV.

examples:
  maxent-irl predict out/model.npz
  maxent-irl predict out/model.npz --state home --state road --out policy.csv
"""
SIMULATE = """\
Draw trajectories from a saved model, from the first states of its demonstrations,
and write them as a table that recover reads.

example:
  maxent-irl simulate out/model.npz -n 100 --seed 1 --out simulated.csv
"""
COMPARE = """\
Compare saved models that were fitted to the same demonstrations: log-likelihood,
AIC, BIC, held-out log-likelihood, and likelihood-ratio tests of nested ones.

example:
  maxent-irl compare short/model.npz long/model.npz --folds 5
"""
REPORT = """\
Write a self-contained HTML report about a saved model.

example:
  maxent-irl report out/model.npz --out report.html
"""


def add_commands(commands: Any) -> None:
    """Add the parsers of these commands; each sets `run`, what is to be called with the options."""
    score_ = _command(commands, "score", "how well a saved model predicts a table", SCORE, score)
    score_.add_argument("table", metavar="TABLE", type=Path, help="demonstrations, as for recover")
    score_.add_argument("--out", metavar="FILE.csv", type=Path, help="also write the log-likelihood of each trajectory")
    columns_of(score_)

    predict_ = _command(commands, "predict", "probabilities of actions under a saved model", PREDICT, predict)
    predict_.add_argument("--state", metavar="STATE", action="append", help="repeat for more; default: all states")
    predict_.add_argument("--goal", metavar="STATE", help="on the way to it; needed where the demonstrations had goals")
    predict_.add_argument("--time", metavar="STEP", type=int, help="steps already taken; needed with a finite horizon")
    predict_.add_argument("--out", metavar="FILE.csv", type=Path, help="default: standard output")

    simulate_ = _command(commands, "simulate", "draw trajectories from a saved model", SIMULATE, simulate)
    simulate_.add_argument(
        "-n", "--number", metavar="N", type=int, default=100, help="trajectories; default: %(default)s"
    )
    simulate_.add_argument(
        "--steps", metavar="N", type=int, help="most decisions of one; default: as long as the longest fitted"
    )
    simulate_.add_argument("--seed", metavar="N", type=int, default=0, help="default: %(default)s")
    simulate_.add_argument("--out", metavar="FILE.csv", type=Path, help="default: standard output")

    compare_ = _command(commands, "compare", "compare saved models", COMPARE, compare, several=True)
    compare_.add_argument(
        "--folds", metavar="N", type=int, default=5, help="held out in turn; 0: none; default: %(default)s"
    )

    report_ = _command(commands, "report", "write a report about a saved model", REPORT, report)
    report_.add_argument(
        "--out", metavar="FILE.html", type=Path, default=Path("report.html"), help="default: %(default)s"
    )


def _command(
    commands: Any, name: str, short: str, manual: str, run: Any, *, several: bool = False
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=short, description=manual, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    more: dict[str, Any] = {"nargs": "+"} if several else {}
    what = "written by recover, or by save()"
    parser.add_argument("models" if several else "model", metavar="MODEL.npz", type=Path, help=what, **more)
    parser.set_defaults(run=run)
    return parser


# What the commands do.


def score(options: argparse.Namespace) -> int:
    """Print the log-likelihood of a table under a saved model."""
    model = load(options.model)
    demonstrations = model.fit_.read(read_demonstrations(options.table, options, model))
    each = model.score_samples(demonstrations)
    weight = float(demonstrations.weights @ demonstrations.lengths)
    uniform, empirical = reference_log_likelihoods(demonstrations, model.mdp)
    print(f"model     {options.model}: {len(model.coef_)} coefficients, fitted to {model.n_decisions_:,} decisions")
    print(f"read      {options.table}: {str(demonstrations).strip('<>')}")
    print(f"score     log-likelihood per decision {model.score(demonstrations):.6f}")
    print(f"          of uniform choice           {uniform / weight:.6f}")
    print(f"          of the best policy there is {empirical / weight:.6f}")
    print(f"          where it was fitted         {model.score(model.fit_.demonstrations):.6f}")
    if options.out is not None:
        rows = zip(demonstrations.ids, demonstrations.lengths, each, strict=True)
        _write(options.out, ["id", "decisions", "log_likelihood"], ((i, int(n), repr(float(x))) for i, n, x in rows))
    return DONE


def predict(options: argparse.Namespace) -> int:
    """Write probabilities of actions."""
    model = load(options.model)
    states, actions = _names(model)
    available = model.mdp.available
    if options.state is None:
        chosen = np.flatnonzero(available.any(axis=1))
    else:
        chosen = np.array([_index(text, states, "state") for text in options.state])
    goal = None if options.goal is None else _index(options.goal, states, "goal")
    if model.mdp.horizon is not None and options.time is None:
        raise ValueError("with a finite horizon the policy depends on time: give --time, the steps already taken")
    times = None if model.mdp.horizon is None else np.full(len(chosen), options.time)
    if goal is None and model.fit_.has_goals:
        raise ValueError("the demonstrations had goals, and so has every policy: give --goal")
    chances = model.predict_proba(chosen, times, goals=goal)
    rows = (
        (states[s], _action(model, s, a, states, actions), repr(float(chances[i, a])))
        for i, s in enumerate(map(int, chosen))
        for a in map(int, np.flatnonzero(available[s]))
    )
    _write(options.out, ["state", "action", "probability"], rows)
    return DONE


def simulate(options: argparse.Namespace) -> int:
    """Write trajectories drawn from the model."""
    model = load(options.model)
    data, fit = model.fit_.demonstrations, model.fit_
    if options.number < 1:
        raise ValueError(f"-n must be at least 1; got {options.number}")
    longest = int(data.lengths.max()) if options.steps is None else options.steps
    rng = np.random.default_rng(options.seed)
    if fit.has_goals:
        drawn = rng.choice(len(data), options.number, p=data.weights / data.weights.sum())
        first, goals = data.states[data.offsets[drawn]], np.asarray(data.goals)[drawn]
        limit = MOST_STEPS if options.steps is None else options.steps
        made = model.goal_policies().sample(first, goals, max_steps=limit, random_state=rng)
    else:
        mdp = model.mdp.replace(initial=fit.first_states)
        made = sample_demonstrations(mdp, model.policy_, options.number, max_steps=longest, random_state=rng)
    states, actions = _names(model)
    goal_column = ["goal"] if fit.has_goals else []
    columns = ["id", "time", "state", "action", "next_state", *goal_column]
    _write(options.out, columns, _rows(made, states, actions))
    return DONE


def compare(options: argparse.Namespace) -> int:
    """Print how models of the same demonstrations compare."""
    models = [load(path) for path in options.models]
    if len(models) < 2:
        raise ValueError("compare takes two models or more")
    for path, model in zip(options.models[1:], models[1:], strict=True):
        if model.fit_.demonstrations != models[0].fit_.demonstrations:
            raise ValueError(
                f"{path} was fitted to other demonstrations than {options.models[0]}: they cannot be compared"
            )
    width = max(len(str(path)) for path in options.models)
    held = [_held_out(model, options.folds) for model in models]
    print(f"{'model':<{width}}{'log-lik.':>14}{'per decision':>14}{'k':>8}{'AIC':>14}{'BIC':>14}{'held out':>12}")
    for path, model, scores in zip(options.models, models, held, strict=True):
        s = model.summary().statistics
        out = f"{np.mean(scores):.6f}" if len(scores) else "-"
        print(
            f"{path!s:<{width}}{s['log_likelihood']:>14,.3f}{s['log_likelihood_per_decision']:>14.6f}"
            f"{s['degrees_of_freedom']:>8.4g}{s['aic']:>14,.2f}{s['bic']:>14,.2f}{out:>12}"
        )
    print(f"k: determined coefficients, or effective ones with a prior; held out: mean score of {options.folds} folds")
    order = np.argsort([model.summary().statistics["degrees_of_freedom"] for model in models], kind="stable")
    for small, large in ((i, j) for n, i in enumerate(order) for j in order[n + 1 :]):
        pair = f"{options.models[small]} in {options.models[large]}"
        try:
            print(f"nested    {pair}: {likelihood_ratio_test(models[small], models[large])}")
        except ValueError as error:
            print(f"no test   {pair}: {error}")
    return DONE


def report(options: argparse.Namespace) -> int:
    """Write the HTML report of a saved model."""
    model = load(options.model)
    notes = model.notes_
    data = model.fit_.demonstrations
    world, true_reward = None, None
    if notes.get("built_in") in BUILT_IN:
        built_in = BUILT_IN[notes["built_in"]]()
        world, true_reward = built_in.get("world"), built_in.true_reward
    elif notes.get("grid") is not None:
        world = grid_of(tuple(notes["grid"]), data, model.mdp)
    states, actions = _names(model)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_report(
        options.out,
        model,
        data,
        world=world,
        true_reward=true_reward,
        title=f"Reward of {options.model}",
        source=notes.get("source", str(options.model)),
        dynamics=notes.get("dynamics", ""),
        command=notes.get("command", ""),
        warnings=notes.get("warnings", ()),
        state_names=states,
        action_names=actions if data.action_labels is not None else None,
    )
    print(f"wrote     {options.out}")
    return DONE


# Parts of these.


def _names(model: MaxEntIRL) -> tuple[Sequence[Any], Sequence[Any]]:
    """What the states and the actions are called: labels, or indices."""
    data, mdp = model.fit_.demonstrations, model.mdp
    states = range(mdp.n_states) if data.state_labels is None else data.state_labels
    return states, range(mdp.n_actions) if data.action_labels is None else data.action_labels


def _index(text: str, names: Sequence[Any], what: str) -> int:
    found = [i for i, name in enumerate(names) if str(name) == text]
    if not found:
        raise ValueError(
            f"{what} {text!r} is none of the {len(names):,} states of the model, such as {shown(names[0])}"
        )
    return found[0]


def _action(model: MaxEntIRL, s: int, a: int, states: Sequence[Any], actions: Sequence[Any]) -> Any:
    """Name of an action, or where it leads where it stands for that."""
    if not model.notes_.get("neighbours"):
        return actions[a]
    row = model.mdp.transitions[[a * model.mdp.n_states + s]]
    return f"to {states[row.indices[0]]}" if row.nnz else "the end"


def _rows(made: Demonstrations, states: Sequence[Any], actions: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
    for i, path in enumerate(made):
        visited = [*path.states[: len(path.actions)], made.final_states[i]]
        for t, a in enumerate(path.actions):
            after = "" if visited[t + 1] < 0 else states[visited[t + 1]]
            goal = () if path.goal is None else (states[path.goal],)
            yield (i, t, states[visited[t]], actions[a], after, *goal)


def _held_out(model: MaxEntIRL, folds: int) -> list[float]:
    """Scores on each of some folds of trajectories after a fit to the others."""
    data = model.fit_.demonstrations
    if folds == 0:
        return []
    if not 2 <= folds <= len(data):
        raise ValueError(f"--folds must be 0, or from 2 to the number of trajectories, {len(data)}; got {folds}")
    fold = np.random.default_rng(0).permutation(len(data)) % folds
    scores = []
    for k in range(folds):
        if sys.stderr.isatty():
            print(f"\rfolds     {k + 1} of {folds} ", end="", file=sys.stderr, flush=True)
        again = clone(model).set_params(callback=None).fit(data[fold != k])
        scores.append(again.score(data[fold == k]))
    if sys.stderr.isatty():
        print("\r" + " " * 24 + "\r", end="", file=sys.stderr)
    return scores


def _write(path: Path | None, header: list[str], rows: Iterable[Iterable[Any]]) -> None:
    if path is None:
        csv.writer(sys.stdout, lineterminator="\n").writerows([header, *rows])
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows(rows)
    print(f"wrote     {path}")
