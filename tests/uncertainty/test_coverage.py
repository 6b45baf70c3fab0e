"""The coverage simulation, small; the whole of it is a command whose table is in the documentation."""

import numpy as np
import pytest

from maxent_irl.uncertainty import coverage


@pytest.mark.parametrize("objective", ["feature-matching", "likelihood"])
def test_a_small_run_is_reproducible_and_roughly_covers(objective):
    """With so few data single resamples run wild, and the mean of the bootstrap's errors with them: the median is looked at.

    Whole refits of the resamples have the same spread (see `test_resampling`).
    """
    arguments = {"n_sets": 24, "n_trajectories": 100, "n_steps": 20, "n_replicates": 40, "side": 5, "seed": 0}
    arguments["objective"] = objective
    result = coverage.simulate_coverage(**arguments)
    assert result.covered.shape == result.size.shape == result.typical.shape == (3, 8)
    assert result.covered.mean() > 0.85
    np.testing.assert_allclose(result.typical.mean(axis=1), 1, atol=0.25)
    assert (result.typical[2] <= result.size[2]).all()
    few = arguments | {"n_sets": 6, "n_replicates": 10}
    shorter = coverage.simulate_coverage(**few | {"level": 0.3})
    again = coverage.simulate_coverage(**few | {"level": 0.3, "n_jobs": 2})
    assert shorter.covered.mean() < 0.6
    np.testing.assert_array_equal(shorter.covered, again.covered)


def test_the_command_prints_a_table(capsys):
    options = ["--sets", "3", "--trajectories", "60", "--replicates", "5", "--steps", "20", "--side", "5"]
    options += ["--objective", "likelihood"]
    assert coverage.main(options) == 1  # three data sets cannot show 91%
    printed = capsys.readouterr().out
    assert "coefficient  truth  observed  robust  bootstrap" in printed
    assert "wave 8" in printed
    assert "bootstrap  " in printed
    assert ", median " in printed
    assert "60 trajectories of 20 decisions" in printed
    with pytest.raises(SystemExit):
        coverage.main(["--objective", "nothing"])
