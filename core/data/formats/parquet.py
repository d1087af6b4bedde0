"""Parquet: its columns of numbers, booleans and texts, read one by one; the others are ignored and never unpacked."""

import re
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet, types

from core.data.describe import Described, check_names, ignored, settled
from core.data.formats.arrow import check_type, described, unusable
from core.data.limits import Limits, Read
from core.data.styles import Styles
from core.errors import InvalidData
from core.nn.preparation.reading import AS_IT_LOOKS, Reading

_INDEX = re.compile(r"__index_level_\d+__")


def read(path: Path, limits: Limits, reading: Reading = AS_IT_LOOKS) -> Read:
    """The footer tells the size before anything is unpacked; texts stay dictionaries, so that repeated ones cost nothing."""
    try:
        with parquet.ParquetFile(path, memory_map=False) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            limits.check(rows, max(len(schema), file.metadata.num_columns))
            check_names(schema.names)
            reading = settled(reading, schema.names).with_sign()
        texts = [field.name for field in schema if types.is_string(field.type) or types.is_large_string(field.type)]
        with parquet.ParquetFile(path, memory_map=False, read_dictionary=texts) as file:
            return Read(rows, [_read_column(file, field, rows, reading) for field in schema], reading=reading)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, OSError, UnicodeDecodeError) as error:
        raise InvalidData(f"the file is not Parquet that can be read: {error}") from error


def _read_column(file: parquet.ParquetFile, field: pa.Field, rows: int, reading: Reading) -> Described:
    if _INDEX.fullmatch(field.name):
        return ignored(field.name, "a row index that pandas wrote")
    check_type(field.name, field.type, reading)
    if reason := unusable(field.type):
        return ignored(field.name, reason)
    column = file.read(columns=[field.name], use_threads=False).column(0)
    if len(column) != rows:
        raise InvalidData(f'column "{field.name}" has {len(column)} values, the footer says {rows} rows')
    return described(field.name, column, reading=reading, styles=Styles(reading.sign))
