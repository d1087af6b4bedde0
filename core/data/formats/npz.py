"""NPZ: a zip archive of NPY arrays. A one-dimensional array `a` is the column a, one of more dimensions the columns a0, a1, ….

The zip directory is believed only where it forbids: the sizes it claims are bounded, and no entry gives more than it claims.
Entries' names become names of columns, never paths.
"""

import zipfile
import zlib
from math import prod
from pathlib import Path

from core.data.describe import Described, check_names
from core.data.formats.npy import columns, read_array, shapes
from core.data.limits import Limits, Read
from core.errors import InvalidData, TooLarge

MAX_RATIO = 200
_FREE_BYTES = 1 << 24  # small archives of constant columns pack better than MAX_RATIO
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def read(path: Path, limits: Limits) -> Read:
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path.stat().st_size, limits)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise InvalidData(f"the file is not NPZ that can be read: {error}") from error


def _read(archive: zipfile.ZipFile, size: int, limits: Limits) -> Read:
    entries = archive.infolist()
    limits.check(1, len(entries))
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.bytes:
        raise TooLarge(f"the archive unpacks to {unpacked} bytes; {limits.bytes} are allowed")
    if unpacked > MAX_RATIO * size + _FREE_BYTES:
        raise TooLarge(
            f"the archive of {size} bytes unpacks to {unpacked}, {unpacked // size} times as many; {MAX_RATIO} are allowed"
        )
    found: list[Described] = []
    shaped: dict[str, tuple[int, ...]] = {}
    rows = 0
    for place, entry in enumerate(entries, 1):
        name = entry.filename.removesuffix(".npy")
        check_names([name])
        if name == entry.filename:
            raise InvalidData(f"entry {place} is named {name!a}; entries are NPY arrays, and named so: {name!a}.npy")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise InvalidData(
                f'entry "{name}" is encrypted or packed by method {entry.compress_type}; stored and deflated are read'
            )
        with archive.open(entry) as stream:
            array = read_array(stream, entry.file_size, limits, f'array "{name}"')
        if found and len(array) != rows:
            raise InvalidData(f'array "{name}" has {len(array)} rows, those before it have {rows}; all must have as many')
        rows = len(array)
        limits.check(rows, len(found) + prod(array.shape[1:]))
        found += columns(name, array, is_numbered=array.ndim > 1)
        shaped |= shapes(name, array)
    check_names([column.name for column in found])
    return Read(rows, found, shaped)
