"""Files that are damaged, or hold something else: named, refused, and never executed."""

import numpy as np
import pytest
from small_problems import FINE, ring

from maxent_irl import MDP
from maxent_irl.demonstrations import Demonstrations


@pytest.mark.parametrize("kind", ["truncated", "text", "of something else", "empty"])
def test_files_that_hold_no_mdp(kind, tmp_path):
    path = tmp_path / "mdp.npz"
    ring().save(path)
    whole = path.read_bytes()
    if kind == "of something else":
        np.savez(path, data=np.ones(3))
    else:
        path.write_bytes({"truncated": whole[: len(whole) // 2], "text": b"not an archive", "empty": b""}[kind])
    with pytest.raises(ValueError, match=r"mdp\.npz"):
        MDP.load(path)


def test_a_file_with_wrong_numbers_is_refused_like_any_other_input(tmp_path):
    path = tmp_path / "mdp.npz"
    ring().save(path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["data"] = arrays["data"] * 2
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="state 0 under action 0 sum to 2"):
        MDP.load(path)


def test_a_file_with_pickles_is_not_executed(tmp_path):
    path = tmp_path / "mdp.npz"
    np.savez(path, data=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"mdp\.npz"):
        MDP.load(path)


@pytest.mark.parametrize(
    ("kind", "key", "change", "message"),
    [
        ("MDP", "indices", lambda x: x + 99, "is damaged: "),
        ("MDP", "data", lambda x: x[:-1], "is damaged: "),
        ("demonstrations", "offsets", lambda x: x[::-1], "is damaged: its offsets do not divide"),
        (
            "demonstrations",
            "states",
            lambda x: x[:-1],
            r"is damaged: states has shape \(1,\), which does not fit actions",
        ),
        ("demonstrations", "states", lambda x: x - 5, "is damaged: states holds -5, outside the range 0 to"),
        ("demonstrations", "final_states", lambda x: x - 5, "is damaged: final_states holds -"),
    ],
)
def test_files_that_contradict_themselves(tmp_path, kind, key, change, message):
    path = tmp_path / "file.npz"
    (ring() if kind == "MDP" else Demonstrations(FINE)).save(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    arrays[key] = change(arrays[key])
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=f"file.npz {message}"):
        MDP.load(path) if kind == "MDP" else Demonstrations.load(path)
