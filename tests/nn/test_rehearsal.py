"""How long an epoch takes is found out by a clock that the caller brings."""

from itertools import count

import numpy as np
import pytest

from core.nn.rehearsal import seconds_per_epoch
from core.nn.training import Data, Training
from tests.nn.networks import examples, network_spec, training_spec


def training(rows: int = 96, units: int = 4, **fields: object) -> Training:
    x, t = examples("mean_squared_error", rows, 3, 1, "float32")
    return Training(network_spec(units, 1, dtype="float32"), training_spec(**fields), Data(x, t, x[:32], t[:32]))


def test_time_is_shared_among_the_epochs_that_were_done() -> None:
    rehearsed = training(epochs=10_000_000)
    ticks = count()
    found = seconds_per_epoch(rehearsed, lambda: float(next(ticks)), 2.0, 10.0, lambda: False)
    assert rehearsed.epoch > 1
    assert found * rehearsed.progress == next(ticks) - 1


def test_a_training_that_ends_by_itself_ends_the_rehearsal() -> None:
    rehearsed = training(epochs=3)
    ticks = count()
    assert seconds_per_epoch(rehearsed, lambda: float(next(ticks)), 1e9, 1e9, lambda: False) == (next(ticks) - 1) / 3


def test_nothing_is_trained_where_nobody_wants_it() -> None:
    rehearsed = training(epochs=3)
    seconds_per_epoch(rehearsed, lambda: 0.0, 1.0, 1.0, lambda: True)
    assert rehearsed.progress == 0


def test_a_divergence_is_left_to_the_training_itself() -> None:
    rehearsed = training(epochs=1000, optimizer={"type": "sgd", "learning_rate": 1e6})
    ticks = count()
    assert seconds_per_epoch(rehearsed, lambda: float(next(ticks)), 1e9, 1e9, lambda: False) > 0


@pytest.mark.parametrize("batch_size", [7, 32, "full"])
def test_progress_grows_from_nothing_to_all_epochs(batch_size: int | str) -> None:
    # Wide enough that an epoch takes several calls of the loop.
    x, t = examples("mean_squared_error", 4096, 64, 1, "float32")
    spec = network_spec(2048, 2048, 1, dtype="float32")
    running = Training(spec, training_spec(epochs=2, batch_size=batch_size), Data(x[:256], t[:256], x[256:512], t[256:512]))
    seen = [running.progress]

    def look() -> bool:
        seen.append(running.progress)
        return False

    list(running.epochs(look))
    seen.append(running.progress)
    assert seen[0] == 0
    assert seen[-1] == 2
    assert np.all(np.diff(seen) >= 0)
