"""What a job is to start from: looked up when it is submitted, so that whatever does not fit is said at once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.bodies import judged
from api.deps import Service
from api.wording import shown
from core.errors import InvalidSpec, NotFound, Problem
from core.ids import is_id
from core.jobs import TERMINAL
from core.nn.lower import lower
from core.nn.planning.outline import AUTO, Outline
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.recoding import strangeness
from core.nn.preparation.roles import Inputs
from core.nn.preparation.schema import Schema
from core.nn.saving.tensors import read_header
from core.nn.saving.weights import mismatch
from core.nn.spec import AnyLayer, AnyOptimizer, DataSpec, NetworkSpec, Start, TrainingSpec
from core.store import Job

AT = "/training/start"
_WORDS = ("scaling", "missing", "categories", "target_scaling", "features")
_INLINE_WORDS = ("scaling", "target_scaling")
_FREE = ("weight_initializer", "bias_initializer", "l1", "l2", "max_norm", "rate")
_REMEDY = 'leave it out, or set "preprocessing": false in training.start'


@dataclass(frozen=True, slots=True)
class Source:
    """Where the first weights come from; of a job also its spec, and its preprocessing where that is kept."""

    start: Start
    shapes: dict[str, list[int]]
    job: Job | None = None
    kept: Preprocessing | None = None

    def check(self, network: NetworkSpec, training: TrainingSpec, inputs: Inputs) -> None:
        """InvalidSpec where the weights do not fit a network that is right in itself."""
        self.check_optimizer(network, training)
        if (message := mismatch(lower(network, training.loss, *inputs), self.shapes)) is not None:
            raise InvalidSpec([Problem(AT, f"the weights of {self.start.source} do not fit: {message}")])

    def check_optimizer(self, network: NetworkSpec, training: TrainingSpec) -> None:
        """InvalidSpec where the optimizer is to go on with what another kind of optimizer kept, in another type or of other
        layers."""
        if self.job is None or not self.start.optimizer_state:
            return
        theirs = TrainingSpec.model_validate(self.job.spec["training"]).optimizer
        problems = []
        if _constants(theirs) != _constants(training.optimizer):
            message = f"the optimizer of {self.job.id} is another, its state says nothing to this one; only rates may differ"
            problems.append(Problem("/training/optimizer", message))
        if network.dtype != (dtype := self.job.spec["network"]["dtype"]):
            problems.append(
                Problem("/network/dtype", f"dtype is {network.dtype}; the optimizer's state of {self.job.id} is {dtype}")
            )
        if problems := [*problems, *_strange_layers(network, self.job)]:
            raise InvalidSpec(problems)

    def check_columns(self, schema: Schema, data: DataSpec, training: TrainingSpec) -> None:
        """InvalidSpec where the preprocessing that is kept says nothing of these columns."""
        if self.kept is not None and (found := strangeness(self.kept, schema, data, training.loss)) is not None:
            field, message = found
            raise InvalidSpec([Problem(f"/dataset/{field}", f'{message}; or set "preprocessing": false in training.start')])


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _StartPart(_Part):
    class Training(_Part):
        start: Start | None = None

    training: Training


def source_of(service: Service, tenant: str, document: Any) -> Source | None:
    """What the request starts from, None where it says nothing of it that could be read. InvalidSpec where it is not there."""
    part, _ = judged(_StartPart, document)
    start = None if part is None else part.training.start
    if start is None:
        return None
    try:
        return _of_job(service, tenant, start, start.job) if start.job is not None else _of_sent(service, tenant, start)
    except NotFound as error:
        raise InvalidSpec([Problem(f"{AT}/{'weights' if start.job is None else 'job'}", error.message)]) from None


def _of_sent(service: Service, tenant: str, start: Start) -> Source:
    if not is_id("wt", start.source):
        raise NotFound(f"there are no weights {start.source!r}")
    sent = service.store.sent_weights.get(tenant, start.source)
    return Source(start, {name: tensor["shape"] for name, tensor in sent.tensors.items()})


def _of_job(service: Service, tenant: str, start: Start, id: str) -> Source:
    if not is_id("job", id):
        raise NotFound(f"there is no job {id!r}")
    job = service.store.jobs.get(tenant, id)
    if job.state not in TERMINAL:
        raise NotFound(f"job {id} is {job.state}: its weights are there when it has ended")
    weights = service.store.weights.get(tenant, id, start.epoch)
    if start.optimizer_state:
        _require_state(service, tenant, id)
    header = read_header(service.store.blobs.read(weights.blob_id, 0, weights.size_bytes))
    kept = Preprocessing.from_json(json.loads(header.metadata["preprocessing"])) if start.keeps_preprocessing else None
    return Source(start, {name: list(header.tensor(name).shape) for name in header.names}, job, kept)


def _require_state(service: Service, tenant: str, id: str) -> None:
    try:
        service.store.weights.get(tenant, id, "optimizer")
    except NotFound:
        message = f'job {id} has kept no state of its optimizer; a job does with "keep_optimizer_state": true'
        raise InvalidSpec([Problem(f"{AT}/optimizer_state", message)]) from None


def _constants(optimizer: AnyOptimizer) -> dict[str, Any]:
    return {name: value for name, value in optimizer if name != "learning_rate"}


def _strange_layers(network: NetworkSpec, job: Job) -> Iterator[Problem]:
    """The first layer that is another than the job's; tensors of one name and shape may belong to quite different ones."""
    at, ours = "/network/layers", [_gist(layer) for layer in network.layers]
    theirs = [_gist(layer) for layer in NetworkSpec.model_validate(job.spec["network"]).layers]
    may_differ = "only how layers begin, their penalties and max_norm, and the rate of a dropout may differ"
    place = next((place for place, (our, their) in enumerate(zip(ours, theirs, strict=False)) if our != their), None)
    if place is not None:
        message = f"layer {place} is another than in {job.id}, the optimizer's state of that says nothing to it; {may_differ}"
        yield Problem(f"{at}/{place}", message)
    elif len(ours) != len(theirs):
        message = (
            f"there are {len(ours)} layers, in {job.id}, whose optimizer's state is the start, {len(theirs)}; {may_differ}"
        )
        yield Problem(at, message)


