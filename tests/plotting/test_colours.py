"""Colour maps measured in CIELAB: near white in the middle, darker on either side, in grey and for colour-blind readers too."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from maxent_irl.plotting import colour_map, colour_scale, error_colour_map
from maxent_irl.plotting.colours import ACCENT, CONTRAST, INK, MUTED, PAPER, line_colour_map, line_scale

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(colours):
    colours = np.asarray(colours)[..., :3]
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear sRGB, (n, 3)."""
    ratio = np.clip(rgb, 0, 1) @ TO_XYZ.T / WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def seen_by(colours, kind):
    return linear(colours) if kind == "normal" else linear(colours) @ np.array(BLINDNESS[kind]).T


def contrast(first, second):
    """The ratio of the Web Content Accessibility Guidelines."""
    low, high = sorted(float(linear(to_rgb(colour)) @ TO_XYZ[1]) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("kind", ["normal", *BLINDNESS])
def test_signed_colours_darken_on_either_side_of_a_white_middle(kind):
    L = lab(seen_by(colour_map(True)(np.linspace(0, 1, 101)), kind))[:, 0]
    assert L[50] > 95
    assert (np.diff(L[:51]) > 0).all()
    assert (np.diff(L[50:]) < 0).all()


@pytest.mark.parametrize("kind", ["normal", *BLINDNESS])
@pytest.mark.parametrize("cmap", [colour_map(False), error_colour_map()], ids=["amounts", "errors"])
def test_amounts_and_errors_darken_all_the_way(cmap, kind):
    L = lab(seen_by(cmap(np.linspace(0, 1, 101)), kind))[:, 0]
    assert L[0] > 95
    assert L[-1] < 30
    assert (np.diff(L) < 0).all()


@pytest.mark.parametrize("kind", ["normal", *BLINDNESS])
def test_below_and_above_zero_are_told_apart(kind):
    size = np.linspace(0.2, 1, 41)
    below, above = (lab(seen_by(colour_map(True)(0.5 + sign * size / 2), kind)) for sign in (-1, 1))
    assert np.linalg.norm(below - above, axis=1).min() > 15


def test_in_grey_below_zero_is_darker_than_above_at_the_same_distance():
    size = np.linspace(0.2, 1, 41)
    below, above = (lab(linear(colour_map(True)(0.5 + sign * size / 2)))[:, 0] for sign in (-1, 1))
    assert (above - below).min() > 4
    assert (above - below)[-1] > 20


@pytest.mark.parametrize("kind", ["normal", *BLINDNESS])
def test_rewards_amounts_and_errors_are_told_apart(kind):
    maps = [colour_map(False)(0.7), error_colour_map()(0.7), colour_map(True)(0.9)]
    points = lab(seen_by(np.array(maps), kind))
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(3, 1)]
    assert apart.min() > 12


def test_equal_steps_of_a_value_are_equal_steps_of_lightness():
    for cmap in (colour_map(False), error_colour_map()):
        steps = -np.diff(lab(linear(cmap(np.linspace(0, 1, 25))))[:, 0])
        assert steps.max() < 2 * steps.min()


def test_words_can_be_read_on_paper_and_lines_seen():
    for colour in (INK, MUTED):
        assert contrast(colour, PAPER) >= 4.5
    assert contrast(line_colour_map()(0.0), PAPER) > 1.4


def test_lines_on_paper_are_darker_the_more_they_count():
    L = lab(linear(line_colour_map()(np.linspace(0, 1, 64))))[:, 0]
    assert (np.diff(L) < 0).all()
    assert L[0] < 85


@pytest.mark.parametrize(
    ("values", "name"),
    [([0.0, 2.0], "amounts-on-paper"), ([-1.0, 2.0], "signed"), ([-2.0, -1.0], "amounts-on-paper-reversed")],
)
def test_lines_have_colours_for_paper_where_much_is_more_than_nothing(values, name):
    assert line_scale(values)["cmap"].name == name


def test_the_two_line_colours_differ_in_grey():
    first, second = (lab(linear([to_rgb(colour)]))[0, 0] for colour in (ACCENT, CONTRAST))
    assert second > first + 20


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
    assert colour_scale([-1e-17, 5.0])["cmap"].name == "amounts"
    norm = colour_scale([1000.0, 1000.001])["norm"]
    assert (norm.vmin, norm.vmax) == (1000.0, 1000.001)


def test_root_scale_gives_small_counts_more_of_the_colours():
    norm = colour_scale([0.0, 100.0], root=True)["norm"]
    assert norm(25.0) == pytest.approx(0.5)
