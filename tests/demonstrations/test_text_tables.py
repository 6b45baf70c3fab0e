"""Text files as people have them: packed, in UTF-16, with comments, without a header, damaged, or no tables at all."""

import csv
import gzip
import tracemalloc
import zlib

import numpy as np
import pytest

from maxent_irl import Demonstrations
from maxent_irl.demonstrations import text_tables as _text_tables

TEXT = "id,state,action\n1,hall,go\n1,attic,stay\n"
COLUMNS = {"id": "id", "state": "state", "action": "action"}
EXPECTED = Demonstrations([(["hall", "attic"], ["go", "stay"])])


def read(path, **options):
    return Demonstrations.from_csv(path, **(COLUMNS | options))


def written(folder, content, name="walks.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("walks.csv", TEXT),
        ("walks.csv", TEXT.replace("\n", "\r\n")),
        ("walks.csv", TEXT.replace("\n", "\n\n")),
        ("walks.csv", TEXT.encode("utf-8-sig")),
        ("walks.csv", TEXT.encode("utf-16")),
        ("walks.csv", "\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be")),
        ("walks.tsv", TEXT.replace(",", "\t")),
        ("walks.TAB", TEXT.replace(",", "\t")),
        ("walks.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("walks.csv.gz", gzip.compress(TEXT.encode("utf-16"), mtime=0)),
        ("walks.tsv.gz", gzip.compress(TEXT.replace(",", "\t").encode(), mtime=0)),
        ("walks.csv", gzip.compress(TEXT.encode(), mtime=0)),  # packed, though its name does not say so
        ("walks.csv", "# by ann, 2019, on paper\n#\n" + TEXT.replace("\n1", "\n# a note\n1")),
        ("walks.csv", TEXT.replace("1,", '"1",')),
    ],
)
def test_files_that_hold_the_same(tmp_path, name, content):
    assert read(written(tmp_path, content, name)) == EXPECTED


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_columnar_files(tmp_path, suffix):
    pandas, _ = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"id": [1, 1], "state": ["hall", "attic"], "action": ["go", "stay"], "other": [0.5, None]})
    path = tmp_path / f"walks{suffix}"
    getattr(frame, f"to_{suffix[1:]}")(path)
    assert read(path) == EXPECTED
    with pytest.raises(ValueError, match=rf"walks\{suffix} has no column 'place' \(given as state=\)"):
        read(path, state="place")
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], TEXT.encode()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"walks\{suffix} is damaged, or no \{suffix} file"):
            read(path)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / f"absent{suffix}")


def test_a_row_that_begins_like_a_comment_has_to_be_quoted(tmp_path):
    path = written(tmp_path, TEXT + "#2,hall,go\n")
    with pytest.raises(ValueError, match="walks.csv, line 4 begins with '#' and has as many fields as the header"):
        read(path)
    assert read(written(tmp_path, TEXT + '"#2",hall,go\n')).ids == ("1", "#2")
    inside = read(written(tmp_path, TEXT + '1,"hall\n# upper floor",go\n'))
    assert "hall\n# upper floor" in inside.state_labels


def test_a_file_without_a_header_shows_its_first_line(tmp_path):
    path = written(tmp_path, "1,hall,go\n1,attic,stay\n")
    with pytest.raises(ValueError, match="walks.csv begins with '1,hall,go', which names none of the columns"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TEXT.encode("utf-16-le"), "no UTF-8 text; it looks like UTF-16 without a byte-order mark"),
        (TEXT.encode("utf-16")[:-1], "is no UTF-8 text"),
        (TEXT.replace("hall", "h\xe9ll").encode("latin-1"), r"is no UTF-8 text \(after line \d\): save it as UTF-8"),
        (b"PK\x03\x04" + bytes(30), "is a spreadsheet or another archive, not text: save the sheet as CSV"),
        (TEXT + '1,"hall"2,go\n', "cannot be read after line 3"),
        (TEXT + '1,hall,"go\n', "cannot be read after line 3"),
        (TEXT + "1,hall\n", "line 4 has 2 fields where the header has 3"),
        ("# only a comment\n", "is empty: a header"),
    ],
)
def test_files_that_are_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=f"walks.csv,? .*{message}|walks.csv,? {message}"):
        read(written(tmp_path, content))


@pytest.mark.parametrize("delimiter", ["", "::", '"', "\n"])
def test_a_delimiter_is_one_character(tmp_path, delimiter):
    with pytest.raises(ValueError, match="delimiter must be one character"):
        read(written(tmp_path, TEXT), delimiter=delimiter)


def test_of_many_columns_the_first_are_listed(tmp_path):
    header = ",".join(f"x{k}" for k in range(2000))
    path = written(tmp_path, f"id,state,{header}\n1,a{',0' * 2000}\n")
    with pytest.raises(ValueError, match=r"no column 'action'.* 'x27', \.\.\. \(2002 in all\)$"):
        read(path)


def test_damaged_gzip_is_one_error_that_names_the_file(tmp_path):
    """Cut anywhere, or with any byte changed: the error is a ValueError with the name, or the content is the same."""
    rng = np.random.default_rng(0)
    rows = "".join(f"{i // 50},{rng.integers(9)},{rng.integers(3)}\n" for i in range(2000))
    whole = gzip.compress(("id,state,action\n" + rows).encode())
    path = tmp_path / "walks.csv.gz"
    path.write_bytes(whole)
    expected, messages = read(path), []
    damaged = [whole[:n] for n in rng.integers(len(whole), size=60)]
    for _ in range(240):
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        damaged.append(bytes(changed))
    for content in damaged:
        path.write_bytes(content)
        try:
            same = read(path) == expected  # a flip in the header's time or name
        except ValueError as error:
            messages.append(str(error))
        else:
            assert same
    assert len(messages) > 250
    assert all("walks.csv.gz" in message and "\n" not in message for message in messages)


def test_fields_may_be_longer_than_the_csv_module_allows(tmp_path):
    limit = csv.field_size_limit()
    long = "x" * (limit + 100_000)
    demos = read(written(tmp_path, TEXT + f"1,{long},go\n"))
    assert demos.state_labels == ("attic", "hall", long)
    assert csv.field_size_limit() == limit  # others' limit is as it was


def test_a_long_label_costs_its_own_size(tmp_path):
    long = "x" * 100_000
    path = written(tmp_path, TEXT + "".join(f"1,{long if i % 50 == 0 else i % 50},go\n" for i in range(5000)))
    tracemalloc.start()
    demos = read(path)
    demos.save(tmp_path / "walks.npz")
    assert Demonstrations.load(tmp_path / "walks.npz") == demos
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6  # 100 copies would be 10 MB as bytes, and a fixed-width array of 5000 rows 2 GB


def test_a_packed_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_text_tables, "LARGEST_UNQUESTIONED", 1 << 20)
    monkeypatch.setattr(_text_tables, "LONGEST_LINE", 1 << 22)
    path = tmp_path / "walks.csv.gz"
    packer = zlib.compressobj(9, wbits=31)
    row = b"1,hall,go\n" * 100_000
    path.write_bytes(packer.compress(b"id,state,action\n" + row * 20) + packer.flush())
    with pytest.raises(ValueError, match="walks.csv.gz unpacks to more than 200 times its size"):
        read(path)
    path.write_bytes(gzip.compress(b"id,state,action\n" + bytes(1 << 23), mtime=0))
    with pytest.raises(ValueError, match=r"walks.csv.gz.*(unpacks to more than|is longer than 4,194,304 characters)"):
        read(path)
