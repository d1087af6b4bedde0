"""One pass over a text file before it is parsed: is it UTF-8 without NUL bytes, and how often does it have certain bytes?"""

import codecs
import os
from pathlib import Path

from core.errors import InvalidData

_CHUNK_BYTES = 1 << 20
_TAIL_BYTES = 1 << 12
_ZIP = b"PK\x03\x04"
_BINARY = {
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"%PDF-": "a PDF document",
    b"\x1f\x8b": "a gzip file, which may be unpacked",
    b"\xd0\xcf\x11\xe0": "an old Excel file, which may be saved as CSV in UTF-8",
    b"PAR1\x15": "a Parquet file, which is uploaded with format=parquet",
    b"\x93NUMPY": "a NumPy file, which is uploaded with format=npy",
}


def scan(path: Path, counted: str = "") -> dict[str, int]:
    """How often each of the ASCII characters `counted` is in the file.

    InvalidData, with the line, for an empty file, a NUL byte or a byte that is not UTF-8. A byte order mark is allowed.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = newlines = 0
    counts = dict.fromkeys(counted, 0)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if size == 0:
                check_begin(chunk)
            if (place := chunk.find(0)) >= 0:
                line = newlines + chunk.count(b"\n", 0, place) + 1
                raise InvalidData(f"line {line} has a NUL byte; text is needed")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                told = bad_byte(error.object, error.start, newlines + 1)
                raise InvalidData(f"{told}, which {_not_utf8(error.object[error.start])}") from error
            size += len(chunk)
            newlines += chunk.count(b"\n")
            for character in counted:
                counts[character] += chunk.count(character.encode())
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        told = f"the file ends within a UTF-8 character, with the byte 0x{error.object[0]:02x}"
        raise InvalidData(f"{told}, or it {_not_utf8(error.object[0])}") from error
    if size == 0:
        raise InvalidData("the file is empty")
    return counts


def first_line(path: Path, newlines: int, rows: int, header: int = 0) -> int | None:
    """The line, from 1, of the first of so many rows behind `header` lines; None unless every row is one line.

    Blank lines and texts of several lines make more lines of as many rows; none makes fewer.
    """
    with path.open("rb") as file:
        file.seek(-min(_TAIL_BYTES, path.stat().st_size), os.SEEK_END)
        tail = file.read()
    blank = tail[len(tail.rstrip(b"\r\n")) :].count(b"\n")
    return header + 1 if newlines - blank + 1 == header + rows else None


def check_begin(chunk: bytes) -> None:
    """InvalidData where a file begins so that is no text."""
    if kind := next((kind for begin, kind in _BINARY.items() if chunk.startswith(begin)), None):
        raise InvalidData(f"this is {kind}; text is needed")
    if chunk.startswith(_ZIP):
        raise InvalidData("this is a zip or Excel file; text is needed: unpack it, or save the sheet as CSV in UTF-8")


def bad_byte(chunk: bytes, place: int, first_line: int) -> str:
    """The byte with its line; `first_line` is the chunk's."""
    line = first_line + chunk.count(b"\n", 0, place)
    return f"line {line} has the byte 0x{chunk[place]:02x}"


def _not_utf8(byte: int) -> str:
    character = bytes([byte]).decode("cp1252", "ignore")
    shown = f' (as windows-1252 it is "{character}")' if character else ""
    return (
        f"is not UTF-8{shown}: save the file as UTF-8, or upload it with encoding=windows-1252, "
        "where a Windows spreadsheet of Western Europe wrote it"
    )
