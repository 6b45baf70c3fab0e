"""Every demo runs as a plain script, without warnings, and says so where it lacks its data."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEMOS = Path(__file__).parents[1] / "demos"
SCRIPTS = sorted(DEMOS.glob("plot_*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_demo_runs_as_a_script(script, tmp_path):
    needs_data = "MAXENT_IRL_DATA" in script.read_text(encoding="utf-8")
    if needs_data and not os.environ.get("MAXENT_IRL_DATA"):
        pytest.skip("MAXENT_IRL_DATA is not set: this demo reads real data")
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "skipped" not in done.stdout


@pytest.mark.parametrize(
    "script", [s for s in SCRIPTS if "MAXENT_IRL_DATA" in s.read_text(encoding="utf-8")], ids=lambda s: s.stem
)
def test_demo_without_its_data_says_so_and_stops(script, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("MAXENT_IRL_DATA", None)
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "skipped: set MAXENT_IRL_DATA" in done.stdout


def test_demos_have_a_question_a_reading_order_and_no_path_of_their_own():
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        title, rule = ast.get_docstring(ast.parse(text), clean=False).splitlines()[1:3]
        assert len(rule) == len(title), script.name
        assert set(rule) == {"="}, script.name
        assert "sys.path" not in text, script.name
    numbers = [script.stem.split("_")[1] for script in SCRIPTS]
    assert len(set(numbers)) == len(numbers)
