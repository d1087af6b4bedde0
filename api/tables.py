"""The data of a request: datasets that are stored, or lists that become datasets when the job is submitted."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.deps import Service
from api.limits.quotas import quotas_of
from api.schemas import Data, InlineData, JobRequest
from core.data.inline import WEIGHT, inline_table
from core.errors import InvalidSpec, NotFound, Problem
from core.ids import is_id
from core.nn.preparation.names import ColumnNames
from core.nn.preparation.schema import Schema
from core.nn.spec import DatasetValidation, DataSpec, InlineValidation
from core.store import Dataset


@dataclass(frozen=True, slots=True)
class Table:
    """Data of a request: a dataset that it names at `pointer`, or the content of one that may not be stored yet, in `file`."""

    schema: Schema
    stored: Dataset | None
    pointer: str | None = None
    file: Path = Path()
    sha256: str = ""
    size_bytes: int = 0
    preview: tuple[dict[str, Any], ...] = ()


def chosen_table(service: Service, tenant: str, data: Data, directory: Path) -> tuple[DataSpec, Table]:
    """The data to train on and the choice of their columns. InvalidSpec where they are not there, or are no data."""
    if isinstance(data, InlineData):
        table = _inline(service, tenant, data, directory / "table", "/dataset")
        return _inline_columns(table.schema, data), table
    return data.spec(), _stored(service, tenant, data.id, "/dataset/id")


def untargeted(service: Service, tenant: str, document: Any) -> list[Problem]:
    """That the request names a dataset but no target, with the columns that there are to choose from; or nothing."""
    data = document.get("dataset") if isinstance(document, dict) else None
    if not isinstance(data, dict) or not isinstance(id := data.get("id"), str) or "target" in data:
        return []
    try:
        schema = _stored(service, tenant, id, "/dataset/id").schema
    except InvalidSpec as error:
        return list(error.problems)
    there_are = ColumnNames(schema).there_are()
    return [Problem("/dataset/target", f"target is missing; it must be the column to learn, or a list of such; {there_are}")]


def validation_table(service: Service, tenant: str, request: JobRequest, directory: Path) -> Table | None:
    """The data to validate on, where they are not rows of the dataset."""
    validation, at = request.training.validation, "/training/validation"
    if isinstance(validation, DatasetValidation):
        return _stored(service, tenant, validation.dataset, f"{at}/dataset")
    if not isinstance(validation, InlineValidation):
        return None
    if not isinstance(request.dataset, InlineData):
        message = 'validation.inputs goes with data in the request; beside a stored dataset give {"dataset": "ds_…"}'
        raise InvalidSpec([Problem(f"{at}/inputs", message)])
    return _inline(service, tenant, validation, directory / "validation", at)


def added(service: Service, tenant: str, table: Table) -> Dataset:
    """The dataset that data sent along becomes."""
    most = quotas_of(service, tenant).stored_bytes
    schema, preview = table.schema.model_dump(mode="json"), list(table.preview)
    dataset, _ = service.store.datasets.add(
        tenant, table.sha256, "json", schema, preview, table.size_bytes, None, "inline", table.file, None, most
    )
    return dataset


def relocated(problems: Any, data: Data) -> list[Problem]:
    """Columns of inline data have no names in the request: what is wrong with them is wrong with its lists."""
    if not isinstance(data, InlineData):
        return list(problems)
    places = {"target": "/dataset/targets", "features": "/dataset/inputs", "weight": "/dataset/weights"}
    moved = []
    for problem in problems:
        parts = problem.pointer.split("/")
        is_column = parts[:2] == ["", "dataset"] and len(parts) > 2 and parts[2] in places
        moved.append(Problem(places[parts[2]], problem.message) if is_column else problem)
    return moved


def _stored(service: Service, tenant: str, id: str, pointer: str) -> Table:
    try:
        if not is_id("ds", id):
            raise NotFound(f"there is no dataset {id!r}")
        dataset = service.store.datasets.get(tenant, id)
    except NotFound as error:
        raise InvalidSpec([Problem(pointer, error.message)]) from None
    return Table(Schema.model_validate(dataset.schema), dataset, pointer)


def _inline(service: Service, tenant: str, data: InlineData | InlineValidation, file: Path, at: str) -> Table:
    made = inline_table(data.inputs, data.targets, file, data.weights, at)
    sha256 = _hash_of(made.schema, file)
    known = service.store.datasets.find(tenant, sha256, "json")
    return Table(made.schema, known, None, file, sha256, file.stat().st_size, tuple(made.preview))


def _hash_of(schema: Schema, file: Path) -> str:
    """Of the table and its schema, which alone holds the texts; no file that is uploaded has the same hash."""
    digest = hashlib.sha256(b"inline\0" + schema.model_dump_json().encode() + b"\0")
    digest.update(file.read_bytes())
    return digest.hexdigest()


def _inline_columns(schema: Schema, data: InlineData) -> DataSpec:
    names = [column.name for column in schema.columns]
    targets = tuple(name for name in names if name.startswith("target"))
    target = targets[0] if targets == ("target",) else targets
    return DataSpec(
        target=target,
        weight=None if data.weights is None else WEIGHT,
        class_weights=data.class_weights,
        scaling=data.scaling,
        target_scaling=data.target_scaling,
    )
