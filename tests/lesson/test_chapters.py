"""The chapters compute what the package computes, say in Python how, and check exercises by it."""

import contextlib
import io
import json
import math
import warnings

import numpy as np
import pytest

from maxent_irl import (
    MDP,
    Demonstrations,
    MaxEntIRL,
    expected_visitations,
    sample_demonstrations,
    soft_value_iteration,
)
from maxent_irl.control import TokenTree, compare_inference, message_passing
from maxent_irl.lesson.answers import Lesson
from maxent_irl.lesson.fields import BadRequest
from maxent_irl.lesson.recording import built_in, from_csv
from maxent_irl.uncertainty import reward_map
from maxent_irl.worlds import GridWorld

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the page says itself what did not converge
SMALL = "S..#/.m../f..G"
WALKS = "0.0rrss;2.0ruurs"


@pytest.fixture(scope="module")
def lesson():
    return Lesson(built_in())


def ask(lesson, chapter, operation, answer=None, **state):
    body = {"state": state} if answer is None else {"state": state, "answer": answer}
    return lesson.answer(chapter, operation, body)


def frames(lesson, chapter, **state):
    collected = []
    lesson.stream(chapter, "ascend", {"state": state}, collected.append)
    return collected


def small_world(**options):
    given = {"rewards": {"G": 10.0, "m": -2.0, "f": 1.0}, "discount": 0.95, "terminal_goals": False} | options
    return GridWorld.from_text(SMALL.replace("/", "\n"), **given)


def test_worked_example(lesson):
    answer = ask(lesson, "decision", "solve")
    assert answer["V"] == pytest.approx(math.log(math.e + 1), abs=1e-12)
    assert answer["policy"] == pytest.approx([0.731059, 0.268941], abs=1e-6)
    assert ask(lesson, "decision", "solve", alpha=100.0)["policy"][0] == pytest.approx(0.502500, abs=1e-6)
    assert answer["cold"] == {"V": 1.0, "policy": [1.0, 0.0]}
    assert answer["hot"]["policy"] == [0.5, 0.5]


@pytest.mark.parametrize("sweeps", [1, 2, 7])
def test_sweeps_are_backups_from_zero(lesson, sweeps):
    world = small_world(slip=0.2)
    V = np.zeros(world.n_states)
    for _ in range(sweeps):
        Q = world.reward[:, None] + 0.95 * (world.mdp.transitions @ V).reshape(5, -1).T
        V = 2.0 * np.log(np.exp(Q / 2.0).sum(axis=1))
    answer = ask(lesson, "sweeps", "solve", grid=SMALL, slip=0.2, alpha=2.0, method="sweeps", sweeps=sweeps)
    np.testing.assert_allclose(answer["V"], V, atol=1e-12)
    assert answer["n_iter"] == sweeps


def test_no_sweep_is_zero(lesson):
    answer = ask(lesson, "sweeps", "solve", grid=SMALL, method="sweeps", sweeps=0)
    assert answer["V"] == [0.0] * 11
    assert answer["policy"] is None


def test_solution_with_prior_and_the_arithmetic_of_a_cell(lesson):
    world = small_world()
    solution = soft_value_iteration(world.mdp, world.reward, action_prior=[0.6, 0.1, 0.1, 0.1, 0.1])
    answer = ask(lesson, "sweeps", "solve", grid=SMALL, prior="right", cell="1.1")
    np.testing.assert_allclose(answer["V"], solution.V, atol=1e-12)
    np.testing.assert_allclose(answer["policy"], solution.policy, atol=1e-12)
    cell = answer["cell"]
    assert cell["reward"] == -2.0
    np.testing.assert_allclose(cell["reward"] + 0.95 * np.array(cell["expected"]), cell["Q"], atol=1e-12)


def test_progress_counts_as_the_package_does(lesson):
    answer = ask(lesson, "sweeps", "progress", grid=SMALL)
    world = small_world()
    newton = soft_value_iteration(world.mdp, world.reward, initial_values=np.zeros(world.n_states))
    assert abs(len(answer["newton"]) - newton.n_iter) <= 1
    assert answer["sweeps"][-1][0] > 20 * len(answer["newton"])
    residuals = [residual for _, residual in answer["sweeps"]]
    assert residuals == sorted(residuals, reverse=True)


