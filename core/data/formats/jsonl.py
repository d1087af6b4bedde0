"""JSON lines: one object for each row, its keys the columns' names. null, or a key that is not there, is a missing value."""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import json as arrow_json

from core.data.cells import in_lines
from core.data.describe import check_names, settled, unstorable
from core.data.formats.arrow import described
from core.data.formats.json import kind, load
from core.data.formats.text import first_line, scan
from core.data.limits import Limits, Read
from core.data.styles import Styles
from core.errors import InvalidData
from core.nn.preparation.reading import AS_IT_LOOKS, Reading

_BLOCK_BYTES, _LARGEST_BLOCK_BYTES = 1 << 23, 1 << 28
_SAMPLE_BYTES = 1 << 22
_KEY = re.compile(rb'"([^"\\\n]{0,1000})"\s*:')
_DEEP = 1000


def read(path: Path, limits: Limits, reading: Reading = AS_IT_LOOKS) -> Read:
    counts = scan(path, "[{\n")
    _check_sample(path, limits)
    if counts["["] + counts["{"] > counts["\n"] + 1:
        _check_depth(path)
    try:
        table = _parsed(path, ())
    except pa.ArrowInvalid as error:
        _diagnose(path)
        raise InvalidData(f"the file is not JSON lines as needed: {error}") from error
    limits.check(table.num_rows, table.num_columns)
    names = table.column_names
    check_names(names)
    reading = settled(reading, names).with_sign()
    table = _with_texts(path, table, reading)
    line = first_line(path, counts["\n"], table.num_rows)
    with in_lines(line):
        columns = [
            described(name, table.column(i), refuses_nan=True, reading=reading, styles=Styles(reading.sign), first_line=line)
            for i, name in enumerate(names)
        ]
    return Read(table.num_rows, columns, first_line=line, reading=reading)


def _with_texts(path: Path, table: Any, reading: Reading) -> Any:
    """Of texts Arrow makes times where all of them look so: those that are meant to be texts are read again."""
    fields = (table.schema.field(name) for name in reading.texts)
    texts = tuple(field.name for field in fields if pa.types.is_temporal(field.type))
    return _parsed(path, texts).select(table.column_names) if texts else table


def _parsed(path: Path, texts: Iterable[str]) -> Any:
    block, schema = _BLOCK_BYTES, pa.schema([(name, pa.string()) for name in texts])
    while True:
        try:
            return arrow_json.read_json(
                path,
                arrow_json.ReadOptions(use_threads=False, block_size=block),
                arrow_json.ParseOptions(explicit_schema=schema),
            )
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error) or block >= _LARGEST_BLOCK_BYTES:
                raise
            block *= 8


def _check_sample(path: Path, limits: Limits) -> None:
    """TooLarge where the file's beginning has too many different keys already: Arrow fills a column for each one by one."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    columns = len(set(_KEY.findall(sample)))
    if columns > limits.columns:
        limits.check(1, columns)
    if columns:
        limits.check(max(1, sample.count(b"\n")), columns)


def _check_depth(path: Path) -> None:
    """InvalidData for a line nested so deep that it would crash Arrow."""
    with path.open("rb") as file:
        for line, text in enumerate(file, 1):
            if text.count(b"[") + text.count(b"{") > _DEEP:
                _load(text, line)


def _load(text: str | bytes, line: int) -> Any:
    try:
        return load(text)
    except InvalidData as error:
        raise InvalidData(f"line {line}: {error}") from error


def _diagnose(path: Path) -> None:
    """InvalidData with the line, if one is not an object, or has a value that no column takes or of a kind unlike before."""
    first: dict[str, tuple[int, str]] = {}
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            row = _load(text, line)
            if not isinstance(row, dict):
                raise InvalidData(f"line {line} is {kind(row)}; every line must be an object, {{column: value, …}}")
            for name, value in row.items():
                if value is None:
                    continue
                if fault := unstorable(name + value if isinstance(value, str) else name):
                    raise InvalidData(f'line {line}: column "{name}" has {fault}, which cannot be stored')
                if isinstance(value, float) and not math.isfinite(value):
                    raise InvalidData(f'line {line}: column "{name}" has a number beyond float64 (about 1.8e308)')
                before, expected = first.setdefault(name, (line, kind(value)))
                if kind(value) != expected:
                    raise InvalidData(
                        f'line {line}: column "{name}" is {kind(value)}, in line {before} it is {expected}; one kind is needed'
                    )
