"""Text files that are not UTF-8."""

import io
import tracemalloc
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from core.data.formats.encoded import in_utf8
from core.data.parse import Format, parse_upload
from core.errors import InvalidData
from core.nn.preparation.reading import AS_IT_LOOKS, Encoding, Reading, ToPredict
from core.nn.preparation.schema import Schema
from core.settings import Settings
from tests.data.files import read_here

TEXT = 'Fläche;Straße\n12,5;Äppelweg\n"8,25";Öse – 5 €\n'


def schema(content: bytes, directory: Path, encoding: Encoding | None = None, format: Format = "csv") -> Schema:
    return read_here(content, format, directory, reading=Reading(encoding=encoding)).schema


def test_a_file_of_windows_is_read_in_the_encoding_that_is_said(tmp_path: Path) -> None:
    found = schema(TEXT.encode("cp1252"), tmp_path, "windows-1252")
    assert [column.name for column in found.columns] == ["Fläche", "Straße"]
    assert found.column("Straße").values == ("Äppelweg", "Öse – 5 €")
    assert found.column("Fläche").mean == pytest.approx(10.375)
    assert found.reading == Reading(decimal="comma", encoding="windows-1252")


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_utf8_is_read_as_utf8_whatever_is_said(encoding: Encoding, tmp_path: Path) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        found = schema(mark + TEXT.encode(), tmp_path, encoding)
        assert [column.name for column in found.columns] == ["Fläche", "Straße"]
        assert found.column("Straße").values == ("Äppelweg", "Öse – 5 €")


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_every_encoding_is_known(encoding: Encoding, tmp_path: Path) -> None:
    every = bytes(range(0xA0, 0x100)) if encoding.startswith("iso") else bytes(range(0x80, 0x100))
    texts = every.decode(encoding, "ignore").replace("\xa0", "").strip()
    found = schema(f"name,x\n{texts},1\n{texts},2\n".encode(encoding) + b"\n", tmp_path, encoding)
    assert found.column("name").values == (texts,)


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_json_too_is_read_in_the_encoding_that_is_said(format: Format, tmp_path: Path) -> None:
    rows = ['{"Straße": "Ä"}', '{"Straße": "Ü"}']
    content = "\n".join(rows) if format == "jsonl" else f"[{','.join(rows)}]"
    assert schema(content.encode("latin-1"), tmp_path, "iso-8859-1", format).column("Straße").values == ("Ä", "Ü")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_told_by_its_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    content = ("" if encoding == "utf-16" else "\ufeff") + TEXT.replace(";", "\t")
    for said in (None, "windows-1252"):
        found = schema(content.encode(encoding), tmp_path, said)
        assert found.column("Straße").values == ("Äppelweg", "Öse – 5 €")


@pytest.mark.parametrize(("encoding", "taken"), [("windows-1252", "windows-1252"), ("utf-8", None), ("utf-16", None)])
def test_of_a_learned_encoding_it_is_told_whether_the_file_has_it(
    encoding: str, taken: Encoding | None, tmp_path: Path
) -> None:
    for reading in (ToPredict(learned=Reading(encoding="windows-1252")), ToPredict(encoding="windows-1252")):
        found = read_here(TEXT.encode(encoding), "csv", tmp_path, reading=reading).schema
        assert found.column("Straße").values == ("Äppelweg", "Öse – 5 €")
        assert (found.reading or AS_IT_LOOKS).encoding == taken


def test_what_is_not_utf8_is_refused_with_what_may_be_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidData) as refusal:
        schema(TEXT.encode("cp1252"), tmp_path)
    assert refusal.value.message == (
        'line 1 has the byte 0xe4, which is not UTF-8 (as windows-1252 it is "ä"): save the file as UTF-8, or upload it with '
        "encoding=windows-1252, where a Windows spreadsheet of Western Europe wrote it"
    )
    with pytest.raises(InvalidData, match=r"with the byte 0xe9, or it is not UTF-8 .* encoding=windows-1252, where"):
        schema(b"a,b\n1,\xe9", tmp_path)


@pytest.mark.parametrize(
    ("encoding", "byte"),
    [("windows-1252", b"\x81"), ("iso-8859-1", b"\x80"), ("iso-8859-15", b"\x9f"), ("windows-1253", b"\xd2")],
)
def test_a_byte_that_the_encoding_lacks_is_refused_with_its_line(encoding: Encoding, byte: bytes, tmp_path: Path) -> None:
    for rows in (2, 400_000):  # more than is looked at at once
        content = b"name,x\n" + b"\xe4,1\n" * rows + byte + b",1\n"
        with pytest.raises(InvalidData) as refusal:
            schema(content, tmp_path, encoding)
        assert refusal.value.message == f"line {rows + 2} has the byte 0x{byte.hex()}, which is neither UTF-8 nor {encoding}"


def test_half_a_character_of_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match="line 3 has the byte 0x0a, which is not UTF-16, as which the file begins"):
        schema("a,b\n1,2\n3,4\n".encode("utf-16")[:-1], tmp_path)


def test_no_text_becomes_one_in_any_encoding(tmp_path: Path) -> None:
    for content, told in ((b"\x89PNG\r\n\x1a\n\xff", "a PNG image"), (b"a,b\n1,\xe4\0\n", "NUL byte")):
        with pytest.raises(InvalidData, match=told):
            schema(content, tmp_path, "windows-1252")


def test_data_that_have_their_types_do_not_mind(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, np.ones((2, 2)))
    assert schema(file.getvalue(), tmp_path, "windows-1252", "npy").rows == 2


def test_a_large_file_becomes_utf8_in_little_memory(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"name;x\n" + (b"\xc4" * 60 + b";1\n") * 1_000_000)
    tracemalloc.start()
    try:
        into, taken = in_utf8(tmp_path / "source", "windows-1252", tmp_path / "into")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (into.stat().st_size, taken) == (7 + 123_000_000, "windows-1252")
    assert peak < 8 * 2**20


def test_nothing_is_left_of_a_file_that_was_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(TEXT.encode("cp1252"))
    parse_upload(tmp_path / "source", "csv", tmp_path / "table", Settings(), Reading(encoding="windows-1252"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "table"]
    with pytest.raises(InvalidData):
        parse_upload(
            tmp_path / "source",
            "csv",
            tmp_path / "none",
            Settings(),
            Reading(numbers=("Straße",), encoding="windows-1252"),
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "table"]