def test_comparison_turns_one_knob_at_a_time(lesson):
    turned = ask(lesson, "sweeps", "compare", grid=SMALL)["turned"]
    assert [(entry["knob"], entry[entry["knob"]]) for entry in turned] == [
        ("alpha", 4.0),
        ("gamma", pytest.approx(0.8)),
        ("prior", "right"),
    ]
    world = small_world(discount=0.8)
    np.testing.assert_allclose(turned[1]["V"], soft_value_iteration(world.mdp, world.reward).V, atol=1e-9)


def cliff(wind=0.3, horizon=12):
    """The windy cliff, written once more and row by row."""
    world = GridWorld.from_text("....\nS..G\ncccc")
    S, A = world.n_states, 5
    P, ending = np.zeros((S, A, S)), np.zeros((S, A))
    moves = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)]
    over = (world.tiles == "c") | np.isin(np.arange(S), world.goals)

    def step(cell, move):
        row, column = cell[0] + move[0], cell[1] + move[1]
        return (row, column) if 0 <= row < 3 and 0 <= column < 4 else cell

    for s, cell in enumerate(map(tuple, world.cells.tolist())):
        for a, move in enumerate(moves):
            if over[s]:
                ending[s, a] = 1.0
                continue
            to = step(cell, move)
            P[s, a, world.state(*to)] += 1 - wind
            P[s, a, world.state(*step(to, (1, 0)))] += wind
    reward = np.where(world.tiles == "c", -10.0, -0.3)
    reward[world.goals] = 10.0
    return world, MDP(P, ending=ending, initial=world.mdp.initial, horizon=horizon), reward


def test_cliff_against_its_own_construction(lesson):
    world, mdp, reward = cliff()
    prior = np.full(5, 0.2)
    both = compare_inference(mdp, reward, temperature=0.5, action_prior=prior)
    posterior = message_passing(mdp, reward, temperature=0.5, action_prior=prior)
    answer = ask(lesson, "optimism", "solve", grid="..../S..G/cccc", horizon=12, time=3, cell="0.0", action="1")
    np.testing.assert_allclose(answer["exact"]["V"], both.exact.V[3], atol=1e-10)
    np.testing.assert_allclose(answer["variational"]["V"], both.variational.V[3], atol=1e-10)
    np.testing.assert_allclose(answer["exact"]["where"], posterior.state_marginals[3], atol=1e-10)
    np.testing.assert_allclose(answer["message"], posterior.log_backward[3], atol=1e-10)
    assert answer["evidence"] * 0.5 == pytest.approx(both.exact.V[0] @ mdp.initial, abs=1e-9)
    down = 1 * world.n_states + world.state(0, 0)
    believed = posterior.posterior_dynamics(3)
    for outcome in answer["cell"]["outcomes"]:
        assert outcome["true"] == pytest.approx(mdp.transitions[down, outcome["state"]])
        assert outcome["believed"] == pytest.approx(believed[down, outcome["state"]])
    assert sum(outcome["believed"] for outcome in answer["cell"]["outcomes"]) == pytest.approx(1.0)


def test_without_wind_there_is_no_optimism(lesson):
    answer = ask(lesson, "optimism", "solve", wind=0.0)
    assert max(answer["gap"]) == pytest.approx(0.0, abs=1e-9)
    assert answer["fell"]["exact"] == pytest.approx(answer["fell"]["variational"], abs=1e-9)


def test_visits(lesson):
    world = small_world(rewards={"G": 2.0, "m": -2.0, "f": 0.5}, discount=0.9)
    solution = soft_value_iteration(world.mdp, world.reward)
    answer = ask(lesson, "visits", "solve", grid=SMALL, gamma=0.9, paths=30, seed=4)
    expected = expected_visitations(world.mdp, solution).sum(axis=1)
    np.testing.assert_allclose(answer["expected"], expected, atol=1e-12)
    assert answer["total"] == pytest.approx(10.0)
    drawn = sample_demonstrations(world.mdp, solution.policy, 30, max_steps=answer["steps"], random_state=4)
    sampled = drawn.state_action_counts(11, 5, discount=0.9).sum(axis=1) / 30
    np.testing.assert_allclose(answer["sampled"], sampled, atol=1e-12)
    assert answer["differences"][-1] == [30, pytest.approx(np.abs(expected - sampled).max())]
    assert answer["paths"][0] == [*drawn[0].states]


