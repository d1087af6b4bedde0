"""Arrays as the pieces of a safetensors file, and back; the library judges."""

import json
from itertools import pairwise

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load, save

from core.nn.saving.checkpoint import Checkpoint, SavedCheckpoint
from core.nn.saving.tensors import CODES, StoredArrays, TensorFile, unpack, unpack_into

MIB = 2**20


def arrays():
    rng = np.random.default_rng(5)
    big = rng.standard_normal((700, 900))
    return {
        "bytes": np.arange(5, dtype=np.uint8),
        "big": big,
        "transposed": big.astype(np.float32).T,
        "strided": big[:, 3],
        "row": rng.standard_normal((1, 400_000)).T,
        "none": np.zeros((0, 3), np.float32),
        "one": np.array(1.5),
        "text": np.array([1, -1, 2], np.int32),
        "whole": np.array([[2**62, -1]]),
        "nan": np.array([np.nan, -0.0, np.inf], np.float32),
    }


def again(expected):
    return {name: np.empty(array.shape, array.dtype) for name, array in expected.items()}


def assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes(), name


def test_the_library_reads_what_is_written_however_it_lies_in_memory(tmp_path):
    file = TensorFile(arrays(), {"loss": "0.5", "größe": "ja"})
    data = b"".join(file)
    assert_equal(load(data), arrays())
    (tmp_path / "file").write_bytes(data)
    with safe_open(tmp_path / "file", "numpy") as opened:
        assert opened.metadata() == file.metadata
    found, metadata = unpack(data)
    assert_equal(found, arrays())
    assert metadata == file.metadata
    assert b"".join(file) == data


def test_what_the_library_wrote_is_read():
    expected = {name: np.ascontiguousarray(array) for name, array in arrays().items()}
    assert_equal(unpack(save(expected, {"by": "the library"}))[0], expected)


def test_no_piece_is_large_and_what_is_contiguous_is_not_copied():
    vector = np.zeros(3 * MIB, np.float32)
    pieces = list(TensorFile({"vector": vector, "transposed": vector.reshape(1024, -1).T}))
    assert max(map(len, pieces)) <= MIB
    vector[:] = 1.0
    assert np.frombuffer(b"".join(pieces[1:13]), np.float32).all()


@pytest.mark.parametrize("size", [1, 7, MIB, 100 * MIB])
def test_pieces_of_any_size_are_read_into_memory_that_is_there(size):
    data = b"".join(TensorFile(arrays(), {"a": "b"}))
    step = max(size, 1000) if size < MIB else size
    into = again(arrays())
    assert unpack_into((data[at : at + step] for at in range(0, len(data), step)), into) == {"a": "b"}
    assert_equal(into, arrays())


def test_stored_arrays_are_those_of_the_file_and_read_no_more_of_it_than_is_asked_for():
    expected = {**arrays(), "none": np.ones((0, 3)), "number": np.array(7.0)}
    data, asked = b"".join(TensorFile(expected)), []

    def read(start, stop):
        for first in range(start, stop, 7):
            asked.append(first)
            yield data[first : min(first + 7, stop)]

    stored = StoredArrays(read, len(data))
    assert len(stored) == len(expected)
    assert max(asked) < len(data) - 100
    asked.clear()
    assert "number" in stored
    assert "other" not in stored
    assert asked == []
    assert stored["number"] == 7
    assert len(asked) == 2
    assert_equal(dict(stored), expected)


def test_a_file_that_does_not_fit_is_refused():
    expected = {"x": np.ones(3), "y": np.ones((2, 2), np.float32)}
    data = b"".join(TensorFile(expected))
    for other in (
        {"x": np.ones(3)},
        {**expected, "z": np.ones(1)},
        {**expected, "x": np.ones(4)},
        {**expected, "x": np.ones(3, np.float32)},
        {**expected, "y": np.ones(4, np.float32)},
    ):
        with pytest.raises(ValueError, match="not"):
            unpack_into([data], other)
    for damaged in (*(data[:length] for length in range(len(data))), data + b"?"):
        with pytest.raises(ValueError):  # noqa: PT011 the message is json's where the header is cut
            unpack_into([damaged], again(expected))


@pytest.mark.parametrize(
    "entry",
    [
        {},
        [],
        {"dtype": "F64", "shape": [3], "data_offsets": [0, 23]},
        {"dtype": "F64", "shape": [3], "data_offsets": [-24, 0]},
        {"dtype": "F64", "shape": [3], "data_offsets": [8, 32]},
        {"dtype": "F64", "shape": ["3"], "data_offsets": [0, 24]},
        {"dtype": "X64", "shape": [3], "data_offsets": [0, 24]},
        {"dtype": "F64", "shape": 3, "data_offsets": [0, 24]},
        {"dtype": "F64", "shape": [3], "data_offsets": [0]},
    ],
    ids=json.dumps,
)
def test_a_header_that_is_wrong_is_refused(entry):
    text = json.dumps({"x": entry}).encode()
    data = len(text).to_bytes(8, "little") + text + bytes(24)
    with pytest.raises(ValueError, match="'x'"):
        unpack(data)


def test_every_array_is_aligned():
    data = b"".join(TensorFile({str(dtype): np.ones(3, dtype) for dtype in reversed(CODES)}))
    assert all(array.flags.aligned for array in unpack(data)[0].values())
    assert [a.itemsize >= b.itemsize for a, b in pairwise(unpack(data)[0].values())].count(False) == 0


def test_a_checkpoint_is_read_straight_into_the_vectors_whatever_its_numbers():
    state = {"epoch": 3, "step": 0, "loss": 0.1, "best_loss": float("inf"), "tiny": 5e-324, "negative": -2.5}
    vectors = {"theta": np.array([1.5, np.nan, -0.0], np.float32), "slots": np.zeros((0, 3), np.float32)}
    into = again(vectors)
    assert SavedCheckpoint(Checkpoint(state, vectors).file()).copy_into(into, state) == state
    assert_equal(into, vectors)
