"""How much one call of the compiled loop does."""

from itertools import groupby, pairwise

import numpy as np
import pytest

from core.nn.lower import lower
from core.nn.pace import CALL_S, RANK_S, pieces_per_call, seconds_per_piece
from core.nn.sizes import Sizes
from tests.nn.networks import examples, network_spec, training, training_spec

RANKED = {"loss": "softmax_cross_entropy", "metrics": ["roc_auc"], "validation": {"fraction": 0.5}}


def sizes_of(rows: int, classes: int, batch_size: int | str) -> Sizes:
    fields = training_spec(**RANKED, batch_size=batch_size)
    return Sizes.of(lower(network_spec(classes, last="softmax"), fields.loss, 3), fields, rows, rows, 1)


def calls(sizes: Sizes, epochs: int) -> list[list[float]]:
    """What the loop does in call after call of so many epochs: the seconds that each piece is reckoned to take."""
    batches = [min(sizes.batch_size, sizes.training_rows - first) for first in range(0, sizes.training_rows, sizes.batch_size)]
    training = [len(range(0, batch, sizes.piece_size)) for batch in batches]
    piece_s, rank_s = seconds_per_piece(sizes), RANK_S * sizes.evaluated_rows
    places = [(step, piece, piece_s) for step, pieces in enumerate(training) for piece in range(pieces)]
    places += [(len(training) + step, 0, piece_s) for step in range(sizes.evaluation_steps)]
    places += [(len(training) + sizes.evaluation_steps + step, 0, rank_s) for step in range(sizes.ranked_outputs)]
    places, done, at = places * epochs, [], 0
    while at < len(places):
        step, piece, _ = places[at]
        count = pieces_per_call(sizes, step, piece)
        assert count >= 1
        done.append([seconds for *_, seconds in places[at : at + count]])
        at += count
    return done


@pytest.mark.parametrize("batch_size", [32, 3000, "full"])
@pytest.mark.parametrize(("rows", "classes"), [(50, 3), (3000, 2), (3000, 100), (100_000, 100), (100_000, 2), (5_000_000, 10)])
def test_no_call_takes_long_however_many_rows_and_classes_are_ranked(rows: int, classes: int, batch_size: int | str) -> None:
    if rows > 10**6 and batch_size == 32:
        batch_size = 1024
    for seconds in calls(sizes_of(rows, classes, batch_size), 3):
        assert sum(seconds) <= max(2 * CALL_S, max(seconds))


def test_calls_are_as_few_as_if_nothing_were_ranked_but_for_one_at_each_turn() -> None:
    sizes = sizes_of(5_000_000, 10, "full")
    done = calls(sizes, 3)
    pieces = [[*kind] for _, kind in groupby(done, lambda seconds: seconds[0])]
    assert len(pieces) == 6
    for one in pieces[::2]:
        assert all(sum(seconds) > CALL_S / 2 for seconds in one[:-1])


def test_an_interruption_stops_between_two_of_the_classes_that_rows_are_ranked_by() -> None:
    x, t = examples("softmax_cross_entropy", 200_000, 1, 30, "float32")
    fields = training_spec(**RANKED, epochs=2, batch_size="full")
    run = training(network_spec(30, last="softmax", dtype="float32"), fields, x[:100], t[:100], (x, t))
    steps: list[int] = []

    def look() -> bool:
        steps.append(int(run._state["step"][0]))
        return False

    results = list(run.epochs(look))
    ranking = run._sizes.steps_per_epoch + run._sizes.evaluation_steps
    assert any(step > ranking for step in steps)
    assert all(later > earlier or later == 0 for earlier, later in pairwise(steps))
    assert np.isfinite([result.metrics["roc_auc"] for result in results]).all()
