"""The documentation site builds without a warning, describes every public name, and asks nothing of the network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import maxent_irl
from maxent_irl import plotting, routes

DEMOS = Path(__file__).parents[1] / "demos"


@pytest.mark.slow
def test_site_builds_without_warnings(tmp_path):
    for package in ("sphinx_gallery", "numpydoc", "pydata_sphinx_theme", "sphinx_design"):
        pytest.importorskip(package, reason=f"{package} is not installed: the extra [docs] brings it")
    # The demos themselves are run by test_demos.py; here their pages are made without running them.
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D", "plot_gallery=0"]
    copy = tmp_path / "demos"
    shutil.copytree(DEMOS, copy, ignore=shutil.ignore_patterns("_build", "_gallery", "_generated"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("MAXENT_IRL_DATA", None)
    built = tmp_path / "html"
    done = subprocess.run(
        [*command, "-b", "html", str(copy), str(built)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    inner = [f"{part.__name__.split('.')[-1]}.{name}" for part in (plotting, routes) for name in part.__all__]
    for name in [*maxent_irl.__all__, *inner]:
        if name != "__version__":
            assert (built / "_generated" / f"maxent_irl.{name}.html").exists(), name
    stored = (built / "_gallery/plot_12_mouse_labyrinth.html").read_text("utf-8")
    assert "These figures were stored by an earlier run." in stored
    assert "plot_12_mouse_labyrinth_1.png" in stored
    front = (built / "index.html").read_text("utf-8")
    for door in ("I have a CSV", "I have trips", "I teach", "I want a reward for my agent"):
        assert door in front
    for page in built.rglob("*.html"):
        outside = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"https?://[^\"]*", page.read_text("utf-8"))
        assert not outside, f"{page.name}: {outside}"


def test_every_demo_has_a_thumbnail_made_by_hand_and_stored_figures_where_it_needs_data():
    for script in DEMOS.glob("plot_*.py"):
        text = script.read_text(encoding="utf-8")
        path = re.search(r"# sphinx_gallery_thumbnail_path = '(.*)'", text)
        assert path, script.name
        assert (DEMOS / path[1]).exists(), script.name
        if "MAXENT_IRL_DATA" in text:
            assert list((DEMOS / "images/stored").glob(f"{script.stem}_*.png")), script.name
