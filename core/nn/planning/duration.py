"""How long a training or a prediction takes, reckoned from its sizes for a recent processor that has nothing else to do.

The constants are measured, with one thread of a Xeon with AVX-512, that of products rounded down towards processors without.
"""

from core.nn.program import AVERAGE_POOLING, CONVOLUTION, MAX_POOLING, Program
from core.nn.sizes import Sizes

FLOPS_PER_S = 1.2e11  # float32
CACHED_BYTES_PER_S, BYTES_PER_S = 6e10, 1e10  # of weights that stay in caches, and of others
CACHE_BYTES = 1 << 25
VALUE_S, WINDOW_VALUE_S = 1.8e-9, 5e-9  # of a float32 that runs through the layers, there and back; where windows move over it
OPERATION_S, ROW_S = 2e-7, 5e-8  # of an operation on one piece of a batch, and of fetching a row, however small they are
RANK_S = 5e-8  # of one row and one class
START_S = 0.02  # of an attempt
EPOCH_S = 5e-5  # to tell of an epoch and to write it down

# An iteration looks at all rows about so many times, and takes the rest to find where to look.
LBFGS_LOOKS, LBFGS_S = 1.5, 5e-5

_WINDOWS = (CONVOLUTION, MAX_POOLING, AVERAGE_POOLING)


def seconds(sizes: Sizes, epochs: int) -> float:
    """Of an attempt that trains so many epochs, with their evaluations."""
    is_lbfgs = sizes.minimization_bytes > 0
    epoch_s = seconds_per_epoch(sizes) * LBFGS_LOOKS + LBFGS_S if is_lbfgs else seconds_per_epoch(sizes)
    return START_S + epochs * (EPOCH_S + epoch_s)


def seconds_per_epoch(sizes: Sizes) -> float:
    """Of the compiled loop."""
    program, is_cached = sizes.program, sizes.parameter_bytes <= CACHE_BYTES
    doubled = program.dtype.itemsize / 4
    has_windows = any(code in _WINDOWS for code in program.operations["code"].tolist())
    values = (program.width - program.inputs) * (sizes.training_rows + sizes.evaluated_rows / 3)
    pieces = sizes.pieces_of(sizes.training_rows) + sizes.evaluation_steps / 3
    return (
        doubled * sizes.flops_per_epoch / FLOPS_PER_S
        + doubled * values * (WINDOW_VALUE_S if has_windows else VALUE_S)
        + sizes.bytes_per_step * sizes.steps_per_epoch / (CACHED_BYTES_PER_S if is_cached else BYTES_PER_S)
        + OPERATION_S * len(program.operations) * pieces
        + ROW_S * (sizes.training_rows + sizes.evaluated_rows)
        + RANK_S * sizes.ranked_outputs * sizes.evaluated_rows
    )


def seconds_to_predict(program: Program, rows: int, rows_at_once: int) -> float:
    """Of the compiled loop: an epoch that only measures."""
    sizes = Sizes(
        program=program,
        training_rows=0,
        validation_rows=rows,
        evaluated_rows=rows,
        targets=0,
        batch_size=1,
        piece_size=1,
        evaluation_size=rows_at_once,
        ranked_outputs=0,
        slots=0,
        keeps_others=False,
        minimization_bytes=0,
    )
    return seconds_per_epoch(sizes)
