"""Graphs of named places: laid out by their moves, named without covering anything, from two places to hundreds."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from maxent_irl import MDP, Demonstrations, MaxEntIRL, sample_demonstrations
from maxent_irl.plotting import PlacesLayout, estimator_map, layout_of, plot_recovery
from maxent_irl.plotting.positions import place_positions, step_distances


def web(n, seed=0):
    """An MDP of n pages, each with links to three others."""
    rng = np.random.default_rng(seed)
    links = np.stack([rng.permutation(n)[:3] for _ in range(n)])
    links[:, 0] = (np.arange(n) + 1) % n
    return MDP.from_successors(links, discount=0.9)


def boxes_of(texts):
    return np.array([text.get_window_extent().get_points().ravel() for text in texts])


def overlaps(boxes):
    """Pairs of boxes (x0, y0, x1, y1) that share more than an edge."""
    apart = (boxes[:, None, 2:] <= boxes[None, :, :2] + 0.5).any(axis=2)
    return np.argwhere(np.triu(~(apart | apart.T), 1))


def test_moves_along_a_line_keep_their_order_and_the_picture_is_always_the_same():
    line = MDP.from_successors(np.stack([np.arange(9), np.minimum(np.arange(9) + 1, 8)], axis=1), discount=0.9)
    distances, edges = step_distances(line)
    assert edges.tolist() == [[i, i + 1] for i in range(8)]
    np.testing.assert_array_equal(distances[0], np.arange(9))
    positions = place_positions(distances)
    along = positions[:, 0]
    assert (np.diff(along) > 0).all() or (np.diff(along) < 0).all()
    np.testing.assert_array_equal(positions, place_positions(distances))


def test_rare_slips_join_no_places():
    P = np.zeros((3, 1, 3))
    P[0, 0] = [0, 0.97, 0.03]
    P[1, 0, 2] = P[2, 0, 0] = 1
    assert step_distances(MDP(P, discount=0.9))[1].tolist() == [[0, 1], [0, 2], [1, 2]]
    P[2, 0] = [0, 0, 1]
    assert step_distances(MDP(P, discount=0.9))[1].tolist() == [[0, 1], [1, 2]]


@pytest.mark.parametrize("n", [1, 2, 3, 40, 300])
def test_places_stand_apart_and_parts_that_are_not_connected_are_shown(n):
    distances = np.full((n, n), np.inf)
    for part in (np.arange(n // 2), np.arange(n // 2, n)):
        distances[np.ix_(part, part)] = np.abs(part[:, None] - part)
    positions = place_positions(distances)
    assert np.isfinite(positions).all()
    apart = np.linalg.norm(positions[:, None] - positions, axis=2)[np.triu_indices(n, 1)]
    assert (apart > 0).all()


def test_distances_must_be_symmetric():
    with pytest.raises(ValueError, match=r"symmetric \(N, N\)"):
        place_positions([[0.0, 1.0], [2.0, 0.0]])


@pytest.mark.parametrize("n", [5, 40, 200, 500])
def test_names_cover_neither_each_other_nor_places(n, rng, nothing_is_cut_off):
    mdp = web(n)
    layout = PlacesLayout.of(mdp, names=[f"page number {i}" for i in range(n)])
    figure = Figure()
    display = layout.map(rng.normal(size=n), label="reward", title="Pages").plot(figure)
    assert nothing_is_cut_off(figure)
    assert len(display.labels_) >= min(n, 5)
    assert len(overlaps(boxes_of(display.labels_))) == 0
    if len(display.labels_) < n:
        assert f"names of {len(display.labels_)} of {n} places" in display.ax_.get_xlabel()


def test_lines_are_as_wide_as_they_were_used_and_rings_as_errors():
    mdp = web(12)
    demonstrations = sample_demonstrations(mdp, np.full((12, 3), 1 / 3), 60, max_steps=20, random_state=0)
    estimator = MaxEntIRL(mdp, l2=0.5).fit(demonstrations)
    layout = PlacesLayout.of(mdp, demonstrations=demonstrations)
    ends = demonstrations.final_states
    moves = sum((np.diff(np.append(d.states, ends[i])) != 0).sum() for i, d in enumerate(demonstrations))
    assert layout.traffic.sum() == moves
    display = estimator_map(estimator, layout).plot(Figure())
    order = np.argsort(layout.traffic)
    assert (np.diff(np.asarray(display.edges_.get_linewidths())[order]) >= 0).all()
    order = np.argsort(display.errors)
    assert (np.diff(display.rings_.get_sizes()[order]) >= 0).all()
    assert "standard error" in display.key_.get_texts()[1].get_text()
    np.testing.assert_allclose(display.places_.get_array(), estimator.reward_)


def test_the_first_figure_of_named_places(nothing_is_cut_off):
    names = ["home", "search", "shoes", "books", "cart", "pay"]
    paths = [(["home", "search", "shoes", "cart"], ["click"] * 4)] * 3 + [
        (["home", "books", "cart", "pay"], ["click"] * 4)
    ]
    demonstrations = Demonstrations(paths, state_labels=names, action_labels=["click"])
    mdp = web(6)
    walks = sample_demonstrations(mdp, np.full((6, 3), 1 / 3), 40, max_steps=10, random_state=0)
    estimator = MaxEntIRL(mdp, l2=1.0).fit(walks)
    layout = PlacesLayout.of(mdp, demonstrations=demonstrations)
    assert layout.place_names == names
    assert layout_of(layout) is layout
    figure = plot_recovery(estimator, layout, figure=Figure())
    assert list(figure.displays) == ["seen", "recovered", "error", "visitations"]
    assert nothing_is_cut_off(figure)
    written = {text.get_text() for text in figure.displays["recovered"].labels_}
    assert written <= set(names)


def test_a_goal_is_marked_and_named_first(rng):
    layout = PlacesLayout.of(web(40)).heading_for(17)
    display = layout.map(rng.normal(size=40), label="value").plot(Figure())
    assert display.labels_[0].get_text() == "state 17"


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="at most 500 states .* got 501: give positions"):
        PlacesLayout.of(web(501))
    with pytest.raises(ValueError, match="one name each"):
        PlacesLayout(np.zeros((3, 2)), ["a"], [[0, 1]])
