"""How much a training takes, reckoned from its spec."""

from dataclasses import dataclass
from typing import Self

from core.nn import spec

STORED_BYTES = 8  # of one value in a table, at most
ORDER_BYTES = 24  # of one row: its place in the split, in the order of the epoch, and in between

# How many rows run through the network at once: few enough that their values stay near the processor and that a piece of work
# takes a tenth of a second at the most, many enough that a matrix product is worth its call.
PIECE_ROWS = range(128, 1025)
PIECE_FLOPS = 2_000_000_000


def slot_count(optimizer: spec.AnyOptimizer) -> int:
    """How many vectors as long as theta the optimizer keeps."""
    if isinstance(optimizer, spec.GradientDescent):
        return 1 if optimizer.momentum else 0
    return 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of one training. `capacity` is how many rows run through the layers at once, at most."""

    inputs: int
    layer_inputs: tuple[int, ...]
    layer_parameters: tuple[int, ...]
    training_rows: int
    validation_rows: int
    evaluated_rows: int
    targets: int
    batch_size: int
    piece_size: int
    evaluation_size: int
    arena_width: int
    weights: int
    first_units: int
    slots: int
    itemsize: int

    @classmethod
    def of(
        cls,
        network: spec.NetworkSpec,
        training: spec.TrainingSpec,
        inputs: int,
        training_rows: int,
        validation_rows: int,
        targets: int,
    ) -> Self:
        """`validation_rows` are measured after every epoch; where there are none but metrics, the training rows are."""
        units = [layer.units for layer in network.layers]
        layer_inputs = (inputs, *units[:-1])
        evaluated = validation_rows or (training_rows if training.metrics else 0)
        batch_size = training_rows if training.batch_size == "full" else min(training.batch_size, training_rows)
        weights = sum(n * m for n, m in zip(layer_inputs, units, strict=True))
        rows_at_once = max(PIECE_ROWS.start, min(PIECE_ROWS.stop - 1, PIECE_FLOPS // (6 * weights)))
        return cls(
            inputs=inputs,
            layer_inputs=layer_inputs,
            layer_parameters=tuple(
                n * layer.units + layer.bias * layer.units for n, layer in zip(layer_inputs, network.layers, strict=True)
            ),
            training_rows=training_rows,
            validation_rows=validation_rows,
            evaluated_rows=evaluated,
            targets=targets,
            batch_size=batch_size,
            piece_size=min(batch_size, rows_at_once),
            evaluation_size=min(rows_at_once, max(evaluated, 1)),
            arena_width=inputs + sum(units),
            weights=weights,
            first_units=units[0],
            slots=slot_count(training.optimizer),
            itemsize=4 if network.dtype == "float32" else 8,
        )

    @property
    def parameters(self) -> int:
        return sum(self.layer_parameters)

    @property
    def capacity(self) -> int:
        """A multiple of 16, so that every layer's values start on a cache line."""
        return -(-max(self.piece_size, self.evaluation_size) // 16) * 16

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.training_rows // self.batch_size)

    @property
    def evaluation_steps(self) -> int:
        return -(-self.evaluated_rows // self.evaluation_size)

    @property
    def parameter_bytes(self) -> int:
        """theta, its gradient, that of a piece, the best so far and the optimizer's slots."""
        vectors = 3 + (self.batch_size > self.piece_size) + self.slots
        return vectors * self.parameters * self.itemsize

    @property
    def arena_bytes(self) -> int:
        """The values that run through the layers, and their derivatives."""
        return 2 * self.capacity * self.arena_width * self.itemsize

    @property
    def data_bytes(self) -> int:
        """The columns as stored, the inputs and targets made of them, and the order of the rows."""
        rows = self.training_rows + self.validation_rows
        return rows * ((self.inputs + self.targets) * (STORED_BYTES + self.itemsize) + ORDER_BYTES)

    @property
    def memory_bytes(self) -> int:
        return self.parameter_bytes + self.arena_bytes + self.data_bytes

    @property
    def flops_per_epoch(self) -> int:
        """Two per weight and row in each product: forward, back to the weights and, but in the first layer, to the inputs."""
        first = self.inputs * self.first_units
        return 2 * self.weights * (3 * self.training_rows + self.evaluated_rows) - 2 * first * self.training_rows
