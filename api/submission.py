"""From the bytes of a request to a job that can be trained, or to everything that is wrong with it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.bodies import check_few_objects, judged, parsed
from api.deps import Service
from api.limits.quotas import check_job, quotas_of
from api.schemas import Data, JobRequest
from api.starting import Source, adopt, source_of
from api.tables import Table, added, chosen_table, relocated, untargeted, validation_table
from core.errors import Conflict, InvalidSpec, NotFound, Problem
from core.jobs import MOST_NAME
from core.nn.planning import reach
from core.nn.planning.outline import Outline
from core.nn.planning.plan import Limits, Plan, plan
from core.nn.preparation import validation
from core.nn.preparation.choice import problems as column_problems
from core.nn.preparation.roles import inputs
from core.nn.preparation.warnings import warnings
from core.nn.spec import DatasetValidation, DataSpec, Loss
from core.store import Idempotency, Job, NewJob

MOST_TARGETS = 3  # that a name tells


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
    """A request that can be trained; `chosen` tells by JSON pointers what it had left open, `warnings` what it may not mean."""

    request: JobRequest
    columns: DataSpec
    table: Table
    other: Table | None  # to validate on
    plan: Plan
    chosen: dict[str, Any]
    warnings: list[dict[str, str]]


def check(service: Service, tenant: str, body: bytes) -> Checked:
    """The dry run: nothing is stored. InvalidSpec with every problem."""
    with _directory(service) as directory:
        return _checked(service, tenant, body, Path(directory))


def submit(service: Service, tenant: str, body: bytes, key: str | None) -> tuple[Job, bool]:
    """A queued job; or that of the first time, and True, where the same key came with the same body before.

    Of two such requests at the same moment both get the one job, and neither may be told of the other.
    """
    idempotency = None if key is None else Idempotency(key, hashlib.sha256(body).hexdigest())
    if idempotency is not None and (first := service.store.idempotency.job(tenant, idempotency)) is not None:
        return first, True
    service.store.quotas.check_queue(tenant, quotas_of(service, tenant).queued_jobs)
    with _directory(service) as directory:
        checked = _checked(service, tenant, body, Path(directory))
        for is_first in (True, False):
            try:
                return _queued(service, tenant, checked, idempotency, trusts=is_first), False
            except NotFound as error:  # somebody deleted a dataset meanwhile, which the request names or made, or the weights
                if " weights " in error.message:
                    raise InvalidSpec([Problem("/training/start", error.message)]) from None
                if problems := _gone(service, tenant, checked):
                    raise InvalidSpec(problems) from None
        raise Conflict("a dataset of this job is deleted again and again while it is submitted; send it again")


def _queued(service: Service, tenant: str, checked: Checked, idempotency: Idempotency | None, *, trusts: bool) -> Job:
    """The job. `trusts` says that data sent along are still stored where they were found."""

    def id_of(table: Table) -> str:
        if table.stored is not None and (trusts or table.pointer is not None):
            return table.stored.id
        return added(service, tenant, table).id

    training, other = checked.request.training, None
    if checked.other is not None:
        other = id_of(checked.other)
        training = training.model_copy(update={"validation": DatasetValidation(dataset=other)})
    new = NewJob(
        spec={
            "network": checked.request.network.model_dump(mode="json"),
            "dataset": checked.columns.model_dump(mode="json"),
            "training": training.model_dump(mode="json"),
            "chosen": checked.chosen,
            "warnings": checked.warnings,
        },
        dataset_id=id_of(checked.table),
        epochs_total=training.epochs if training.budget_s is None else None,
        seed=training.seed,
        metadata=checked.request.metadata,
        plan=checked.plan.model_dump(mode="json"),
        start_id=None if training.start is None else training.start.source,
        validation_dataset_id=other,
        is_validated=training.validation is not None,
        priority=checked.request.priority,
        snapshot_bytes=checked.plan.snapshot_bytes,
        name=checked.request.name or _name(checked.columns, checked.table),
        weights_bytes=_weights_bytes(checked),
    )
    quotas = quotas_of(service, tenant)
    return service.store.jobs.submit(tenant, new, idempotency, quotas.queued_jobs, quotas.stored_bytes)


def _name(columns: DataSpec, table: Table) -> str | None:
    """What a job is called that nobody gave a name, by what it learns; nothing where its data have no name."""
    if table.stored is None or table.stored.name is None:
        return None
    first, others = ", ".join(columns.targets[:MOST_TARGETS]), len(columns.targets) - MOST_TARGETS
    name = f"{first}{f' and {others} more' if others > 0 else ''} from {table.stored.name}"
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"


def _weights_bytes(checked: Checked) -> int:
    """Of the best weights and the last; where the optimizer's state is kept, of that too, two numbers of each weight."""
    each = 8 if checked.request.network.dtype == "float64" else 4
    return checked.plan.parameters * each * (4 if checked.request.training.keep_optimizer_state else 2)


