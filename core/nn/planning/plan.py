"""The dry run: what a job will be, or everything that is wrong with it, from the spec and the dataset's schema alone.

Sizes are reckoned in Python's integers, which do not overflow, and before anything is allocated.
"""

import math
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidSpec, Problem
from core.nn import metrics, spec
from core.nn.builder import Misfit
from core.nn.initializers import work_of_orthogonal
from core.nn.lower import lower
from core.nn.planning.duration import seconds
from core.nn.planning.reach import last_activation_at
from core.nn.planning.snapshots import kept_epochs
from core.nn.preparation import choice, roles, validation
from core.nn.preparation.column import Column
from core.nn.preparation.names import quoted
from core.nn.preparation.schema import Schema
from core.nn.program import FUSED, LayerShape, Program
from core.nn.sizes import Sizes

NOISY = frozenset({"dropout"})

# SciPy's routine of L-BFGS holds the interpreter for as long as it takes to draw a direction from the steps that it remembers,
# and nobody hears a cancellation meanwhile. Measured: 9 ns for each parameter and step, two steps more counted for the rest. So
# many take less than half a second, on a busy machine one.
MOST_REMEMBERED = 48_000_000

# The snapshots of one job, in bytes.
MOST_SNAPSHOT_BYTES = 2**30

# Nor is one heard while orthogonal matrices are drawn: these take two seconds.
MOST_ORTHOGONAL = 22_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest job that the service takes."""

    max_parameters: int
    max_training_bytes: int
    max_threads: int = 1


class LayerPlan(BaseModel):
    """One layer: how many numbers go in and come out, and how many it learns."""

    model_config = ConfigDict(frozen=True)

    type: str
    inputs: int
    outputs: int
    shape: tuple[int, ...] = Field(description="Of the outputs; channels first.")
    activation: str
    parameters: int


class Plan(BaseModel):
    """What a job will be."""

    model_config = ConfigDict(frozen=True)

    inputs: int = Field(description="How many numbers each example has once text columns are one-hot.")
    layers: tuple[LayerPlan, ...]
    outputs: int
    parameters: int = Field(description="Weights and biases in all.")
    training_rows: int
    validation_rows: int
    batch_size: int
    steps_per_epoch: int
    memory_bytes: int = Field(description="The most that training is estimated to need.")
    flops_per_epoch: int
    snapshot_bytes: int = Field(0, description="What the weights that are kept as it learns take together.")
    estimated_seconds: float = Field(
        description="Of an attempt that trains all epochs, once its data are read, on a recent processor that has nothing else "
        "to do. Reckoned, not measured: there mostly right to a factor of two; older or busy machines take longer, and early "
        "stopping may end sooner."
    )


def plan(
    network: spec.NetworkSpec,
    training: spec.TrainingSpec,
    data: spec.DataSpec,
    schema: Schema,
    limits: Limits,
    kept: roles.Inputs | None = None,
    other: Schema | None = None,
) -> Plan:
    """The plan of a job; InvalidSpec with every problem, pointers counted from the job's root.

    `kept` are the inputs of a preprocessing that another job fitted; else the data decide. `other` describes the data to
    validate on where they are not rows of the dataset.
    """
    problems = choice.problems(schema, data, training.loss) or validation.data_problems(training, data, schema, other)
    problems += _activation_problems(network, training)
    problems += metrics.problems(training)
    problems += validation.row_problems(training, schema)
    if training.threads > limits.max_threads:
        told = f"threads is {training.threads}; this service gives a training {limits.max_threads} or fewer"
        problems.append(Problem("/training/threads", told))
    if isinstance(training.optimizer, spec.LBFGS):
        problems += _lbfgs_problems(network.layers, "/network/layers")
    if problems:
        raise InvalidSpec(problems)

    inputs = kept or roles.inputs(schema, data)
    program = _lowered(network, training.loss, inputs)
    problems = [
        *_category_problems(network, data, schema, inputs.categories),
        *_output_problems(program, network, training, data, schema),
        *metrics.class_problems(training, roles.target_width(schema, data, training.loss)),
    ]
    if problems:
        raise InvalidSpec(problems)

    training_rows, validation_rows = validation.row_counts(training, schema, other)
    sizes = Sizes.of(program, training, training_rows, validation_rows, len(data.targets))
    problems = [
        *_size_problems(sizes, network, limits),
        *_snapshot_problems(training, program),
        *_orthogonal_problems(training, program),
        *_remembered_problems(training, program.parameters),
        *_warmup_problems(training, sizes),
    ]
    if problems:
        raise InvalidSpec(problems)

    layers = tuple(
        LayerPlan(
            type=layer.type,
            inputs=math.prod(lowered.inputs),
            outputs=math.prod(lowered.outputs),
            shape=lowered.outputs,
            activation=getattr(layer, "activation", spec.Identity()).type,
            parameters=lowered.parameters,
        )
        for layer, lowered in zip(network.layers, program.layers, strict=True)
    )
    return Plan(
        inputs=program.inputs,
        layers=layers,
        outputs=program.outputs,
        parameters=program.parameters,
        training_rows=sizes.training_rows,
        validation_rows=validation_rows,
        batch_size=sizes.batch_size,
        steps_per_epoch=sizes.steps_per_epoch,
        memory_bytes=sizes.memory_bytes,
        flops_per_epoch=sizes.flops_per_epoch,
        snapshot_bytes=_snapshot_bytes(training, program),
        estimated_seconds=min(seconds(sizes, training.epochs), training.budget_s or math.inf),
    )


def _lowered(network: spec.NetworkSpec, loss: spec.AnyLoss, inputs: roles.Inputs) -> Program:
    try:
        return lower(network, loss, *inputs)
    except Misfit as misfit:
        raise InvalidSpec([Problem(f"/network{misfit.pointer}", misfit.message)]) from None


def _activation_problems(network: spec.NetworkSpec, training: spec.TrainingSpec) -> Iterator[Problem]:
    last, loss = len(network.layers) - 1, training.loss.type
    activation = network.last_activation
    if loss in FUSED and activation.type not in ("identity", FUSED[loss]):
        yield Problem(
            last_activation_at(network),
            f'the last activation is "{activation.type}"; {loss} takes "{FUSED[loss]}", or "identity" for logits',
        )
    if network.layers[last].type == "dropout":
        yield Problem(f"/network/layers/{last}", "a last dropout would leave out outputs; put it before the last layer")


def _category_problems(
    network: spec.NetworkSpec, data: spec.DataSpec, schema: Schema, categories: Mapping[int, int]
) -> Iterator[Problem]:
    first = network.layers[0]
    if categories and not (isinstance(first, spec.Embedding) and first.vocabulary is None):
        yield Problem(
            "/network/layers/0",
            f'dataset.categories is "embedding", so texts come in as codes; layer 0 is {first.type}, it must be an embedding '
            "without a vocabulary",
        )
    if not isinstance(first, spec.Embedding) or first.vocabulary is None:
        return
    if data.scaling != "none":
        yield Problem(
            "/dataset/scaling",
            f'scaling is "{data.scaling}"; an embedding with a vocabulary reads its inputs as they are: it must be "none"',
        )
    for column in roles.feature_columns(schema, data):
        has = _no_indices(column, first.vocabulary)
        if has is not None:
            yield Problem(
                "/network/layers/0/vocabulary",
                f"column {quoted(column.name)} {has}; a vocabulary of {first.vocabulary:,} takes whole numbers from 0 to "
                f"{first.vocabulary - 1:,}",
            )
            return


def _no_indices(column: Column, vocabulary: int) -> str | None:
    """What keeps a column's values from being rows of a table."""
    low, high = column.min or 0, column.max or 0
    if low < 0:
        return f"goes down to {low:g}"
    if high >= vocabulary:
        return f"goes up to {high:g}"
    if column.kind != "text" and column.missing:
        return f"misses {column.missing:,} value{'' if column.missing == 1 else 's'}"  # their mean need not be whole
    broken = next((value for value in column.values or () if isinstance(value, float) and not value.is_integer()), None)
    return None if broken is None else f"holds {broken:g}"


