"""What reading a dataset gives, whichever way its bytes came."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from core.data.describe import Described
from core.nn.preparation.column import Column
from core.nn.preparation.schema import Schema


@dataclass(frozen=True, slots=True)
class Parsed:
    """The schema, and the first rows as clients see them: `{column: value}`, None where a value is missing."""

    schema: Schema
    preview: list[dict[str, Any]]


def schema_of(columns: Sequence[Described], rows: int) -> Schema:
    return Schema(
        rows=rows, columns=tuple(Column(*(getattr(column, field.name) for field in fields(Column))) for column in columns)
    )
