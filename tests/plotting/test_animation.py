"""The reward while it is learnt: frames are the iterates, on one scale, and the file is a GIF."""

import base64
import shutil

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from maxent_irl.plotting import RewardAnimation


def test_the_gif_holds_every_frame_and_the_last_for_longer(tmp_path, rng):
    rewards = rng.normal(size=(4, 6)).cumsum(axis=0)
    animation = RewardAnimation.from_rewards(rewards, (2, 3))
    written = []
    animation.save(tmp_path / "a.gif", frames_per_second=4, hold=0.5, progress=lambda *done: written.append(done))
    assert written[-1] == (6, 6)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.format == "GIF"
        durations = []
        for frame in range(gif.n_frames):
            gif.seek(frame)
            durations.append(gif.info["duration"])
    assert sum(durations) == 6 * 250  # equal frames are merged, and last as long
    assert len(durations) == 4
    assert plt.get_fignums() == []


def test_frames_share_one_scale(rng):
    rewards = np.array([[0.0, 0.0], [-1.0, 4.0]])
    first = RewardAnimation.from_rewards(rewards, (1, 2)).plot(frame=0).map_.image_
    assert (first.norm.vmin, first.norm.vmax) == (-4, 4)
    assert first.get_array().tolist() == [[0, 0]]


def test_iterates_of_an_estimator(recovered):
    world, _, estimator = recovered
    animation = RewardAnimation.from_estimator(estimator, world)
    assert len(animation.rewards) == len(estimator.loss_curve_)
    decides = ~world.mdp.terminal
    np.testing.assert_allclose(animation.rewards[-1][decides], estimator.reward_[decides])
    assert f"step {len(estimator.loss_curve_) - 1}:" in animation.plot().ax_.get_title()


def test_what_does_not_fit_is_named(recovered):
    world, demonstrations, estimator = recovered
    with pytest.raises(ValueError, match=r"\(frames, 6\)"):
        RewardAnimation.from_rewards(np.zeros((2, 5)), (2, 3))
    with pytest.raises(ValueError, match="1 titles for 2 frames"):
        RewardAnimation.from_rewards(np.zeros((2, 6)), (2, 3), titles=["a"])
    from sklearn.base import clone

    unrecorded = clone(estimator).set_params(record_iterates=False).fit(demonstrations)
    with pytest.raises(ValueError, match="record_iterates=True"):
        RewardAnimation.from_estimator(unrecorded, world)


def test_progress_is_counted_on_the_error_stream(tmp_path, capsys):
    animation = RewardAnimation.from_rewards(np.eye(4), (2, 2))
    animation.save(tmp_path / "a.gif", hold=0, progress=True)
    assert capsys.readouterr().err.endswith("frame 4 of 4\n")
    animation.save(tmp_path / "a.gif", hold=0)
    assert capsys.readouterr().err == ""


def test_notebooks_show_the_film():
    html = RewardAnimation.from_rewards(np.eye(2), (1, 2))._repr_html_()
    film = base64.b64decode(html.split("base64,")[1].split('"')[0])
    assert film.startswith(b"GIF8")
    assert "The reward in 2 steps of the fit" in html


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_mp4_films_are_written_where_ffmpeg_is(tmp_path):
    RewardAnimation.from_rewards(np.eye(4), (2, 2)).save(tmp_path / "a.mp4", hold=0)
    assert (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"


def test_films_that_cannot_be_written_are_refused(tmp_path, monkeypatch):
    animation = RewardAnimation.from_rewards(np.eye(2), (1, 2))
    with pytest.raises(ValueError, match=r"end in .gif or .mp4; got 'a.avi'"):
        animation.save(tmp_path / "a.avi")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="ffmpeg, which was not found; install it, or write a .gif"):
        animation.save(tmp_path / "a.mp4")