def _lbfgs_problems(layers: Sequence[spec.AnyLayer], pointer: str) -> Iterator[Problem]:
    """Its line search compares losses, so that they may depend on the weights alone, and goes wherever they fall."""
    for place, layer in enumerate(layers):
        at = f"{pointer}/{place}"
        if layer.type in NOISY:
            yield Problem(
                at, f"{layer.type} is another in every step, but lbfgs needs a loss that depends on the weights alone"
            )
        if getattr(layer, "max_norm", None) is not None:
            yield Problem(f"{at}/max_norm", "max_norm shortens weights after a step, but lbfgs needs them where its step ends")
        yield from _lbfgs_problems(getattr(layer, "layers", ()), f"{at}/layers")


def _orthogonal_problems(training: spec.TrainingSpec, program: Program) -> Iterator[Problem]:
    matrices = [tensor for tensor in program.tensors if isinstance(tensor.initializer, spec.Orthogonal)]
    work = [work_of_orthogonal(matrix.shape) for matrix in matrices]
    if training.start is None and sum(work) > MOST_ORTHOGONAL:
        largest = matrices[work.index(max(work))]
        place = bisect(list(accumulate(layer.parameters for layer in program.layers)), largest.place.start)
        rows, columns = largest.shape[0], math.prod(largest.shape[1:])
        yield Problem(
            f"/network/layers/{place}",
            f"orthogonal weights of {rows:,} × {columns:,} in layer {place}, the largest of {len(matrices)} such, take too "
            "long to draw; a network takes one matrix of 2,500 × 2,500, or ten of 1,000 × 1,000: draw larger ones by another "
            "initializer, such as glorot_normal",
        )