def drawn_model(**options):
    world = small_world(rewards={}, discount=0.9)
    moves = {"r": (0, 0, 1), "d": (1, 1, 0), "l": (2, 0, -1), "u": (3, -1, 0), "s": (4, 0, 0)}
    paths = []
    for path in WALKS.split(";"):
        row, column = int(path[0]), int(path[2])
        states, actions = [world.state(row, column)], []
        for move in path[3:]:
            action, down, right = moves[move]
            row, column = row + down, column + right
            states.append(world.state(row, column))
            actions.append(action)
        paths.append((states, actions))
    options = {"objective": "feature-matching", "l2": 0.1} | options
    model = MaxEntIRL(world.mdp, world.features("tiles"), feature_names=world.feature_names("tiles"), **options)
    return Demonstrations(paths), model.fit(Demonstrations(paths))


def test_newton_from_drawn_demonstrations(lesson):
    demonstrations, model = drawn_model()
    answer = ask(lesson, "inverse", "newton", grid=SMALL, drawn=WALKS)
    np.testing.assert_allclose(answer["coef"], model.coef_, atol=1e-8)
    np.testing.assert_allclose(answer["gap"], model.feature_gap_, atol=1e-8)
    np.testing.assert_allclose(answer["error"], reward_map(model).standard_error, atol=1e-6)
    assert answer["log_likelihood"] == pytest.approx(model.score(demonstrations), abs=1e-10)


def test_ascent_ends_where_newton_does_and_its_gap_is_the_package_s(lesson):
    _, model = drawn_model(solver="gradient-ascent", max_iter=300, tol=1e-4, record_iterates=True)
    seen = frames(lesson, "inverse", grid=SMALL, drawn=WALKS)
    assert seen[-1]["done"]
    np.testing.assert_allclose([frame["coef"] for frame in seen[:-1]], model.coef_path_, atol=1e-10)
    np.testing.assert_allclose(seen[-2]["gap"], model.feature_gap_, atol=1e-10)
    objective = [frame["objective"] for frame in seen[:-1]]
    np.testing.assert_allclose(objective, -np.array(model.loss_curve_), atol=1e-12)


def test_ascent_begins_where_it_is_told(lesson):
    seen = frames(lesson, "inverse", grid=SMALL, drawn=WALKS, start=[0.5, -0.5, 1.0])
    assert seen[0]["coef"] == [0.5, -0.5, 1.0]


def test_leaving_one_out_is_fitting_the_others(lesson):
    whole = ask(lesson, "inverse", "newton", grid=SMALL, drawn=WALKS.split(";")[1])
    without = ask(lesson, "inverse", "newton", grid=SMALL, drawn=WALKS, removed=[0])
    np.testing.assert_allclose(without["coef"], whole["coef"], atol=1e-9)


def test_hidden_reward_stays_hidden(lesson):
    state = {"sampled": 30, "drawn": ""}
    assert ask(lesson, "inverse", "solve", **state)["hidden"] is None
    assert "quality" not in ask(lesson, "inverse", "newton", **state)
    shown = ask(lesson, "inverse", "newton", **state, reveal=True)
    assert shown["quality"]["correlation"] > 0.9
    hidden = ask(lesson, "inverse", "solve", **state, reveal=True)["hidden"]
    assert sorted(set(hidden)) == [-1.5, 0.0, 0.7, 2.0]


@pytest.mark.parametrize(
    ("drawn", "named"),
    [
        ("0.3s", "demonstration 0, step 0: cell (0, 3) is a wall"),
        ("0.0rr;0.2r", "demonstration 1, step 0: cell (0, 3) is a wall"),
        ("9.9s", "off the grid"),
        ("0.0l", "off the grid"),
    ],
)
def test_impossible_drawings_are_named(lesson, drawn, named):
    with pytest.raises(BadRequest, match=named.replace("(", r"\(").replace(")", r"\)")):
        ask(lesson, "inverse", "solve", grid=SMALL, drawn=drawn)


