"""Reads a client's file in a child process that may take only so much memory and time, whatever the file holds."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

from core.data import disk
from core.data.child import DISK_FULL, converted
from core.data.parsed import Parsed
from core.errors import CapacityError, CoreError, InvalidData, TooLarge
from core.nn.preparation.reading import AS_IT_LOOKS, Reading, ToPredict
from core.nn.preparation.schema import Schema
from core.settings import Settings

Format = Literal["csv", "jsonl", "parquet", "npy", "npz", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {
    "PYTHONPATH": str(_ROOT),
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve address space far beyond what they use
}
_MAX_ANSWER_BYTES = 1 << 27
_GRACE_S = 5.0  # the child ends itself in time; this much later it is killed
_OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "Out of memory")  # as Python, C++ and Arrow say it when they die of it
_ERRORS: dict[str, type[CoreError]] = {error.code: error for error in (InvalidData, TooLarge, CapacityError)}

logger = logging.getLogger(__name__)


def parse_upload(source: Path, format: Format, into: Path, settings: Settings, reading: Reading = AS_IT_LOOKS) -> Parsed:
    """Reads the file `source` and writes its table to `into`, of which nothing is left if an error is raised.

    InvalidData or TooLarge, where the file is at fault, names row and column as far as known; CapacityError where it took more
    than `parse_memory_bytes` or `parse_timeout_s`; OSError where the disk is full. Memory of this process does not grow
    with the file.
    """
    size = source.stat().st_size
    if size > settings.max_dataset_bytes:
        raise TooLarge(f"the file has {size} bytes; {settings.max_dataset_bytes} are allowed")
    request = {
        "source": str(source.absolute()),
        "format": format,
        "into": str(into.absolute()),
        "bytes": settings.max_dataset_bytes,
        "reading": reading.to_json(),
        "learned": reading.learned.to_json() if isinstance(reading, ToPredict) else None,
        "cells": settings.max_dataset_cells,
        "memory": settings.parse_memory_bytes,
        "seconds": settings.parse_timeout_s,
        "parent": os.getpid(),
    }
    is_done = False
    try:
        answer = _answer(request, into.parent, settings)
        parsed = Parsed(Schema.model_validate({name: answer[name] for name in Schema.model_fields}), answer["preview"])
        is_done = True
        return parsed
    finally:
        converted(into).unlink(missing_ok=True)
        if not is_done:
            into.unlink(missing_ok=True)


def _answer(request: dict[str, Any], directory: Path, settings: Settings) -> dict[str, Any]:
    with (
        tempfile.TemporaryFile(dir=directory) as asked,  # names of columns may be more than arguments hold
        tempfile.TemporaryFile(dir=directory) as output,
        tempfile.TemporaryFile(dir=directory) as log,
    ):
        asked.write(json.dumps(request).encode())
        asked.seek(0)
        # Its argument is for lists of processes, which tell so what it reads.
        process = subprocess.Popen(  # noqa: S603  our own interpreter and module; the file's name is data in one argument
            [sys.executable, "-s", "-P", "-m", "core.data.child", request["source"]],
            stdin=asked,
            stdout=output,
            stderr=log,
            cwd=directory,
            env=_ENVIRONMENT,
        )
        try:
            status = process.wait(settings.parse_timeout_s + _GRACE_S)
        except subprocess.TimeoutExpired:
            status = -signal.SIGALRM
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
        complaint = log.read().decode("utf-8", "replace")
        if complaint:
            logger.warning("the reader of a %s file ended with %s: %s", request["format"], status, complaint)
        if status != 0:
            raise _death(status, complaint, request["format"], settings)
        if output.seek(0, os.SEEK_END) > _MAX_ANSWER_BYTES:
            raise TooLarge(f"the description of the columns takes more than {_MAX_ANSWER_BYTES} bytes; use fewer columns")
        output.seek(0)
        answer: dict[str, Any] = json.load(output)
    if error := answer.get("error"):
        message = error["message"]
        if error["code"] == CapacityError.code:
            message += f" ({settings.parse_memory_bytes} bytes)"
        raise _ERRORS.get(error["code"], InvalidData)(message)
    return answer


def _death(status: int, complaint: str, format_name: str, settings: Settings) -> CoreError | OSError:
    """Why the child did not answer."""
    if status in (DISK_FULL, -signal.SIGBUS):  # as the system says it of memory that is mapped to a file
        return disk.full()
    if status in (-signal.SIGALRM, -signal.SIGXCPU):
        return CapacityError(f"reading the file takes longer than a dataset is given ({settings.parse_timeout_s:g} seconds)")
    if status == -signal.SIGKILL or any(words in complaint for words in _OUT_OF_MEMORY):
        return CapacityError(
            f"reading the file takes more memory than a dataset is given ({settings.parse_memory_bytes} bytes)"
        )
    return InvalidData(
        f"the file cannot be read as {format_name}: it makes the reader crash, as values nested thousands deep do"
    )
