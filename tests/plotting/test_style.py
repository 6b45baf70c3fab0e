"""Structure of figures: words that can be read and do not cover each other, the house style, and how to switch it off."""

import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_gridworld, load_machines
from maxent_irl.plotting import (
    ActionValueDisplay,
    BandsDisplay,
    CalibrationDisplay,
    CoefficientsDisplay,
    ConvergenceDisplay,
    GridMapDisplay,
    PathsDisplay,
    PolicyDisplay,
    RewardComparisonDisplay,
    SharesDisplay,
    SideBySideDisplay,
    StateRewardsDisplay,
    plain_style,
    plot_recovery,
)
from maxent_irl.plotting.style import HOUSE_STYLE


@pytest.fixture(scope="module")
def rooms():
    data = load_gridworld()
    fit = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names).fit(data.demonstrations)
    return data, fit


def overview(rooms):
    data, fit = rooms
    return plot_recovery(fit, data.world, true_reward=data.true_reward, figure=Figure())


def machines(rooms):
    data = load_machines()
    fit = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names).fit(data.demonstrations)
    return plot_recovery(fit, true_reward=data.true_reward, figure=Figure())


def alone(make):
    def draw(rooms):
        figure = Figure()
        make(*rooms).plot(figure)
        return figure

    return draw


X = np.arange(30.0)
FIGURES = {
    "overview": overview,
    "machines": machines,
    "reward": alone(lambda data, fit: GridMapDisplay.from_estimator(fit, data.world)),
    "errors": alone(lambda data, fit: GridMapDisplay.from_estimator(fit, data.world, show="standard_error")),
    "paths": alone(lambda data, fit: PathsDisplay.from_demonstrations(data.demonstrations, data.world)),
    "policy": alone(lambda data, fit: PolicyDisplay.from_estimator(fit, data.world)),
    "action values": alone(lambda data, fit: ActionValueDisplay.from_estimator(fit, data.world)),
    "comparison": alone(lambda data, fit: RewardComparisonDisplay.from_estimator(fit, data.true_reward, data.world)),
    "scatter": alone(lambda data, fit: RewardComparisonDisplay.from_estimator(fit, data.true_reward)),
    "coefficients": alone(lambda data, fit: CoefficientsDisplay.from_estimator(fit, units="standardised")),
    "own axes": alone(lambda data, fit: CoefficientsDisplay.from_estimator(fit, units="own")),
    "calibration": alone(lambda data, fit: CalibrationDisplay.from_estimator(fit, data.demonstrations)),
    "convergence": alone(lambda data, fit: ConvergenceDisplay.from_estimator(fit)),
    "states": alone(lambda data, fit: StateRewardsDisplay.from_values(X[:12] - 5)),
    "bands": alone(
        lambda data, fit: BandsDisplay.from_values(
            X, np.sin(X / 5), errors=0.1 + 0 * X, determined=X < 20, title="Thirst"
        )
    ),
    "shares": alone(
        lambda data, fit: SharesDisplay.from_values(X, np.stack([X / 29, 1 - X / 29], axis=1), title="Intents")
    ),
    "side by side": alone(
        lambda data, fit: SideBySideDisplay.from_values({"one": fit.reward_, "two": -fit.reward_}, data.world)
    ),
}


@pytest.fixture(scope="module", params=list(FIGURES))
def drawn(request, rooms):
    figure = FIGURES[request.param](rooms)
    figure.draw_without_rendering()
    return figure


def texts_of(figure):
    """Texts that are shown: all that lie on the page and say something."""
    page = figure.bbox
    found = []
    for text in figure.findobj(Text):
        if not (text.get_visible() and text.get_text().strip()):
            continue
        box = text.get_window_extent()
        axes = text.axes
        if axes is not None and not axes.get_visible():
            continue
        if box.width > 0 and page.overlaps(box):
            found.append(text)
    return found


def shown_ticks(figure):
    """Tick labels out of the limits of their axis are not drawn."""
    hidden = set()
    for ax in [*figure.axes, *(child for parent in figure.axes for child in parent.child_axes)]:
        for axis in (ax.xaxis, ax.yaxis):
            drawn = {id(label) for tick in axis._update_ticks() for label in (tick.label1, tick.label2)}
            for tick in [*axis.majorTicks, *axis.minorTicks]:
                hidden |= {id(label) for label in (tick.label1, tick.label2) if id(label) not in drawn}
    return hidden


def test_no_words_cover_others(drawn):
    hidden = shown_ticks(drawn)
    texts = [text for text in texts_of(drawn) if id(text) not in hidden]
    boxes = np.array([text.get_window_extent().get_points().ravel() for text in texts])
    shrink = np.array([1.0, 1.0, -1.0, -1.0])  # a pixel on each side
    boxes = boxes + shrink
    apart = (boxes[:, None, 2:] <= boxes[None, :, :2]).any(axis=2)
    covering = [(texts[i].get_text(), texts[j].get_text()) for i, j in np.argwhere(np.triu(~(apart | apart.T), 1))]
    assert covering == []


