"""The course: exercises run as they are handed out, checks know right from wrong, and the solutions are right."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

COURSE = Path(__file__).parents[1] / "demos" / "course"
EXERCISES = sorted(COURSE.glob("exercise_*.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(f"course_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


checks = load(COURSE / "checks.py")
answers = load(COURSE / "solutions" / "answers.py")


def solutions():
    found = {}
    for n in range(1, 7):
        arguments = (checks.ROOMS, checks.rooms_demonstrations()) if n == 5 else ()
        found |= getattr(answers, f"exercise_{n}")(*arguments)
    return found


@pytest.fixture(scope="module")
def solved():
    return solutions()


def test_there_are_six_with_the_tasks_that_are_checked():
    assert len(EXERCISES) == 6
    asked = [task for path in EXERCISES for task in re.findall(r'check\("(\w+)"', path.read_text(encoding="utf-8"))]
    assert asked == list(checks.TASKS)


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_exercise_runs_as_it_is_handed_out(path, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not answered yet") == 5


@pytest.mark.parametrize("task", checks.TASKS)
def test_solution_is_right_and_others_are_explained(task, solved, capsys):
    assert checks.check(task, solved[task])
    assert "right." in capsys.readouterr().out
    for wrong in (-7.5, "a guess", [1, 2, 3, 4], np.nan):
        assert not checks.check(task, wrong)
        said = capsys.readouterr().out
        assert "not yet." in said
        assert len(said) > 40
    assert not checks.check(task, None)
    assert "Replace None" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("task", "mistake", "said"),
    [
        ("1a", 1.0, "hard maximum"),
        ("1a", np.log((np.e + 1) / 2), "uniform prior"),
        ("1b", [0.2689, 0.7311], "turned round"),
        ("1c", 1.0, "alpha -> 0"),
        ("1d", 1.0, "probability 0.881"),
        ("1e", [0.5, 0.5, 0.0], "third action keeps"),
        ("2a", lambda V: V, "log-sum-exp"),
        ("3c", 0.5, "true wheel"),
        ("4a", 1.0, "shares of time"),
        ("4e", [0.1, 0.8, 0.1], "teacher's own"),
    ],
)
def test_known_mistakes_are_recognised(task, mistake, said, capsys):
    assert not checks.check(task, mistake)
    assert said in capsys.readouterr().out


def test_unknown_task_is_named():
    with pytest.raises(ValueError, match="no task '9z'"):
        checks.check("9z", 1)
