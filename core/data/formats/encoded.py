"""Text files that are not UTF-8, as such that are: UTF-16 where its byte order mark tells it, else as the client said."""

import codecs
import re
from pathlib import Path

from core.data.formats.text import bad_byte, check_begin
from core.errors import InvalidData
from core.nn.preparation.reading import Encoding

_CHUNK_BYTES = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile("[\x80-\x9f]")  # what bytes become that ISO's encodings have no character for


def in_utf8(path: Path, encoding: Encoding | None, into: Path) -> tuple[Path, Encoding | None]:
    """The file itself where it is UTF-8, or where nothing tells what else; otherwise `into`, its text in UTF-8, and `encoding`
    if that is how it was written.

    InvalidData, with the line, where the encoding lacks a byte. In memory are some megabytes, whatever the size.
    """
    with path.open("rb") as file:
        begin = file.read(16)
    check_begin(begin)
    found = "utf-16" if begin.startswith(_UTF16) else encoding
    if found is None or (found != "utf-16" and _is_utf8(path)):
        return path, None
    decoder, line = codecs.getincrementaldecoder(found)(), 1
    with path.open("rb") as file, into.open("wb") as output:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise InvalidData(_lacking(error.object, error.start, line, found)) from error
            if found.startswith("iso-") and (control := _CONTROL.search(text)):
                raise InvalidData(_lacking(chunk, control.start(), line, found))
            line += text.count("\n")
            output.write(text.encode())
            if not chunk:
                return into, None if found == "utf-16" else encoding


def _lacking(chunk: bytes, place: int, line: int, encoding: str) -> str:
    wrong = "not UTF-16, as which the file begins" if encoding == "utf-16" else f"neither UTF-8 nor {encoding}"
    return f"{bad_byte(chunk, place, line)}, which is {wrong}"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
