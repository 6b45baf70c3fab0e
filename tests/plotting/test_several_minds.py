"""Displays of several, switching and drifting rewards."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from maxent_irl import DriftingIRL, MixtureIRL, SwitchingIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.plotting import ComponentsDisplay, DriftDisplay, IntentsDisplay
from maxent_irl.worlds import GridWorld


@pytest.fixture(scope="module")
def world():
    return GridWorld(4, discount=0.8)


@pytest.fixture(scope="module")
def features(world):
    return world.features("smooth", n_features=2)


@pytest.fixture(scope="module")
def demos(world, features):
    policies = [soft_value_iteration(world.mdp, features @ c).policy for c in ([3.0, -1.0], [-3.0, 1.0])]
    first, second = (
        sample_demonstrations(world.mdp, p, 20, max_steps=12, random_state=k) for k, p in enumerate(policies)
    )
    return first + second


@pytest.fixture(scope="module")
def mixture(world, features, demos):
    return MixtureIRL(2, world.mdp, features, l2=0.1, random_state=0).fit(demos)


@pytest.fixture(scope="module")
def switching(world, features, demos):
    return SwitchingIRL(2, world.mdp, features, l2=0.1, n_init=1, random_state=0, tol=1e-4).fit(demos)


def test_maps_of_classes_share_a_scale(world, mixture):
    display = ComponentsDisplay.from_estimator(mixture, world).plot(Figure())
    assert len(display.axes_) == 2
    assert display.titles[0].startswith("class 0: ")
    assert "±" in display.titles[0]
    limits = [panel.image_.get_clim() for panel in display.displays_]
    assert limits[0] == limits[1]
    np.testing.assert_allclose(display.values.mean(axis=1), 0.0, atol=1e-12)


def test_coefficients_of_classes_have_intervals(mixture, switching):
    display = ComponentsDisplay.from_estimator(mixture).plot(Figure())
    for c, panel in enumerate(display.displays_):
        np.testing.assert_array_equal(panel.estimates, mixture.coefs_[c])
        np.testing.assert_array_equal(panel.errors, mixture.standard_errors_[c])
    without = ComponentsDisplay.from_estimator(switching).plot(Figure())
    assert without.errors is None
    assert "of decisions" in without.titles[0]


def test_intents_are_drawn_where_they_were_decoded(demos, switching):
    display = IntentsDisplay.from_estimator(switching, demos).plot(Figure())
    np.testing.assert_array_equal(display.intents.ravel(), switching.predict(demos))
    assert [text.get_text() for text in display.key_.get_texts()] == ["intent 0", "intent 1"]
    ragged = IntentsDisplay.from_values([0, 1, 1, 0, 2], [0, 1, 5]).plot(Figure())
    np.testing.assert_array_equal(ragged.intents, [[0, -1, -1, -1], [1, 1, 0, 2]])
    many = IntentsDisplay.from_values(np.zeros(50, dtype=int), np.arange(51))
    assert many.n_hidden == 10


def test_drift_has_bands(world, features, demos):
    model = DriftingIRL(world.mdp, features, n_bins=4, smoothness=0.5).fit(demos)
    display = DriftDisplay.from_estimator(model, truth=np.zeros((4, 2))).plot(Figure())
    np.testing.assert_array_equal(display.curves_[1].get_ydata(), model.coef_path_[:, 1])
    band = display.bands_[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx((model.coef_path_[:, 0] + 1.959964 * model.standard_errors_[:, 0]).max())
    assert "95% interval" in display.ax_.get_ylabel()
    wide = DriftDisplay.from_values(np.arange(3), np.zeros((3, 7)), np.ones((3, 7))).plot(Figure())
    assert wide.n_hidden == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ComponentsDisplay.from_values(np.zeros((2, 3)), titles=["one"]), "titles one name each"),
        (lambda: ComponentsDisplay.from_values(np.zeros((2, 3)), np.zeros((3, 2))), r"shape of the values, \(2, 3\)"),
        (lambda: IntentsDisplay.from_values([0, 1], [0, 3]), "offsets end at 3"),
        (lambda: IntentsDisplay.from_values([0, 6], [0, 2]), "7 intents cannot be told apart"),
        (lambda: DriftDisplay.from_values([0, 1], np.zeros((3, 1)), np.zeros((3, 1))), "do not fit"),
    ],
)
def test_wrong_arrays_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
