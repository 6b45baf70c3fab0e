"""Files of arrays: each entry is checked, damage of any kind is one error that names the file, and nothing is executed."""

import io
import zipfile

import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations


def demonstrations():
    names = {"state_labels": ("den", "hall"), "ids": ("ann", "bob")}
    return Demonstrations([(["den", "hall"], ["go"]), (["hall", "den"], ["go"])], goals=["den", "den"], **names)


def problem():
    ending = np.array([[0.0, 0.5], [0.0, 0.0]])
    transitions = np.array([[[0.0, 1.0], [0.5, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    return MDP(transitions, discount=0.9, horizon=4, initial=[0.5, 0.5], ending=ending)


KINDS = {"demonstrations": (demonstrations, Demonstrations.load), "MDP": (problem, MDP.load)}


def changed(path, **changes):
    with np.load(path) as file:
        arrays = dict(file)
    for key, change in changes.items():
        value = change(arrays[key]) if callable(change) else change
        if value is None:
            del arrays[key]
        else:
            arrays[key] = value
    np.savez(path, **arrays)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_saved_is_loaded(kind, tmp_path):
    build, load = KINDS[kind]
    build().save(tmp_path / "file.npz")
    again = load(tmp_path / "file.npz")
    again.save(tmp_path / "again.npz")
    with np.load(tmp_path / "file.npz") as one, np.load(tmp_path / "again.npz") as other:
        assert sorted(one.files) == sorted(other.files)
        for key in one.files:
            np.testing.assert_array_equal(one[key], other[key])
    if kind == "demonstrations":
        assert (again, again.ids) == (build(), build().ids)


def text(content):
    return np.frombuffer(content.encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    ("kind", "key", "change", "message"),
    [
        # Another form, another version, too little, too much.
        ("MDP", "format", None, r"holds no MDP of version 1 \(no format\): write it with MDP.save"),
        ("MDP", "format", np.array("maxent_irl.MDP 9"), "holds no MDP of version 1"),
        ("demonstrations", "format", np.array("maxent_irl.MDP 1"), "holds no Demonstrations of version 2"),
        ("MDP", "indptr", None, "it lacks indptr"),
        ("demonstrations", "weights", None, "it lacks weights"),
        ("demonstrations", "goals", None, "it lacks goals"),  # optional, but it was written
        ("MDP", "horizon", None, "it lacks horizon"),
        ("demonstrations", "extra", np.zeros(2), "its entry 'extra' belongs to no such file"),
        # Types.
        ("MDP", "indices", lambda x: x + 0.5, "indices is float64, where whole values belong"),
        ("MDP", "n_states", np.array(4.7), "n_states is float64, where whole values belong"),
        ("MDP", "horizon", np.array(1.5), "horizon is float64"),
        ("MDP", "data", lambda x: x + 0j, "data is complex128, where real values belong"),
        ("MDP", "data", lambda x: x.astype(str), "data is <U"),
        ("MDP", "terminal", lambda x: x.astype(int), "terminal is int64, where flag values belong"),
        ("demonstrations", "states", lambda x: x + 0.5, "states is float64"),
        ("demonstrations", "final_states", lambda x: x * np.nan, "final_states is float64"),
        ("demonstrations", "terminated", lambda x: x.astype(float), "terminated is float64"),
        ("demonstrations", "weights", lambda x: x.astype(str), "weights is <U"),
        # Shapes.
        ("MDP", "n_states", np.array([2]), r"n_states has shape \(1,\), where 0 axes belong"),
        ("MDP", "n_states", np.array(3), r"has shape .*, which does not fit n_states \(states = 3\)"),
        ("MDP", "n_actions", np.array(3), r"has shape .*, which does not fit n_actions"),
        ("MDP", "indices", lambda x: x[:-1], r"indices has shape \(3,\), which does not fit data"),
        ("MDP", "indptr", lambda x: x[:-1], "is damaged: "),
        ("MDP", "available", lambda x: x[0], r"available has shape \(2,\), where 2 axes belong"),
        ("MDP", "initial", lambda x: x[:1], "initial has shape .*, which does not fit"),
        ("demonstrations", "goals", lambda x: x[:1], r"goals has shape \(1,\), which does not fit final_states"),
        ("demonstrations", "offsets", lambda x: x[:-1], "its offsets do not divide its 2 decisions"),
        ("demonstrations", "offsets", np.array([0, 2]), "its offsets are of 1 trajectories, its final_states of 2"),
        ("demonstrations", "states", lambda x: x[:, None], r"states has shape \(2, 1\), where 1 axes belong"),
        # Values.
        ("MDP", "indices", lambda x: x - 1, "indices holds -1"),
        ("MDP", "indices", lambda x: x + 99, "is damaged: "),
        ("MDP", "data", lambda x: x * np.nan, "data holds nan"),
        ("MDP", "data", lambda x: -x, "data holds -"),
        ("MDP", "discount", np.array(1.5), "discount holds 1.5"),
        ("MDP", "discount", np.array(np.nan), "discount holds nan"),
        ("MDP", "horizon", np.array(0), "horizon holds 0"),
        ("MDP", "n_states", np.array(0), "n_states holds 0"),
        ("demonstrations", "states", lambda x: x - 1, "states holds -1"),
        ("demonstrations", "states", lambda x: x + 7, "states holds 8, and state_labels has 2 entries"),
        ("demonstrations", "final_states", lambda x: x - 3, "final_states holds -"),
        ("demonstrations", "weights", lambda x: x * np.inf, "weights holds inf"),
        ("demonstrations", "weights", lambda x: x * 0, "all weights are zero"),
        # Labels and ids.
        ("demonstrations", "state_labels", text('["den", "den"]'), "state_labels cannot be read: state_labels lists 'den' twice"),
        ("demonstrations", "state_labels", text('["den"]'), "and state_labels has 1 entries"),
        ("demonstrations", "state_labels", text('["den", null]'), "state_labels cannot be read: state_labels holds None"),
        ("demonstrations", "state_labels", text('"den"'), "state_labels cannot be read: it must be a list"),
        ("demonstrations", "state_labels", text('["den", '), "state_labels cannot be read"),
        ("demonstrations", "state_labels", text('[{"a": 1}, "b"]'), "state_labels cannot be read: .* cannot be a label"),
        ("demonstrations", "state_labels", text("[" * 100_000), "state_labels cannot be read"),
        ("demonstrations", "state_labels", np.array([255, 254], dtype=np.uint8), "state_labels cannot be read"),
        ("demonstrations", "ids", text('["ann"]'), "ids must hold one name per trajectory, 2 in all"),
    ],
)  # fmt: skip
def test_entries_are_checked(kind, key, change, message, tmp_path):
    build, load = KINDS[kind]
    path = tmp_path / "file.npz"
    build().save(path)
    changed(path, **{key: change})
    with pytest.raises(ValueError, match=f"(?s)file.npz .*{message}"):
        load(path)


def hostile():
    """Archives that are no array files, though their names say so."""

    def archive(members, compression=zipfile.ZIP_STORED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as file:
            for name, content in members.items():
                file.writestr(name, content)
        return buffer.getvalue()

    array = io.BytesIO()
    np.save(array, np.arange(3))
    huge = array.getvalue().replace(b"(3,)", b"(9,)").replace(b"(9,)", b"(9" + b"9" * 15 + b",)")
    yield archive({"readme.txt": b"hello"})
    yield archive({"states.npy": b"hello"})
    yield archive({"states": array.getvalue()})
    yield archive({"states.npy": array.getvalue()[:-5]})
    yield archive({"states.npy": array.getvalue().replace(b"'descr'", b"'other'")})
    yield archive({"states.npy": array.getvalue().replace(b"<i8", b"|O ")})
    yield archive({"states.npy": huge})
    yield archive({"states.npy": array.getvalue()}, zipfile.ZIP_BZIP2)[:-30]
    encrypted = bytearray(archive({"states.npy": array.getvalue()}))
    encrypted[6] |= 1
    encrypted[bytes(encrypted).index(b"PK\x01\x02") + 8] |= 1
    yield bytes(encrypted)
    unknown = bytearray(archive({"states.npy": array.getvalue()}))
    unknown[8] = 99
    unknown[bytes(unknown).index(b"PK\x01\x02") + 10] = 99
    yield bytes(unknown)
    yield array.getvalue()  # a bare array
    yield b"\x80\x04K\x01."  # a pickle


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_archives_are_one_error(kind, tmp_path):
    load, path = KINDS[kind][1], tmp_path / "file.npz"
    for content in hostile():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"file\.npz"):
            load(path)


def contents(thing):
    """Everything it holds, as text."""
    if isinstance(thing, Demonstrations):
        return repr(thing.fields())
    return repr([(key, value.toarray() if key == "transitions" else value) for key, value in vars(thing).items()])


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_one_error_or_the_same(kind, tmp_path):
    build, load = KINDS[kind]
    path = tmp_path / "file.npz"
    build().save(path)
    whole, expected = path.read_bytes(), contents(build())
    rng, messages = np.random.default_rng(1), []
    for _ in range(400):
        content = bytearray(whole)
        if rng.random() < 0.2:
            content = content[: rng.integers(len(content))]
        for _ in range(rng.integers(1, 4)):
            if content:
                content[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(content)
        try:
            loaded = load(path)
        except ValueError as error:
            messages.append(str(error))
        else:
            assert contents(loaded) == expected
    assert len(messages) > 250
    assert all("file.npz" in message and "\n" not in message and len(message) < 600 for message in messages)
