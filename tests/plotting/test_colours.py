"""Colour maps keep their promises: zero in the middle, and lightness that survives grey printing."""

import numpy as np
import pytest

from maxent_irl.plotting import colour_map, colour_scale
from maxent_irl.plotting.colours import ACCENT, CONTRAST, line_colour_map, line_scale


def lightness(colours):
    """Relative luminance of sRGB colours, (n, 3)."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize("signed", [True, False])
def test_lightness_rises_all_the_way(signed):
    colours = colour_map(signed)(np.linspace(0, 1, 64))[:, :3]
    assert (np.diff(lightness(colours)) > 0).all()


def test_zero_is_grey_and_both_sides_are_told_apart_by_the_colour_blind():
    negative, zero, positive = colour_map(True)([0.15, 0.5, 0.85])[:, :3]
    assert np.ptp(zero) < 0.02
    # Protan and deutan vision keeps blue against the mean of red and green.
    assert negative[2] > negative[:2].mean() + 0.3
    assert positive[2] < positive[:2].mean() - 0.3


def test_lines_on_paper_are_darker_the_more_they_count():
    brightness = lightness(line_colour_map()(np.linspace(0, 1, 64))[:, :3])
    assert (np.diff(brightness) < 0).all()
    assert brightness[0] < 0.65


@pytest.mark.parametrize(
    ("values", "name"),
    [([0.0, 2.0], "viridis-on-paper"), ([-1.0, 2.0], "blue-grey-gold"), ([-2.0, -1.0], "viridis")],
)
def test_lines_have_colours_for_paper_where_much_is_more_than_nothing(values, name):
    assert line_scale(values)["cmap"].name == name


def test_the_two_line_colours_differ_in_grey():
    from matplotlib.colors import to_rgb

    first, second = lightness(np.array([to_rgb(ACCENT), to_rgb(CONTRAST)]))
    assert second > 2 * first


def test_one_scale_for_all_maps_and_nothing_from_walls():
    norm = colour_scale([1.0, np.nan], [[-4.0, np.inf]])["norm"]
    assert (norm.vmin, norm.vmax) == (-4, 4)


@pytest.mark.parametrize(
    ("values", "middle"), [([0.125, 0.125 + 1e-16], 0.125), ([-3.0, -3.0 - 1e-9], -3.0), ([-1e-16, 2e-16], 0.0)]
)
def test_rounding_has_one_colour_in_the_middle_of_the_bar(values, middle):
    norm = colour_scale(values)["norm"]
    np.testing.assert_allclose(norm(np.array(values)), 0.5, atol=1e-6)
    assert (norm.vmin + norm.vmax) / 2 == pytest.approx(middle, abs=1e-8)
    assert norm.vmax - norm.vmin > 0.1


def test_rounding_below_zero_makes_no_signed_scale_and_small_differences_are_shown():
    assert colour_scale([-1e-17, 5.0])["cmap"].name == "viridis"
    norm = colour_scale([1000.0, 1000.001])["norm"]
    assert (norm.vmin, norm.vmax) == (1000.0, 1000.001)


def test_root_scale_gives_small_counts_more_of_the_colours():
    norm = colour_scale([0.0, 100.0], root=True)["norm"]
    assert norm(25.0) == pytest.approx(0.5)
