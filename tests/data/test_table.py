import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load_file, save_file

from core.data import table
from core.data.table import read_columns, write_table
from core.errors import InvalidData

DTYPES = st.sampled_from([np.float64, np.int64, np.int32, np.uint8])
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda name: name != "__metadata__"
)


@given(columns=st.dictionaries(NAMES, DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, 5)), min_size=1, max_size=6))
def test_what_is_written_is_read_back_and_the_library_agrees(
    tmp_path_factory: pytest.TempPathFactory, columns: dict[str, np.ndarray]
) -> None:
    path = tmp_path_factory.mktemp("table") / "table"
    write_table(path, columns)
    ours, theirs = read_columns(path, columns), load_file(path)
    assert set(theirs) == set(columns)
    for name, column in columns.items():
        for read in (ours[name], theirs[name]):
            assert read.dtype == column.dtype
            np.testing.assert_array_equal(read, column)


def test_tables_that_the_library_wrote_are_read(tmp_path: Path) -> None:
    save_file({"x": np.arange(3.0), "y": np.array([1, 0, 1], np.uint8)}, tmp_path / "table")
    np.testing.assert_array_equal(read_columns(tmp_path / "table", ["y"])["y"], [1, 0, 1])


def test_strided_columns_are_written_by_their_values(tmp_path: Path) -> None:
    x = np.arange(12.0).reshape(4, 3)
    write_table(tmp_path / "table", {"x": x[:, 1]})
    np.testing.assert_array_equal(load_file(tmp_path / "table")["x"], x[:, 1])


def test_columns_are_aligned_views_that_nobody_can_write(tmp_path: Path) -> None:
    write_table(tmp_path / "table", {"a": np.ones(3, np.uint8), "b": np.ones(3), "c": np.ones(3, np.int32)})
    for column in read_columns(tmp_path / "table", ["a", "b", "c"]).values():
        assert column.flags.aligned
        assert not column.flags.writeable
        assert not column.flags.owndata


def test_an_unknown_column_is_a_key_error(tmp_path: Path) -> None:
    write_table(tmp_path / "table", {"x": np.ones(3)})
    with pytest.raises(KeyError):
        read_columns(tmp_path / "table", ["y"])


@pytest.mark.parametrize("kept", [0, 4, 20, 70])
def test_a_table_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "table"
    write_table(path, {"x": np.ones(3)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InvalidData, match="damaged"):
        read_columns(path, ["x"])


def test_a_header_that_claims_more_than_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(InvalidData, match="damaged"):
        read_columns(tmp_path / "table", [])


def test_a_table_is_never_in_memory_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, size = tmp_path / "table", 1 << 20
    write_table(path, {f"x{i}": np.full(size // 8, i) for i in range(20)})
    monkeypatch.setattr(table, "_RESIDENT_BYTES", 2 * size)
    columns, most = read_columns(path, [f"x{i}" for i in range(20)]), 0
    for _ in range(2):
        for i, column in enumerate(columns.values()):
            assert (column == i).all()
            most = max(most, resident_bytes(path))
    first = columns["x0"]
    assert size <= most < 5 * size
    assert (first == 0).all()


def resident_bytes(path: Path) -> int:
    """Of what this process maps of the file."""
    regions = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)
    return sum(int(found[1]) << 10 for each in regions if str(path) in each and (found := re.search(r"Rss: +(\d+)", each)))
