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
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def scan(path: Path, counted: str = "") -> dict[str, int]:
    """How often each of the ASCII characters `counted` is in the file.

    InvalidData, with the line, for an empty file, a NUL byte or a byte that is not UTF-8. A byte order mark is allowed.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = newlines = 0
    counts = dict.fromkeys(counted, 0)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if size == 0 and (kind := next((kind for begin, kind in _BINARY.items() if chunk.startswith(begin)), None)):
                raise InvalidData(f"this is {kind}; text is needed")
            if size == 0 and chunk.startswith(_ZIP):
                raise InvalidData("this is a zip or Excel file; text is needed: unpack it, or save the sheet as CSV in UTF-8")
            if size == 0 and chunk[:2] in _UTF16:
                raise InvalidData("the file is UTF-16 text; UTF-8 is needed")
            if (place := chunk.find(0)) >= 0:
                line = newlines + chunk.count(b"\n", 0, place) + 1
                raise InvalidData(f"line {line} has a NUL byte; text is needed")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                line = newlines + error.object[: error.start].count(b"\n") + 1
                byte = error.object[error.start]
                raise InvalidData(f"line {line} has the byte 0x{byte:02x}, which is not UTF-8; {_advice(byte)}") from error
            size += len(chunk)
            newlines += chunk.count(b"\n")
            for character in counted:
                counts[character] += chunk.count(character.encode())
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InvalidData("the file ends within a UTF-8 character") from error
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


def _advice(byte: int) -> str:
    character = bytes([byte]).decode("cp1252", "ignore")
    return f'as Latin-1 or Windows-1252 it is "{character}": save the file as UTF-8' if character else "save the file as UTF-8"
