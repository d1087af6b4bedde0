"""Datasets: what is known of them and of each column, and their first rows."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.answers.base import JSON, Answer, List, rfc3339
from core.nn.preparation.column import Column
from core.nn.preparation.reading import Reading
from core.nn.preparation.roles import tells_rows_apart
from core.nn.preparation.schema import Schema
from core.store import Dataset, DatasetSummary

FIRST_VALUES = 20  # of a column, unless all are asked for


def dataset_answer(dataset: Dataset, all_values: bool = False) -> JSON:
    columns, known = dataset.schema["columns"], Schema.model_validate(dataset.schema)
    return {
        **dataset_summary(dataset),
        "columns": columns if all_values else [_shortened(column) for column in columns],
        "left_out": [column.name for column in known.columns if tells_rows_apart(column, known.rows)],
        "shapes": dataset.schema.get("shapes", {}),
        "first_line": dataset.schema.get("first_line"),
        "reading": dataset.schema.get("reading"),
    }


def dataset_summary(dataset: DatasetSummary) -> JSON:
    return {
        "id": dataset.id,
        "object": "dataset",
        "name": dataset.name,
        "format": dataset.format,
        "source": dataset.source_kind,
        "sha256": dataset.sha256,
        "bytes": dataset.size_bytes,
        "created_at": rfc3339(dataset.created_at),
        "rows": dataset.row_count,
        "column_count": dataset.column_count,
    }


def _shortened(column: JSON) -> JSON:
    values = column.get("values")
    if values is None or len(values) <= FIRST_VALUES:
        return column
    return {**column, "distinct": len(values), "values": values[:FIRST_VALUES]}


class DatasetSummaryAnswer(Answer):
    id: str
    object: Literal["dataset"]
    name: str | None
    format: str
    source: Literal["upload", "inline"]
    sha256: str = Field(
        description="Of the bytes that were sent, and where the upload said how cells are read, of "
        "that too; of data that came with a job, of the table that they became."
    )
    bytes: int = Field(description="How many were sent; of data that came with a job, the size of their table.")
    created_at: datetime
    rows: int
    column_count: int


class DatasetAnswer(DatasetSummaryAnswer):
    columns: list[Column] = Field(
        description=f"`values` are the first {FIRST_VALUES} of the `distinct` ones, unless `?values=all` asks for all."
    )
    left_out: list[str] = Field(
        default_factory=list,
        description="Columns that tell rows apart: whole numbers that only number them, and texts that hardly repeat, each "
        "of which would be an input. A job takes them only where its `features` name them, or where there is nothing else to "
        "take, and then the numbers before the texts.",
    )
    shapes: dict[str, list[int]] = Field(
        description="Of arrays of more than two dimensions: what one row of `a` was before it became the columns a0, a1, … in "
        "C order, for a `reshape` layer."
    )
    first_line: int | None = Field(
        None,
        description="Of CSV and JSON lines: the line of the file in which row 0 stands; row i stands i lines below. Null where "
        "rows are not one line each.",
    )
    reading: Reading | None = Field(
        None,
        description="What the upload said of its cells, and the decimal sign that the file showed; null where it was neither.",
    )


class DatasetList(List):
    data: list[DatasetSummaryAnswer]


class PreviewAnswer(Answer):
    object: Literal["preview"]
    dataset: str
    rows: int = Field(description="Of the whole dataset.")
    data: list[JSON] = Field(description="The first rows; null where a value is missing.")