def test_nothing_is_cut(drawn, nothing_is_cut_off):
    assert nothing_is_cut_off(drawn)


def luminance(colour):
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_words_have_contrast(drawn):
    for text in texts_of(drawn):
        patch = text.get_bbox_patch()
        behind = patch.get_facecolor() if patch is not None else "white"
        red, green, blue, alpha = to_rgba(text.get_color())
        seen = np.array([red, green, blue]) * alpha + np.array(to_rgb(behind)) * (1 - alpha)
        low, high = sorted((luminance(seen), luminance(behind)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, text.get_text()


def test_words_are_large_enough_at_half_size(drawn):
    assert min(text.get_fontsize() for text in texts_of(drawn)) >= 7.5


def test_every_panel_says_what_it_shows(drawn):
    for ax in drawn.axes:
        if ax.axison and ax.get_visible():
            assert ax.get_title() or ax.get_ylabel(), ax


def test_compared_maps_have_one_scale(rooms):
    data, fit = rooms
    figure = overview(rooms)
    true, found = figure.displays["true"].image_, figure.displays["recovered"].image_
    assert true.norm is found.norm
    assert true.cmap is found.cmap
    pair = SideBySideDisplay.from_values({"one": fit.reward_, "two": 3 * fit.reward_}, data.world).plot(Figure())
    norms = {id(display.image_.norm) for display in pair.maps_.values()}
    assert len(norms) == 1


def test_the_key_says_what_the_colours_are(rooms):
    key = overview(rooms).displays["recovered"].ax_.get_legend()
    words = [text.get_text() for text in key.get_texts()]
    assert [word.split()[0] for word in words] == ["goal", "flowers", "mud"]
    assert re.fullmatch("mud \N{MINUS SIGN}[12][.][0-9] ± 0[.][0-9]", words[2])  # it costs 2 in truth


def test_settings_of_matplotlib_are_left_alone(rooms):
    before = dict(mpl.rcParams)
    overview(rooms)
    assert dict(mpl.rcParams) == before


def test_the_house_style_is_switched_off_within_plain_style(rooms):
    data, fit = rooms
    styled = GridMapDisplay.from_estimator(fit, data.world).plot().ax_
    assert styled.title.get_fontweight() == HOUSE_STYLE["axes.titleweight"]
    with plt.rc_context({"axes.titleweight": "light", "axes.titlesize": 17}), plain_style():
        plain = GridMapDisplay.from_estimator(fit, data.world).plot().ax_
    assert plain.title.get_fontweight() == "light"
    assert plain.title.get_fontsize() == 17
    again = GridMapDisplay.from_estimator(fit, data.world).plot().ax_
    assert again.title.get_fontweight() == HOUSE_STYLE["axes.titleweight"]


def test_what_does_not_fit_the_clock_is_named():
    with pytest.raises(ValueError, match="row 1 of the shares adds up to 0.5"):
        SharesDisplay.from_values([0, 1], [[0.5, 0.5], [0.25, 0.25]])
    with pytest.raises(ValueError, match="at most 5 curves"):
        BandsDisplay.from_values([0, 1], np.zeros((2, 6)))
    with pytest.raises(ValueError, match="2 names for 1 curves"):
        BandsDisplay.from_values([0, 1], [0.0, 1.0], names=["a", "b"])
    with pytest.raises(ValueError, match="nothing to show"):
        SideBySideDisplay.from_values({}, (2, 2))


def test_undetermined_stretches_are_dashed_and_have_no_band():
    display = BandsDisplay.from_values(X, X, errors=1 + 0 * X, determined=X < 10).plot(Figure())
    assert np.isnan(display.curves_[0].get_ydata()[10:]).all()
    assert display.undetermined_[0].get_linestyle() == "--"
    assert display.bands_[0].get_datalim(display.ax_.transData).x1 <= 9


def test_arrows_stand_for_what_is_not_bounded():
    display = CoefficientsDisplay.from_values([1.0, 2.0, -1.0], [0.1, np.nan, np.nan], unbounded=[0, 1, -1]).plot(
        Figure()
    )
    (right, left) = display.arrows_
    assert right.xy[0] > 2
    assert left.xy[0] < -1
    assert len(display.intervals_.get_segments()) == 1
    assert "arrow: not bounded on that side" in [text.get_text() for text in display.key_.get_texts()]


def test_standardised_coefficients_are_free_of_units(rooms):
    data, fit = rooms
    metres = MaxEntIRL(data.mdp, data.features * [1.0, 1000.0, 1.0], feature_names=data.feature_names).fit(
        data.demonstrations
    )
    one, other = (CoefficientsDisplay.from_estimator(model, units="standardised") for model in (fit, metres))
    np.testing.assert_allclose(one.estimates, other.estimates, rtol=1e-4)
    np.testing.assert_allclose(one.errors, other.errors, rtol=1e-3)
    assert one.label == "reward per standard deviation of the feature"
    with pytest.raises(ValueError, match="units must be one of raw, standardised, own"):
        CoefficientsDisplay.from_estimator(fit, units="metres")
