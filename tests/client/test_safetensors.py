"""Files of weights as the client reads them, beside the library of the format."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from gradmill import BadInput, safetensors

ARRAYS = {
    "1.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "0.bias": np.array([1.5, -2.5], np.float64),
    "empty": np.zeros((0, 3), np.float32),
    "count": np.array(7, np.int64),
    "flags": np.array([True, False]),
}


def written(path, header, content=b""):
    raw = json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + content)
    return path


def test_what_the_library_writes_is_read(tmp_path):
    save_file(ARRAYS, tmp_path / "w", {"loss": '{"type": "huber"}', "note": "text"})
    found = safetensors.read(tmp_path / "w")
    assert found.metadata == {"loss": {"type": "huber"}, "note": "text"}
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)
        found.arrays[name][...] = 0  # it is the caller's own


def tensor(start, stop, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    "header",
    [
        {"a": tensor(-8, 0, [2])},
        {"a": tensor(0, 8, [2]), "b": tensor(4, 8, [1])},
        {"a": tensor(0, 4, [1])},
        {"a": tensor(4, 8, [1])},
        {"a": tensor(0, 12, [3])},
        {"a": tensor(0, 8, [3])},
        {"a": tensor(0, 8, [-1, -2])},
        {"a": tensor(0, 8, [2], "F99")},
        {"a": tensor(0, 8, 2)},
        {"a": 1},
        [],
    ],
)
def test_a_file_that_is_not_made_of_its_tensors_is_refused(tmp_path, header):
    with pytest.raises(BadInput, match="no safetensors file"):
        safetensors.read(written(tmp_path / "w", header, bytes(8)))


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, b"\x02" + bytes(7) + b"x", b"PK\x03\x04" + bytes(20)])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(BadInput, match="no safetensors file"):
        safetensors.read(tmp_path / "w")
