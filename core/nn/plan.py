"""The dry run: what a job will be, or everything that is wrong with it, from the spec and the dataset's schema alone.

Sizes are reckoned in Python's integers, which do not overflow, and before anything is allocated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidSpec, Problem
from core.nn import columns, spec
from core.nn.program import FUSED
from core.nn.schema import Schema
from core.nn.sizes import Sizes
from core.nn.split import validation_count

FLOPS_PER_SECOND = 2e10  # of one core; an estimate for people, nothing depends on it
SECONDS_PER_STEP = 2e-6

CLASSIFIES = frozenset({"binary_cross_entropy", "softmax_cross_entropy"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest job that the service takes."""

    max_parameters: int
    max_training_bytes: int


class LayerPlan(BaseModel):
    """One layer: how many numbers go in and come out, and how many it learns."""

    model_config = ConfigDict(frozen=True)

    type: str
    inputs: int
    outputs: int
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
    estimated_seconds: Annotated[float, Field(description="Of training, all epochs; rough.")]


def plan(network: spec.NetworkSpec, training: spec.TrainingSpec, data: spec.DataSpec, schema: Schema, limits: Limits) -> Plan:
    """The plan of a job; InvalidSpec with every problem, pointers counted from the job's root."""
    problems = columns.problems(schema, data, training.loss)
    problems += _activation_problems(network, training)
    problems += _metric_problems(training)
    problems += _row_problems(training, schema)
    if not problems:
        problems += _output_problems(network, training, data, schema)
    if problems:
        raise InvalidSpec(problems)

    inputs = columns.input_width(schema, data)
    validation_rows = validation_count(schema.rows, training.validation.fraction if training.validation else None)
    sizes = Sizes.of(network, training, inputs, schema.rows - validation_rows, validation_rows, len(data.targets))
    problems = _size_problems(sizes, limits)
    if problems:
        raise InvalidSpec(problems)

    flops = sizes.flops_per_epoch
    layers = tuple(
        LayerPlan(type=layer.type, inputs=n, outputs=layer.units, activation=layer.activation.type, parameters=parameters)
        for layer, n, parameters in zip(network.layers, sizes.layer_inputs, sizes.layer_parameters, strict=True)
    )
    return Plan(
        inputs=inputs,
        layers=layers,
        outputs=layers[-1].outputs,
        parameters=sizes.parameters,
        training_rows=sizes.training_rows,
        validation_rows=validation_rows,
        batch_size=sizes.batch_size,
        steps_per_epoch=sizes.steps_per_epoch,
        memory_bytes=sizes.memory_bytes,
        flops_per_epoch=flops,
        estimated_seconds=training.epochs * (flops / FLOPS_PER_SECOND + sizes.steps_per_epoch * SECONDS_PER_STEP),
    )


def _activation_problems(network: spec.NetworkSpec, training: spec.TrainingSpec) -> Iterator[Problem]:
    last = len(network.layers) - 1
    activation, loss = network.layers[-1].activation.type, training.loss.type
    if loss in FUSED and activation not in ("identity", FUSED[loss]):
        yield Problem(
            f"/network/layers/{last}/activation",
            f'the last layer\'s activation is "{activation}"; {loss} takes "{FUSED[loss]}", or "identity" for logits',
        )


def _metric_problems(training: spec.TrainingSpec) -> Iterator[Problem]:
    classifies = training.loss.type in CLASSIFIES
    for place, name in enumerate(training.metrics):
        if (name == "accuracy") != classifies:
            allowed = ["accuracy"] if classifies else [metric for metric in spec.METRICS if metric != "accuracy"]
            yield Problem(
                f"/training/metrics/{place}",
                f'metric "{name}" says nothing of {training.loss.type}; with it are allowed: {", ".join(allowed)}',
            )


def _row_problems(training: spec.TrainingSpec, schema: Schema) -> Iterator[Problem]:
    if schema.rows < 1:
        yield Problem("/dataset", "the dataset has no rows; training needs 1 or more")
    elif training.validation and validation_count(schema.rows, training.validation.fraction) >= schema.rows:
        yield Problem(
            "/training/validation/fraction",
            f"fraction is {training.validation.fraction:g}, which leaves none of the dataset's {schema.rows} rows to train on",
        )


def _output_problems(
    network: spec.NetworkSpec, training: spec.TrainingSpec, data: spec.DataSpec, schema: Schema
) -> Iterator[Problem]:
    last, wanted = len(network.layers) - 1, columns.target_width(schema, data, training.loss)
    units = network.layers[-1].units
    if units == wanted:
        return
    hint = ""
    if training.loss.type == "softmax_cross_entropy":
        has = f"the target has {wanted} classes"
        if len(data.targets) == 1:
            hint = columns.quantity_hint(schema.column(data.targets[0]), schema.rows)
    else:
        has = f"there {'is 1 target column' if wanted == 1 else f'are {wanted} target columns'}"
    plural = "output" if units == 1 else "outputs"
    yield Problem(f"/network/layers/{last}/units", f"layer {last} gives {units} {plural}, {has}; units must be {wanted}{hint}")


def _size_problems(sizes: Sizes, limits: Limits) -> list[Problem]:
    if sizes.parameters > limits.max_parameters:
        widest = sizes.layer_parameters.index(max(sizes.layer_parameters))
        return [
            Problem(
                f"/network/layers/{widest}/units",
                f"the network has {sizes.parameters:,} parameters, layer {widest} alone {sizes.layer_parameters[widest]:,}; "
                f"this service takes {limits.max_parameters:,} or fewer",
            )
        ]
    if sizes.memory_bytes > limits.max_training_bytes:
        parts = {
            "/network/layers": sizes.parameter_bytes,
            "/training/batch_size": sizes.arena_bytes,
            "/dataset": sizes.data_bytes,
        }
        return [
            Problem(
                max(parts, key=lambda pointer: parts[pointer]),
                f"training would need {sizes.memory_bytes:,} bytes: {sizes.parameter_bytes:,} for parameters, "
                f"{sizes.arena_bytes:,} for the values of {sizes.batch_size:,} rows at once, {sizes.data_bytes:,} for data; "
                f"this service takes {limits.max_training_bytes:,} or fewer",
            )
        ]
    return []