def test_prior_routes_meet_the_posterior(lesson):
    for prior in ("uniform", "pretrained", "demonstrated"):
        answer = ask(lesson, "priors", "solve", prior=prior, beta=0.7, pairs=20_000)
        np.testing.assert_allclose(answer["kl"], answer["exact"], atol=1e-9)
        weight = np.array(answer["prior"]) * np.exp(np.array([1.0, 0.2, 0.8, 0.0, -1.0, -0.4, 0.1]) / 0.7)
        np.testing.assert_allclose(answer["exact"], weight / weight.sum(), atol=1e-12)
        np.testing.assert_allclose(answer["dpo"], answer["exact"], atol=0.06)
        np.testing.assert_allclose(
            ask(lesson, "priors", "ppo", prior=prior, beta=0.7)["ppo"], answer["exact"], atol=0.06
        )


def test_completions_are_the_tree_s(lesson):
    names = lesson.chapters["priors"].facts["completions"]
    tree = TokenTree(("yes ", "no "), 2)
    assert [name.replace("(silence)", "") for name in names] == [text.strip(" .") for text in tree.completions]


def test_real_data_is_fitted_as_by_hand(lesson):
    recording = built_in()
    mdp = recording.mdp.replace(discount=0.7)
    model = MaxEntIRL(mdp, objective="likelihood", l2=1.0).fit(recording.demonstrations[[0, 2, 3, 4]])
    answer = ask(lesson, "data", "newton", used=5, removed=[1])
    np.testing.assert_allclose(answer["reward"], model.reward_, atol=1e-6)


def test_own_table(tmp_path):
    path = tmp_path / "walks.csv"
    rows = [
        ("a", 0, "right"),
        ("a", 1, "down"),
        ("a", 3, "stay"),
        ("b", 2, "right"),
        ("b", 3, "stay"),
        ("b", 3, "stay"),
    ]
    path.write_text("id,state,action\n" + "".join(f"{i},{s},{a}\n" for i, s, a in rows), encoding="utf-8")
    columns = {"id": "id", "state": "state", "action": "action"}
    lesson = Lesson(from_csv(path, columns, (2, 2)))
    assert ask(lesson, "data", "solve")["layout"] == {"rows": 2, "columns": 2, "states": [[0, 1], [2, 3]]}
    graph = Lesson(from_csv(path, columns, None))
    layout = ask(graph, "data", "solve")["layout"]
    assert len(layout["positions"]) == 4
    assert layout["edges"] == [[0, 1], [1, 3], [2, 3]]
    with pytest.raises(ValueError, match="'3' is no cell of a 1 x 3 grid"):
        from_csv(path, columns, (1, 3))


STATES = {
    "decision": {"r1": 2.0, "alpha": 3.0},
    "sweeps": {"grid": SMALL, "slip": 0.1, "prior": "stay", "method": "sweeps", "sweeps": 9},
    "optimism": {"wind": 0.2, "time": 2, "action": "3"},
    "visits": {"grid": SMALL, "paths": 7, "gamma": 0.8},
    "inverse": {"grid": SMALL, "drawn": WALKS, "sampled": 5, "removed": [1]},
    "priors": {"prior": "demonstrated", "beta": 0.4},
    "data": {"used": 9, "removed": [2]},
}


@pytest.mark.parametrize("chapter", STATES)
def test_python_of_a_screen_reproduces_it(lesson, chapter):
    code = ask(lesson, chapter, "code", **STATES[chapter])["code"]
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(code, chapter, "exec"), names)
    assert said.getvalue()
    operation = "newton" if chapter in ("inverse", "data") else "solve"
    answer = ask(lesson, chapter, operation, **STATES[chapter])
    if chapter == "optimism":
        believed = [outcome["believed"] for outcome in answer["cell"]["outcomes"]]
        np.testing.assert_allclose(names["believed"].data, believed, atol=1e-9)
    shown, made = {
        "decision": lambda: (answer["policy"], names["solution"].policy[0]),
        "sweeps": lambda: (answer["V"], names["solution"].V),
        "optimism": lambda: (answer["gap"], (names["both"].exact.V - names["both"].variational.V)[2]),
        "visits": lambda: (answer["sampled"], names["sampled"]),
        "inverse": lambda: (answer["coef"], names["model"].coef_),
        "priors": lambda: (answer["dpo"], np.exp(names["tree"].log_probabilities(names["dpo"].policy))),
        "data": lambda: (answer["reward"], names["model"].reward_),
    }[chapter]()
    np.testing.assert_allclose(shown, made, atol=1e-6)


