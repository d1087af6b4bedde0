"""Files of clients that went wrong: sound ones of every format, and what bytes, lengths and structure can be made of them."""

import io
import json
import zipfile

import numpy as np
from numpy.random import Generator

from core.data.parse import FORMATS
from core.nn.saving.weights import to_safetensors
from tests.data.test_formats import CONTENTS, as_npy, as_npz

WEIGHTS = "weights"  # no dataset, but a client's file too
KINDS = (*FORMATS, WEIGHTS)
_BINARY = ("parquet", "npy", "npz", WEIGHTS)

_EMPTY = [b"", b"\0", b'"', b"\n", b",", b"\xff", b"}" * 5, b"'" * 3, b"{}", b"[]", b"\r\n\r\n", b"null", b"true"]
_NUMBERS = [b"NaN", b"-Infinity", b"1e400", b"-", b"9" * 20, b"9" * 5000, b"1" + b"0" * 400 + b".", b"0x1p3", b"-1", b"(-1,)"]
_TEXTS = [rb'"\ud800"', rb'"\u0000"', b"\xed\xa0\x80", b"\xef\xbb\xbf", b"|O", b"<f8", b"\x1f\x8b\x08"]
_DEPTHS = [b"[" * 50, b"[" * 5000, b'{"a":' * 2000]
_WORDS = [*_EMPTY, *_NUMBERS, *_TEXTS, *_DEPTHS]
_COUNTS = [0, 1, 2**7, 2**15 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1]


def sound(kind: str) -> list[bytes]:
    rng = np.random.default_rng(0)
    if kind == WEIGHTS:
        arrays = {"0.weight": rng.normal(size=(3, 2)).astype("f4"), "0.bias": np.zeros(3, "f4"), "1.weight": np.ones((1, 3))}
        return [to_safetensors(arrays, {"format": 1}), to_safetensors({"0.weight": np.ones((2, 2), "f2")}, {})]
    if kind == "npy":
        return [as_npy(rng.normal(size=(9, 3))), as_npy(np.arange(20)), as_npy(np.array(["a", "b", "a"]))]
    if kind == "npz":
        return [as_npz(x=rng.normal(size=(9, 3)), y=rng.integers(0, 3, 9), z=np.array(list("abcabcabc")))]
    return [content for name, content in CONTENTS.values() if name == kind]


def spoilt(kind: str, rng: Generator) -> bytes:
    """A sound file with one to three things wrong with it, or inside it."""
    files = sound(kind)
    content = files[int(rng.integers(0, len(files)))]
    if kind == "npz" and rng.random() < 0.5:
        return _packed(content, rng)
    if kind == WEIGHTS and rng.random() < 0.5:
        return _headed(content, rng)
    return _changed(content, rng, is_binary=kind in _BINARY)


def _changed(content: bytes, rng: Generator, *, is_binary: bool) -> bytes:
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at, length = int(rng.integers(0, len(data) + 1)), int(rng.integers(1, 40))
        match rng.integers(0, 9):
            case 0 if data:
                data[at % len(data)] = int(rng.integers(0, 256))
            case 1 if data:
                data[at % len(data)] ^= 1 << int(rng.integers(0, 8))
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * int(rng.integers(1, 4))
            case 4:
                data[at:at] = data[at : at + length] * int(rng.integers(100, 5000))
            case 5:
                del data[at:]
            case 6 | 7 if not is_binary:
                data[at : at + int(rng.integers(0, 4))] = _WORDS[int(rng.integers(0, len(_WORDS)))]
            case 6:
                data[at : at + int(rng.integers(0, 4))] = _WORDS[int(rng.integers(0, len(_WORDS)))]
            case _:
                width = int(rng.choice([2, 4, 8]))
                count = _COUNTS[int(rng.integers(0, len(_COUNTS)))] % 2 ** (8 * width)
                data[at : at + width] = count.to_bytes(width, "little")
    return bytes(data)


def _packed(content: bytes, rng: Generator) -> bytes:
    """The archive with one of its entries changed and packed again, so that its checksum and lengths are right."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        wrong = int(rng.integers(0, len(old.namelist())))
        for place, name in enumerate(old.namelist()):
            entry = old.read(name)
            new.writestr(name, _changed(entry, rng, is_binary=True) if place == wrong else entry)
    return sink.getvalue()


def _headed(content: bytes, rng: Generator) -> bytes:
    """The weights with another header, whose length is right."""
    length = int.from_bytes(content[:8], "little")
    header, body = content[8 : 8 + length], content[8 + length :]
    if rng.random() < 0.5:
        header = _changed(header, rng, is_binary=False)
    else:
        document = json.loads(header)
        entry = document[str(rng.choice([name for name in document if name != "__metadata__"]))]
        field = str(rng.choice(["dtype", "shape", "data_offsets"]))
        count = _COUNTS[int(rng.integers(0, len(_COUNTS)))]
        entry[field] = [None, [], [count], [count, count], [-1, 1], "F999", {"a": 1}, [1.5], [0, 2**70]][
            int(rng.integers(0, 9))
        ]
        header = json.dumps(document).encode()
    return len(header).to_bytes(8, "little") + header + body
