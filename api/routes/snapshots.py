"""/v1/jobs/{id}/snapshots and /v1/jobs/{id}/trace: how a network came to know what it knows."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.answers import answer, list_answer
from api.deps import JobId, Service, Tenant, TheService
from api.errors import Refused, wrong_parameter
from api.kept import Epoch, SnapshotList, kept_epochs, snapshot_answer, weights_of
from api.negotiation import is_match
from api.openapi import operation
from api.parameters import LARGEST
from api.predicting import LARGE_BYTES
from api.traces import Row, TraceAnswer, rate_of, trace_answer
from core.errors import Conflict, NotFound
from core.nn.spec import NetworkSpec
from core.nn.trace import untraceable
from core.store import Dataset, Job, Snapshot

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_ID = "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"
_TRACE: dict[str, Any] = {
    "object": "trace",
    "job": _ID,
    "epoch": 10,
    "epochs": [0, 1, 10, 100],
    "row": 0,
    "rows": 4,
    "is_validation": False,
    "weight": 1.0,
    "learning_rate": 0.1,
    "inputs": [{"name": "left", "value": 1, "input": 1.0}, {"name": "right", "value": 2, "input": 2.0}],
    "layers": [
        {
            "type": "dense",
            "activation": "relu",
            "weights": [[1.0, -1.0], [0.5, 1.0]],
            "bias": [0.0, 0.5],
            "weighted_sums": [-1.0, 3.0],
            "activations": [0.0, 3.0],
            "errors": [0.0, 0.25],
            "gradients": {"weights": [[0.0, 0.0], [0.25, 0.5]], "bias": [0.0, 0.25]},
            "steps": {"weights": [[0.0, 0.0], [-0.025, -0.05]], "bias": [0.0, -0.025]},
        },
        {
            "type": "dense",
            "activation": "identity",
            "weights": [[2.0, 0.5]],
            "bias": [-0.25],
            "weighted_sums": [1.25],
            "activations": [1.25],
            "errors": [0.5],
            "gradients": {"weights": [[0.0, 1.5]], "bias": [0.5]},
            "steps": {"weights": [[0.0, -0.15]], "bias": [-0.05]},
        },
    ],
    "outputs": [{"name": "answer", "output": 1.25, "target": 1.0}],
    "target": 1.0,
    "prediction": {"values": {"answer": 1.25}},
    "loss": 0.0625,
}


@router.get(
    "/{job_id}/snapshots",
    **operation(
        "list_snapshots",
        "List the epochs whose weights are kept",
        model=SnapshotList,
        example=list_answer([snapshot_answer(Snapshot(_ID, 10, "", 1312, ""))], None),
        problems=("not_found",),
    ),
)
def list_snapshots(service: TheService, tenant: Tenant, id: JobId) -> Response:
    """Of a job that asked for them by `training.snapshots`, in the order of their epochs, those that are there by now."""
    return answer(list_answer([snapshot_answer(each) for each in service.store.snapshots.all(tenant, id)], None))


@router.get(
    "/{job_id}/trace",
    **operation(
        "get_trace",
        "Follow one row through a job's network",
        model=TraceAnswer,
        example=_TRACE,
        others={304: {"description": "If-None-Match names this trace"}},
        problems=("not_found", "conflict", "invalid_parameter", "untraceable", "too_large"),
        has_etag=True,
    ),
)
async def get_trace(
    service: TheService,
    tenant: Tenant,
    id: JobId,
    row: Annotated[int, Query(ge=0, le=LARGEST, description="Of the job's dataset, from 0.")] = 0,
    epoch: Annotated[
        Epoch | None,
        Query(
            description="By the weights of the best epoch (the default), of the last, or of any that is kept; while the job "
            "runs by default of the latest snapshot."
        ),
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Every number of one step of learning, for one row: what goes in, each layer's weighted sums and activations, the loss, on
    the way back each node's error and each weight's gradient, and the step that plain gradient descent would take. For networks
    of dense layers and of layers that act on each node alone, with up to 10,000 weights, and for those of a job that kept
    snapshots also as it runs."""
    found = await run_in_threadpool(_looked_up, service, tenant, id, row, epoch)
    job, dataset, weights, epochs, learning_rate = found
    known = f"{weights.sha256} {weights.epoch} {epochs} {dataset.table_sha256} {row} {learning_rate!r}"
    headers = {"ETag": f'"{hashlib.sha256(known.encode()).hexdigest()}"', "Cache-Control": "private, no-cache"}
    if is_match(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    predictor = service.models.get(weights) or await service.models.loaded(weights, tenant)

    def traced() -> Response:
        content = trace_answer(job, Row(service.store, job, dataset, row), predictor, weights.epoch, epochs, learning_rate)
        return answer(content, headers=headers)

    if dataset.table_bytes >= LARGE_BYTES:
        async with service.opening.turn(tenant):
            return await run_in_threadpool(traced)
    async with service.predicting.turn(tenant):
        return await run_in_threadpool(traced)


def _looked_up(
    service: Service, tenant: str, id: str, row: int, epoch: Epoch | None
) -> tuple[Job, Dataset, Snapshot, list[int], float]:
    """The job, its data, the weights and the epochs that there are some of, and the learning rate; or what is wrong."""
    with service.store.sharing():
        job = service.store.jobs.get(tenant, id)
        why = untraceable(NetworkSpec.model_validate(job.spec["network"]), job.plan.get("parameters", 0))
        if why is not None:
            raise Refused("untraceable", why)
        epochs = kept_epochs(service, tenant, id)
        weights = _weights(service, job, epoch, epochs)
        try:
            dataset = service.store.datasets.get(tenant, job.dataset_id)
        except NotFound:
            message = f"the data of job {id}, {job.dataset_id}, were deleted: without them no row of them can be followed"
            raise NotFound(message) from None
        if row >= dataset.row_count:
            raise wrong_parameter("row", f"row is {row}; the dataset has {dataset.row_count:,}, 0 to {dataset.row_count - 1}")
        return job, dataset, weights, list(epochs), rate_of(service.store, job, weights.epoch)


def _weights(service: Service, job: Job, epoch: Epoch | None, epochs: dict[int, Snapshot]) -> Snapshot:
    """Those asked for, else the best, else the latest snapshot."""
    try:
        return weights_of(service, job.tenant, job.id, epoch)
    except (Conflict, NotFound):
        if epoch is None and epochs:
            return epochs[max(epochs)]
        raise
