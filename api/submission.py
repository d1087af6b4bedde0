"""From the bytes of a request to a job that can be trained, or to everything that is wrong with it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.bodies import judged, parsed
from api.deps import Service
from api.schemas import Data, InlineData, JobRequest
from api.starting import Source, adopt, source_of
from core.data.inline import WEIGHT, inline_table
from core.errors import Conflict, InvalidSpec, NotFound, Problem
from core.ids import is_id
from core.nn.auto import Outline
from core.nn.choice import problems as column_problems
from core.nn.columns import inputs
from core.nn.plan import Limits, Plan, plan
from core.nn.schema import Schema
from core.nn.spec import DataSpec, Loss
from core.store import Dataset, Idempotency, Job, NewJob


@dataclass(frozen=True, slots=True)
class Table:
    """The data of a request: which dataset, or the content of one that is not stored yet, and which columns of it."""

    columns: DataSpec
    schema: Schema
    stored: Dataset | None
    sha256: str = ""
    size_bytes: int = 0
    preview: tuple[dict[str, Any], ...] = ()


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _DataPart(_Part):
    dataset: Data


class _LossPart(_DataPart):
    class Training(_Part):
        loss: Loss

    training: Training


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that can be trained; `chosen` tells by JSON pointers what it had left open."""

    request: JobRequest
    table: Table
    plan: Plan
    chosen: dict[str, Any]


def check(service: Service, tenant: str, body: bytes) -> Checked:
    """The dry run: nothing is stored. InvalidSpec with every problem."""
    with _directory(service) as directory:
        return _checked(service, tenant, body, Path(directory, "table"))


def submit(service: Service, tenant: str, body: bytes, key: str | None) -> tuple[Job, bool]:
    """A queued job; or that of the first time, and True, where the same key came with the same body before.

    Of two such requests at the same moment both get the one job, and neither may be told of the other.
    """
    idempotency = None if key is None else Idempotency(key, hashlib.sha256(body).hexdigest())
    if idempotency is not None and (first := service.store.idempotency.job(tenant, idempotency)) is not None:
        return first, True
    with _directory(service) as directory:
        file = Path(directory, "table")
        checked = _checked(service, tenant, body, file)
        request, table = checked.request, checked.table
        spec = {
            "network": request.network.model_dump(mode="json"),
            "dataset": table.columns.model_dump(mode="json"),
            "training": request.training.model_dump(mode="json"),
            "chosen": checked.chosen,
        }

        def queued(dataset: Dataset) -> Job:
            new = NewJob(
                spec=spec,
                dataset_id=dataset.id,
                epochs_total=request.training.epochs if request.training.budget_s is None else None,
                seed=request.training.seed,
                metadata=request.metadata,
                plan=checked.plan.model_dump(mode="json"),
                start_id=start.source if (start := request.training.start) is not None else None,
            )
            return service.store.jobs.submit(tenant, new, idempotency)

        try:
            return queued(table.stored or _added(service, tenant, table, file)), False
        except NotFound as error:  # somebody deleted the dataset meanwhile, or the weights
            if " weights " in error.message:
                raise InvalidSpec([Problem("/training/start", error.message)]) from None
            if not isinstance(request.dataset, InlineData):
                raise InvalidSpec([Problem("/dataset/id", error.message)]) from None
        try:
            return queued(_added(service, tenant, table, file)), False
        except NotFound:
            raise Conflict("the dataset of this job is deleted again and again while it is submitted; send it again") from None


def _added(service: Service, tenant: str, table: Table, file: Path) -> Dataset:
    """The dataset that data sent along becomes."""
    schema, preview = table.schema.model_dump(mode="json"), list(table.preview)
    dataset, _ = service.store.datasets.add(
        tenant, table.sha256, "json", schema, preview, table.size_bytes, None, "inline", file
    )
    return dataset


def _directory(service: Service) -> TemporaryDirectory[str]:
    return TemporaryDirectory(dir=service.files)


def _checked(service: Service, tenant: str, body: bytes, file: Path) -> Checked:
    outline = Outline(parsed(body))
    source, told = _source_of(service, tenant, outline)
    table, problems = _table_of(service, tenant, outline.document, file)
    outline.complete(*(None, None) if table is None else (table.columns, table.schema))
    request, found = judged(JobRequest, outline.document)
    if request is None or table is None:
        if table is not None:
            problems = _problems_of_columns(table, outline.document)
        raise InvalidSpec([*found, *told, *problems])
    if told:
        raise InvalidSpec([*told, *_problems_of_columns(table, outline.document)])
    settings = service.settings
    limits = Limits(settings.max_parameters, settings.max_training_bytes, settings.max_threads)
    kept = None if source is None or source.kept is None else source.kept.layout
    try:
        if source is not None:
            source.check_columns(table.schema, table.columns, request.training)
        if "/training/loss" in outline.chosen and (problems := _problems_of_columns(table, outline.document)):
            raise InvalidSpec(problems)  # a loss that was chosen for wrong columns may be wrong with all the rest
        planned = plan(request.network, request.training, table.columns, table.schema, limits, kept)
        if source is not None:
            source.check(request.network, request.training, kept or inputs(table.schema, table.columns))
    except InvalidSpec as error:
        raise InvalidSpec(_relocated(error.problems, request.dataset)) from None
    return Checked(request, table, planned, outline.chosen)


def _source_of(service: Service, tenant: str, outline: Outline) -> tuple[Source | None, list[Problem]]:
    """What the job is to start from, with what it decides filled in; or what is wrong with that."""
    try:
        source = source_of(service, tenant, outline.document)
    except InvalidSpec as error:
        return None, list(error.problems)
    return source, [] if source is None else adopt(outline, source)


def _table_of(service: Service, tenant: str, document: Any, file: Path) -> tuple[Table | None, list[Problem]]:
    """The data of a request, or what is wrong with them beside their form."""
    part, _ = judged(_DataPart, document)
    if part is None:
        return None, []
    try:
        return _table(service, tenant, part.dataset, file), []
    except InvalidSpec as error:
        return None, list(error.problems)


def _problems_of_columns(table: Table, document: Any) -> list[Problem]:
    """What is wrong with the choice of columns, as far as it can be told from a request that may be wrong elsewhere."""
    part, _ = judged(_LossPart, document)
    if part is None:
        return []
    return _relocated(column_problems(table.schema, table.columns, part.training.loss), part.dataset)


def _table(service: Service, tenant: str, data: Data, file: Path) -> Table:
    if isinstance(data, InlineData):
        return _inline(service, tenant, data, file)
    try:
        if not is_id("ds", data.id):
            raise NotFound(f"there is no dataset {data.id!r}")
        dataset = service.store.datasets.get(tenant, data.id)
    except NotFound as error:
        raise InvalidSpec([Problem("/dataset/id", error.message)]) from None
    return Table(data.spec(), Schema.model_validate(dataset.schema), dataset)


def _inline(service: Service, tenant: str, data: InlineData, file: Path) -> Table:
    made = inline_table(data.inputs, data.targets, file, data.weights)
    sha256 = _hash_of(made.schema, file)
    known = service.store.datasets.find(tenant, sha256, "json")
    columns = _inline_columns(made.schema, data)
    return Table(columns, made.schema, known, sha256, file.stat().st_size, tuple(made.preview))


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


def _relocated(problems: Any, data: Data) -> list[Problem]:
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
