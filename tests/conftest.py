"""Fixtures shared by all tests."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# A slow machine is no failure, and the same commit must test the same examples everywhere.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def _close_figures():
    """Every figure that a test opened is closed after it."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real demonstrations and reference numbers; tests that need it are skipped where there is none."""
    folder = os.environ.get("MAXENT_IRL_DATA")
    if not folder:
        pytest.skip("MAXENT_IRL_DATA is not set: no real data to compare with")
    return Path(folder)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20080713)
