"""How much of a training one call of the compiled loop does: about a tenth of a second, whatever the network.

The work is reckoned from what the network computes and what it moves, on a processor that is not fast.
"""

from core.nn.sizes import Sizes

# Speeds that every processor of the last ten years reaches with one thread.
FLOPS_PER_S = 2e10
BYTES_PER_S = 1e10

CALL_S = 0.1
PIECE_S = 1e-6
RANK_S = 3e-8  # of one row and one class, to place its score as to sort it


def pieces_per_call(sizes: Sizes, step: int, piece: int) -> int:
    """How many pieces to do next when so many steps of the epoch, and pieces of its batch, are done; at least one.

    To rank all rows by one class is a piece too, and may take much longer than any other: where an epoch takes longer than a
    call, none does both.
    """
    piece_s, rank_s = seconds_per_piece(sizes), RANK_S * sizes.evaluated_rows
    if sizes.ranked_outputs == 0:
        return max(1, int(CALL_S / piece_s))
    pieces = sizes.pieces_of(sizes.training_rows) + sizes.evaluation_steps
    epochs = int(CALL_S / (pieces * piece_s + sizes.ranked_outputs * rank_s))
    if epochs > 0:
        return epochs * (pieces + sizes.ranked_outputs)
    rows, measured = sizes.training_rows - step * sizes.batch_size, step - sizes.steps_per_epoch
    left = sizes.pieces_of(rows) - piece + sizes.evaluation_steps if rows > 0 else sizes.evaluation_steps - measured
    if left > 0:
        return max(1, min(left, int(CALL_S / piece_s)))
    return max(1, min(left + sizes.ranked_outputs, int(CALL_S / rank_s)))


def seconds_per_piece(sizes: Sizes) -> float:
    """Of training, or of evaluation, whichever takes longer."""
    rows = max(sizes.piece_size, sizes.evaluation_size // 3)
    moved = sizes.bytes_per_step + sizes.bytes_per_row * rows
    placed_s = RANK_S * sizes.ranked_outputs * sizes.evaluation_size
    return PIECE_S + 6 * sizes.program.products * rows / FLOPS_PER_S + moved / BYTES_PER_S + placed_s