def _remembered_problems(training: spec.TrainingSpec, parameters: int) -> Iterator[Problem]:
    if not isinstance(training.optimizer, spec.LBFGS):
        return
    memory, most = training.optimizer.memory, MOST_REMEMBERED // max(parameters, 1) - 2
    if memory > most:
        less = f"a memory of {most} or less or " if most > 0 else ""
        yield Problem(
            "/training/optimizer",
            f"the network has {parameters:,} parameters; lbfgs with a memory of {memory} takes "
            f"{MOST_REMEMBERED // (memory + 2):,} or fewer; take {less}another optimizer, which all take larger networks",
        )


def _snapshot_bytes(training: spec.TrainingSpec, program: Program) -> int:
    return len(kept_epochs(training)) * program.size * program.dtype.itemsize


def _snapshot_problems(training: spec.TrainingSpec, program: Program) -> Iterator[Problem]:
    total, each = _snapshot_bytes(training, program), program.size * program.dtype.itemsize
    if total > MOST_SNAPSHOT_BYTES:
        fewer = MOST_SNAPSHOT_BYTES // each
        yield Problem(
            "/training/snapshots",
            f"snapshots is {training.snapshots}: with {each:,} bytes each they would take {total:,}; a job may have "
            f"{MOST_SNAPSHOT_BYTES:,}, so {f'take {fewer} or fewer' if fewer else 'leave them out'}",
        )


def _warmup_problems(training: spec.TrainingSpec, sizes: Sizes) -> Iterator[Problem]:
    steps, total = training.schedule.warmup and training.schedule.warmup.steps, training.epochs * sizes.steps_per_epoch
    if steps and steps >= total:
        yield Problem(
            "/training/schedule/warmup/steps",
            f"warmup takes {steps:,} steps of {total:,} ({training.epochs:,} epochs of {sizes.steps_per_epoch:,}); "
            "it must end before the training",
        )


def _output_problems(
    program: Program, network: spec.NetworkSpec, training: spec.TrainingSpec, data: spec.DataSpec, schema: Schema
) -> Iterator[Problem]:
    wanted = roles.target_width(schema, data, training.loss)
    if program.outputs == wanted:
        if wanted == 1 and network.last_activation.type == "softmax":
            yield Problem(
                last_activation_at(network),
                "softmax over 1 output is 1 whatever comes in, so nothing can be learned; take another last activation, such "
                'as "identity", or "sigmoid" for numbers between 0 and 1',
            )
        return
    hint = ""
    if training.loss.type == "softmax_cross_entropy":
        has = f"the target has {wanted} classes"
        if len(data.targets) == 1:
            hint = roles.quantity_hint(schema.column(data.targets[0]), schema.rows)
    else:
        has = f"there {'is 1 target column' if wanted == 1 else f'are {wanted} target columns'}"
    plural = "output" if program.outputs == 1 else "outputs"
    last = len(network.layers) - 1
    decides = next((place for place in range(last, -1, -1) if not keeps_shape(program.layers[place])), last)
    if isinstance(network.layers[decides], spec.Dense):
        pointer, must = f"/network/layers/{decides}/units", f"units must be {wanted}"
    else:
        pointer, must = f"/network/layers/{last}", f"a last dense layer must have {wanted} unit{'' if wanted == 1 else 's'}"
    yield Problem(pointer, f"layer {decides} gives {program.outputs} {plural}, {has}; {must}{hint}")


def keeps_shape(layer: LayerShape) -> bool:
    """The layer learns nothing and only changes values, as an activation does."""
    return layer.parameters == 0 and layer.inputs == layer.outputs


def _size_problems(sizes: Sizes, network: spec.NetworkSpec, limits: Limits) -> list[Problem]:
    counts = [layer.parameters for layer in sizes.program.layers]
    if sum(counts) > limits.max_parameters:
        widest = counts.index(max(counts))
        units = "/units" if isinstance(network.layers[widest], spec.Dense) else ""
        return [
            Problem(
                f"/network/layers/{widest}{units}",
                f"the network has {sum(counts):,} parameters, layer {widest} alone {counts[widest]:,}; "
                f"this service takes {limits.max_parameters:,} or fewer",
            )
        ]
    if sizes.memory_bytes > limits.max_training_bytes:
        parts = {
            "/network/layers": sizes.parameter_bytes,
            "/training/batch_size": sizes.arena_bytes,
            "/dataset": sizes.data_bytes,
            "/training/metrics": sizes.score_bytes,
        }
        scores = f", {sizes.score_bytes:,} to rank them for roc_auc" if sizes.score_bytes else ""
        return [
            Problem(
                max(parts, key=lambda pointer: parts[pointer]),
                f"training would need {sizes.memory_bytes:,} bytes: {sizes.parameter_bytes:,} for parameters, "
                f"{sizes.arena_bytes:,} for the values of {sizes.batch_size:,} rows at once, "
                f"{sizes.data_bytes:,} for data{scores}; "
                f"this service takes {limits.max_training_bytes:,} or fewer",
            )
        ]
    return []
