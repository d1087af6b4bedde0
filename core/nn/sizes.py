"""How much a training takes, reckoned from its program."""

from dataclasses import dataclass
from typing import Self

from core.nn import spec
from core.nn.metrics import ranked_outputs
from core.nn.optimizers import minimization_bytes, slot_count
from core.nn.program import Program

ROW_BYTES = 64  # of one row beside its values: its places in the split and in the epoch, and one column while it is looked at

# How many rows run through the network at once: few enough that their values stay near the processor and that a piece of work
# takes half a second on a slow one at the most, many enough that reading a dense layer's weights is worth it.
PIECE_ROWS = range(128, 1025)
PIECE_FLOPS = 12_000_000_000
PIECE_BYTES = 1 << 25


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of one training."""

    program: Program
    training_rows: int
    validation_rows: int
    evaluated_rows: int
    targets: int
    batch_size: int
    piece_size: int
    evaluation_size: int
    ranked_outputs: int
    slots: int
    keeps_others: bool  # what is measured and delivered is not theta as it is
    minimization_bytes: int

    @classmethod
    def of(cls, program: Program, training: spec.TrainingSpec, training_rows: int, validation_rows: int, targets: int) -> Self:
        """`validation_rows` are measured after every epoch; where there are none but metrics, the training rows are."""
        evaluated = validation_rows or (training_rows if training.metrics else 0)
        batch_size = training_rows if training.batch_size == "full" else min(training.batch_size, training_rows)
        rows_at_once = piece_rows(program)
        return cls(
            program=program,
            training_rows=training_rows,
            validation_rows=validation_rows,
            evaluated_rows=evaluated,
            targets=targets,
            batch_size=batch_size,
            piece_size=batch_size if program.needs_whole_batches else min(batch_size, rows_at_once),
            evaluation_size=min(rows_at_once, max(evaluated, 1)),
            ranked_outputs=ranked_outputs(training, program.outputs),
            slots=slot_count(training.optimizer),
            keeps_others=training.averaging is not None or isinstance(training.optimizer, spec.LBFGS),
            minimization_bytes=minimization_bytes(training.optimizer, program.parameters),
        )

    @property
    def capacity(self) -> int:
        """How many rows run through the layers at once, at most; a multiple of 16, so that every layer's values start on a
        cache line, unless the rows are large."""
        rows = max(self.piece_size, self.evaluation_size)
        row_bytes = self.program.width * self.program.dtype.itemsize
        return rows if 16 * row_bytes > PIECE_BYTES else -(-rows // 16) * 16

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.training_rows // self.batch_size)

    @property
    def evaluation_steps(self) -> int:
        return -(-self.evaluated_rows // self.evaluation_size)

    def pieces_of(self, rows: int) -> int:
        """In how many pieces so many rows are trained on, batch by batch."""
        batches, rest = divmod(rows, self.batch_size)
        return batches * -(-self.batch_size // self.piece_size) + -(-rest // self.piece_size)

    @property
    def parameter_bytes(self) -> int:
        """theta, its gradient, that of a piece, what is kept, the best so far and what the optimizer keeps."""
        vectors = 3 + (self.batch_size > self.piece_size) + self.keeps_others + self.slots
        return vectors * self.program.size * self.program.dtype.itemsize + self.minimization_bytes

    @property
    def arena_bytes(self) -> int:
        """The values that run through the layers, their derivatives, and what a layer needs in between."""
        return (2 * self.capacity * self.program.width + self.program.workspace) * self.program.dtype.itemsize

    @property
    def data_bytes(self) -> int:
        """The inputs and targets, and what making them and ordering the rows takes; the columns as stored come and go."""
        rows, itemsize = self.training_rows + self.validation_rows, self.program.dtype.itemsize
        return rows * ((self.program.inputs + self.targets) * itemsize + ROW_BYTES)

    @property
    def score_bytes(self) -> int:
        """What it takes to rank the evaluated rows: their scores for each class, and one more for the sort."""
        scores = self.ranked_outputs + bool(self.ranked_outputs)
        return scores * self.evaluated_rows * self.program.dtype.itemsize

    @property
    def memory_bytes(self) -> int:
        return self.parameter_bytes + self.arena_bytes + self.data_bytes + self.score_bytes

    @property
    def flops_per_epoch(self) -> int:
        """Two per product and row: forward, back to the weights and, but from the first layer, back to the inputs."""
        program = self.program
        products = program.products * (3 * self.training_rows + self.evaluated_rows)
        return 2 * products - 2 * program.first_products * self.training_rows

    @property
    def bytes_per_row(self) -> int:
        """Written and read of a row's values, forward and as often back: activations and pooling do little else."""
        return 6 * self.program.width * self.program.dtype.itemsize

    @property
    def bytes_per_step(self) -> int:
        """Of the weights: backward and forward read theta and write the gradient, the update moves every vector."""
        return 2 * self.parameter_bytes


def piece_rows(program: Program) -> int:
    """How many rows run through the network at once, at most. A convolution uses its weights in many places of each row, so
    that of large images one row is enough."""
    products = max(program.products, 1)
    fewest = max(1, PIECE_ROWS.start * min(program.parameters, products) // products)
    bytes_per_row = max(program.width * program.dtype.itemsize, 1)
    return max(fewest, min(PIECE_ROWS.stop - 1, PIECE_FLOPS // (6 * products), PIECE_BYTES // bytes_per_row))
