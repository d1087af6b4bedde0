"""Files that lie, explode or hold nothing: each is refused with a reason, in a child process that may take only so much."""

import struct
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.api.test_hostile import DEEP


def npy(header: str, data: bytes = b"", magic: bytes = b"\x93NUMPY\x01\x00") -> bytes:
    text = header.encode()
    return magic + struct.pack("<H", len(text)) + text + data


def zipped(entries: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def saved(array: Any) -> bytes:
    file = BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


FILES: dict[str, tuple[str, bytes]] = {
    "a header that asks for 7 TiB": ("npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }")),
    "a header that asks for less than nothing": ("npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 5), }")),
    "a header that is code": ("npy", npy("__import__('os').system('true')")),
    "a file that is only a magic number": ("npy", b"\x93NUMPY\x01\x00"),
    "an array of objects": ("npy", saved(np.array([{}, "a"], object))),
    "an array of nine dimensions": ("npy", saved(np.zeros((2,) * 9))),
    "an infinite number": ("npy", saved(np.array([1, np.inf]))),
    "an empty array": ("npy", saved(np.zeros((0, 3)))),
    "complex numbers": ("npy", saved(np.array([1j]))),
    "a zip of paths": ("npz", zipped({"../../etc/passwd.npy": saved(np.eye(2, dtype=object))})),
    "a zip of something else": ("npz", zipped({"a.txt": b"hello"})),
    "a zip bomb": (
        "npz",
        zipped({"a.npy": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (300000000,), }", b"\0" * 3 * 10**8)}),
    ),
    "an empty zip": ("npz", zipped({})),
    "no zip": ("npz", b"PK\x03\x04" + b"\xff" * 100),
    "a parquet file that is only its magic number": ("parquet", b"PAR1PAR1"),
    "a parquet file with a wild footer": ("parquet", b"PAR1" + b"\xff" * 64 + b"\xff\xff\xff\x7fPAR1"),
    "a table without rows": ("csv", b"a,b\n"),
    "ragged rows": ("csv", b"a,b\n1,2\n3\n"),
    "one name twice": ("csv", b"a,a\n1,2\n"),
    "no UTF-8": ("csv", b"a,b\n\xff\xfe,1\n"),
    "an open quote": ("csv", b'a,b\n"1,2\n'),
    "a character 0": ("csv", b"a,b\n\0,2\nx\0y,3\n"),
    "an infinite number in a table": ("csv", b"a,b\ninf,1\n1,2\n"),
    "a column without a name": ("csv", b",b\n1,2\n"),
    "only blanks": ("csv", b"   \n\n"),
    "lines that are no objects": ("jsonl", b"1\n2\n"),
    "a line that is no JSON": ("jsonl", b'{"a": 1}\n{"a"\n'),
    "deep lines": ("jsonl", b'{"a": ' + DEEP + b"}\n"),
    "a text": ("json", b'"a"'),
    "columns of different lengths": ("json", b'{"a": [1], "b": [1, 2]}'),
    "NaN": ("json", b'{"a": [NaN]}'),
    "deep JSON": ("json", DEEP),
    "a lone surrogate": ("json", b'{"a": ["\\ud800"]}'),
    "a character 0 in JSON": ("json", b'{"a": ["\\u0000", "b"]}'),
}


@pytest.mark.parametrize("name", FILES)
def test_hostile_files_are_refused_with_reasons(client: TestClient, name: str) -> None:
    format, content = FILES[name]
    answer = client.post("/v1/datasets", params={"format": format}, content=content)
    assert answer.status_code in (413, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10