@pytest.mark.parametrize(
    ("chapter", "right", "wrong"),
    [("decision", 0.5025, 0.73), ("sweeps", 1, 0), ("optimism", 0, 1), ("visits", 10.0, 1.0), ("priors", 1, 2)],
)
def test_exercises_know_right_from_wrong(lesson, chapter, right, wrong):
    assert ask(lesson, chapter, "check", answer=right)["right"]
    said = ask(lesson, chapter, "check", answer=wrong)
    assert not said["right"]
    assert len(said["text"]) > 40


def test_fool_it(lesson):
    determined = ask(lesson, "inverse", "check", answer=0, sampled=20)
    assert not determined["right"]
    fooled = ask(lesson, "inverse", "check", answer=0, drawn="0.0rrss")
    assert fooled["right"]
    assert "say nothing about" in fooled["text"]
    assert not ask(lesson, "inverse", "check", answer=0)["right"]


def test_best_place(lesson):
    reward = np.array(ask(lesson, "data", "newton")["reward"])
    assert ask(lesson, "data", "check", answer=int(reward.argmax()))["right"]
    assert not ask(lesson, "data", "check", answer=int(reward.argmin()))["right"]
    assert not ask(lesson, "data", "check", answer=10_000)["right"]


HOSTILE = [
    math.nan,
    math.inf,
    -math.inf,
    1e308,
    -1e308,
    10**400,
    None,
    True,
    "",
    "x" * 10_000,
    [],
    {},
    [[]],
    [math.nan] * 7,
]


def every_field():
    lesson = Lesson(built_in())
    return [(chapter.name, field.name) for chapter in lesson.chapters.values() for field in chapter.fields]


@pytest.mark.parametrize(("chapter", "field"), every_field())
def test_hostile_values_are_refused_or_answered_with_finite_numbers(lesson, chapter, field):
    for value in HOSTILE:
        with contextlib.suppress(BadRequest):
            json.dumps(ask(lesson, chapter, "solve", **{field: value}), allow_nan=False)


@pytest.mark.parametrize(("chapter", "field"), every_field())
def test_extremes_of_every_field_are_answered_or_refused_in_words(lesson, chapter, field):
    found = next(f for f in lesson.chapters[chapter].fields if f.name == field)
    ends = [getattr(found, "low", None), getattr(found, "high", None)]
    ends += [word for word, _ in getattr(found, "options", ())]
    if found.kind in ("drawing", "numbers", "vector"):
        return
    for value in filter(lambda end: end is not None, ends):
        with contextlib.suppress(BadRequest), warnings.catch_warnings():
            json.dumps(ask(lesson, chapter, "solve", **{field: value}), allow_nan=False)


def test_unknown_names_are_refused(lesson):
    for chapter, operation, body, said in (
        ("nowhere", "solve", {}, "no chapter"),
        ("decision", "launch", {}, "no operation"),
        ("decision", "solve", {"state": {"gamma": 1}}, "no field 'gamma'"),
        ("decision", "solve", {"more": 1}, "'more'"),
        ("decision", "solve", [], "an object"),
        ("decision", "check", {"answer": "much"}, "must be a number"),
        ("sweeps", "check", {"answer": 7}, "must be a number"),
        ("sweeps", "solve", {"state": {"grid": "S.G/.."}}, "row 1 has 2 cells"),
        ("sweeps", "solve", {"state": {"grid": "##"}}, "every cell"),
        ("sweeps", "solve", {"state": {"cell": "30.30"}}, "off the grid"),
    ):
        with pytest.raises(BadRequest, match=said):
            lesson.answer(chapter, operation, body)


def test_progress_ends_where_a_sweep_changes_nothing(lesson):
    sweeps = ask(lesson, "sweeps", "progress", grid=SMALL, gamma=0.8)["sweeps"]
    world, V, n = small_world(discount=0.8), np.zeros(11), 0
    while True:
        Q = world.reward[:, None] + 0.8 * (world.mdp.transitions @ V).reshape(5, -1).T
        new, n = np.log(np.exp(Q).sum(axis=1)), n + 1
        if np.abs(new - V).max() <= 1e-10:
            break
        V = new
    assert abs(sweeps[-1][0] - n) <= 1