def _gist(layer: AnyLayer) -> dict[str, Any]:
    """What gradients by the layer's parameters depend on, wherever these begin and however they are held."""
    return {
        name: [_gist(inner) for inner in value] if name == "layers" else value for name, value in layer if name not in _FREE
    }


def adopt(outline: Outline, source: Source) -> list[Problem]:
    """Fills in what the request leaves open and the job has that it continues; the problems where it says something else."""
    if source.job is None:
        return []
    network, training = source.job.spec["network"], source.job.spec["training"]
    if outline.has_open_layers:
        outline.choose("network", "layers", network["layers"])
        if "dtype" not in outline.document["network"]:
            outline.choose("network", "dtype", network["dtype"])
    if outline.document["training"].get("loss", AUTO) == AUTO:
        outline.choose("training", "loss", training["loss"])
    if source.start.optimizer_state and outline.document["training"].get("optimizer", AUTO) == AUTO:
        outline.choose("training", "optimizer", training["optimizer"])
    data = outline.document.get("dataset")
    return _adopt_words(outline, data, source) if source.kept is not None and isinstance(data, dict) else []


def _adopt_words(outline: Outline, data: dict[str, Any], source: Source) -> list[Problem]:
    """The words by which columns become numbers: with a preprocessing that is kept they can only be those of its job."""
    assert source.job is not None and source.kept is not None  # noqa: S101, PT018 - the caller has looked
    theirs = {**source.job.spec["dataset"], "features": list(dict.fromkeys(each.column for each in source.kept.features))}
    problems, data = [], dict(data)
    for word in _WORDS if "id" in data else _INLINE_WORDS:
        said, wanted = data.get(word), theirs[word]
        if said is None or said == AUTO or f"/dataset/{word}" in outline.chosen:
            data[word] = wanted
            if wanted != AUTO:
                outline.chosen[f"/dataset/{word}"] = wanted
        elif said != wanted:
            message = (
                f"{word} is {shown(said)}, but the preprocessing of {source.start.source} is kept, where it is {shown(wanted)}"
            )
            problems.append(Problem(f"/dataset/{word}", f"{message}; {_REMEDY}"))
    outline.document["dataset"] = data
    return problems