def _gone(service: Service, tenant: str, checked: Checked) -> list[Problem]:
    """The datasets that the request names and that are not there any more."""
    problems = []
    for table in (checked.table, checked.other):
        if table is not None and table.pointer is not None and table.stored is not None:
            try:
                service.store.datasets.get(tenant, table.stored.id)
            except NotFound as error:
                problems.append(Problem(table.pointer, error.message))
    return problems


def _directory(service: Service) -> TemporaryDirectory[str]:
    return TemporaryDirectory(dir=service.files)


def _checked(service: Service, tenant: str, body: bytes, directory: Path) -> Checked:
    check_few_objects(body)
    outline = Outline(parsed(body))
    source, told = _source_of(service, tenant, outline)
    found, problems = _data_of(service, tenant, outline.document, directory)
    sent = None if found is None else found[0]
    if found is not None:
        found = (outline.choose_features(found[0], found[1].schema), found[1])
    outline.complete(*(None, None) if found is None else (found[0], found[1].schema))
    told = [*told, *outline.problems]
    request, wrong = judged(JobRequest, outline.document)
    if request is None or found is None:
        if found is not None:
            problems = _problems_of_columns(*found, outline.document)
        better = {problem.pointer for problem in problems}
        raise InvalidSpec([*(problem for problem in wrong if problem.pointer not in better), *told, *problems])
    columns, table = found
    if told:
        raise InvalidSpec([*told, *_problems_of_columns(columns, table, outline.document)])
    settings = service.settings
    limits = Limits(settings.max_parameters, settings.max_training_bytes, settings.max_threads)
    kept = None if source is None or source.kept is None else source.kept.layout
    try:
        other = validation_table(service, tenant, request, directory)
    except InvalidSpec as error:
        other, problems = table, list(error.problems)  # in its place, so that what is wrong elsewhere is found all the same
    try:
        if source is not None:
            source.check_columns(table.schema, columns, request.training)
        if "/training/loss" in outline.chosen and (wrong := _problems_of_columns(columns, table, outline.document)):
            raise InvalidSpec(wrong)  # a loss that was chosen for wrong columns may be wrong with all the rest
        measured = None if other is None else other.schema
        planned = plan(request.network, request.training, columns, table.schema, limits, kept, measured)
        if source is not None:
            source.check(request.network, request.training, kept or inputs(table.schema, columns))
    except InvalidSpec as error:
        raise InvalidSpec([*problems, *relocated(error.problems, request.dataset)]) from None
    if problems:
        raise InvalidSpec(problems)
    check_job(quotas_of(service, tenant), planned, request.training.budget_s)
    warned = relocated(warnings(table.schema, sent or columns, request.training.loss), request.dataset)
    warned += reach.warnings(request.network, request.training, columns, table.schema)
    is_chosen = "/training/epochs" in outline.chosen  # and with them what is validated
    warned += validation.warnings(request.training, table.schema.rows, is_chosen=is_chosen)
    told_of = [{"pointer": warning.pointer, "message": warning.message} for warning in warned]
    return Checked(request, columns, table, other, planned, outline.chosen, told_of)


def _source_of(service: Service, tenant: str, outline: Outline) -> tuple[Source | None, list[Problem]]:
    """What the job is to start from, with what it decides filled in; or what is wrong with that."""
    try:
        source = source_of(service, tenant, outline.document)
    except InvalidSpec as error:
        return None, list(error.problems)
    return source, [] if source is None else adopt(outline, source)


def _data_of(
    service: Service, tenant: str, document: Any, directory: Path
) -> tuple[tuple[DataSpec, Table] | None, list[Problem]]:
    """The data of a request and the choice of their columns, or what is wrong with them beside their form."""
    part, _ = judged(_DataPart, document)
    if part is None:
        return None, untargeted(service, tenant, document)
    try:
        return chosen_table(service, tenant, part.dataset, directory), []
    except InvalidSpec as error:
        return None, list(error.problems)


def _problems_of_columns(columns: DataSpec, table: Table, document: Any) -> list[Problem]:
    """What is wrong with the choice of columns, as far as it can be told from a request that may be wrong elsewhere."""
    part, _ = judged(_LossPart, document)
    if part is None:
        return []
    return relocated(column_problems(table.schema, columns, part.training.loss), part.dataset)
