"""The coverage simulation, small; the whole of it is a command whose table is in the documentation."""

import numpy as np
import pytest

from maxent_irl.uncertainty import coverage


def test_a_small_run_is_reproducible_and_roughly_covers():
    arguments = {"n_sets": 12, "n_trajectories": 300, "n_steps": 20, "n_replicates": 40, "side": 5, "seed": 0}
    arguments["objective"] = "likelihood"
    result = coverage.simulate_coverage(**arguments)
    assert result.covered.shape == result.size.shape == (3, 8)
    assert result.covered.mean() > 0.85
    np.testing.assert_allclose(result.size.mean(axis=1), 1, atol=0.3)
    shorter = coverage.simulate_coverage(**arguments | {"level": 0.3})
    assert shorter.covered.mean() < 0.6


def test_the_command_prints_a_table(capsys):
    options = ["--sets", "3", "--trajectories", "60", "--replicates", "5", "--objective", "likelihood"]
    assert coverage.main(options) == 1  # three data sets cannot show 91%
    printed = capsys.readouterr().out
    assert "coefficient  truth  observed  robust  bootstrap" in printed
    assert "wave 8" in printed
    with pytest.raises(SystemExit):
        coverage.main(["--objective", "nothing"])
