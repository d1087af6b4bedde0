"""The limited process that reads one file of a client: `python -m core.data.child`, started by core.data.parse, with
`{"format": …}` in its standard input.

Limits come first, then the imports that the format needs, so that it starts fast. One JSON document goes to standard output:
`{"rows", "columns", "shapes", "first_line", "reading", "preview"}`, or `{"error": {"code", "message"}}`. Whatever goes wrong is
answered, short of a crash.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import traceback
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from core.data.disk import is_full
from core.errors import CapacityError, CoreError, InvalidData
from core.nn.preparation.reading import AS_IT_LOOKS, Reading, ToPredict

DISK_FULL = os.EX_IOERR
_MAX_MESSAGE = 2000
_PR_SET_PDEATHSIG = 1
_TYPED = ("npy", "npz")
_TEXT = ("csv", "json", "jsonl")


def main() -> None:
    request = json.load(sys.stdin)
    _end_with(request["parent"])
    _limit(request)
    _go_first()
    try:
        reading = Reading.from_json(request["reading"])
        if request["learned"] is not None:
            reading = ToPredict.from_json({**request["reading"], "learned": Reading.from_json(request["learned"])})
        source, into = Path(request["source"]), Path(request["into"])
        answer = parse(source, request["format"], into, request["bytes"], request["cells"], reading)
        json.dump(answer, sys.stdout, allow_nan=False)
        sys.stdout.flush()
    except OSError as error:
        if not is_full(error):
            raise
        os._exit(DISK_FULL)  # at once: there is no room for what the buffers still hold


def parse(
    source: Path, format_name: str, into: Path, max_bytes: int, max_cells: int, reading: Reading = AS_IT_LOOKS
) -> dict[str, Any]:
    """The answer for the file; the table is written to `into` unless it is an error. OSError where the disk is full."""
    try:
        return _parse(source, format_name, into, max_bytes, max_cells, reading)
    except CoreError as error:
        return _error(error.code, error.message)
    except MemoryError:
        return _error(CapacityError.code, "reading the file takes more memory than a dataset is given")
    except Exception as error:  # a hostile file may raise anything from the depths of a library
        if is_full(error):
            raise
        traceback.print_exc()
        return _error(InvalidData.code, f"the file cannot be read as {format_name}: {error}")


def converted(into: Path) -> Path:
    """Where the file stands in UTF-8 that was not; who gives `into` removes it."""
    return into.with_name(f"{into.name}.utf8")


def _parse(source: Path, format_name: str, into: Path, max_bytes: int, max_cells: int, reading: Reading) -> dict[str, Any]:
    from core.data.describe import bounded, preview
    from core.data.limits import Limits
    from core.data.table import write_table
    from core.nn.preparation.column import as_meant

    reader = import_module(f"core.data.formats.{format_name}")
    if source.stat().st_size == 0:
        raise InvalidData("the file is empty")
    limits = Limits(max_bytes, max_cells)
    if replace(reading, encoding=None) and format_name in _TYPED:
        raise InvalidData(
            f"numbers, texts, missing_values and decimal say how cells are read; those of {format_name} have their types"
        )
    if format_name in _TEXT:
        source, reading = _in_utf8(source, reading, converted(into))
    read = reader.read(source, limits) if format_name in _TYPED else reader.read(source, limits, reading)
    meant = frozenset(read.reading.numbers)
    columns = bounded(as_meant(column) if column.name in meant else column for column in read.columns)
    write_table(into, {column.name: column.array for column in columns if column.array is not None})
    return {
        "rows": read.rows,
        "columns": [column.to_json() for column in columns],
        "shapes": dict(read.shapes),
        "first_line": read.first_line,
        "reading": read.reading.to_json() if read.reading else None,
        "preview": preview(columns, read.rows),
    }


def _in_utf8(source: Path, reading: Reading, into: Path) -> tuple[Path, Reading]:
    """The file, or what became of it; of new rows with the encoding that it took."""
    from core.data.formats.encoded import in_utf8

    learned = reading.learned.encoding if isinstance(reading, ToPredict) else None
    found, taken = in_utf8(source, reading.encoding or learned, into)
    return found, replace(reading, encoding=taken if isinstance(reading, ToPredict) else reading.encoding)


def _end_with(parent: int) -> None:
    """An interrupt from the terminal is the parent's to handle; its death, where the kernel tells of it, is also this one's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before that
            os._exit(1)


def _limit(request: dict[str, Any]) -> None:
    """Memory, processor time, the size of what is written, and the time by the clock; no dump of a crash."""
    seconds = request["seconds"]
    for kind, limit in (
        (resource.RLIMIT_AS, request["memory"]),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, max(8 * request["cells"] + 2**28, 3 * request["bytes"])),  # as UTF-8 bytes may become three
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (limit, limit) if hard == resource.RLIM_INFINITY else (min(limit, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _go_first() -> None:
    """Where the machine or the container runs out of memory, the kernel ends this process, and not the one it works for."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _error(code: str, message: str) -> dict[str, Any]:
    """The message without what a JSON document or a terminal would not take: half surrogate pairs, control characters."""
    shown = message.encode("utf-8", "backslashreplace").decode()
    shown = "".join(character if character.isprintable() else " " for character in shown)
    return {"error": {"code": code, "message": shown if len(shown) <= _MAX_MESSAGE else shown[: _MAX_MESSAGE - 1] + "…"}}


if __name__ == "__main__":
    main()
