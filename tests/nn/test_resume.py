"""A training that stops and goes on is, bit for bit, one that never stopped."""

from itertools import count

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Diverged, UnfitCheckpoint
from core.nn import sizes
from core.nn.saving.checkpoint import Checkpoint, SavedCheckpoint
from core.nn.training import Data, Training
from tests.nn.networks import CLASSIFIERS, OPTIMIZERS, examples, name_of, network_spec, training_spec
from tests.nn.random_networks import networks

VARIANTS = (
    {"schedule": {"type": "cosine", "period": 2, "multiplier": 2, "warmup": {"steps": 5}}},
    {"schedule": {"type": "one_cycle", "rise": 0.2}},
    {"schedule": {"type": "reduce_on_plateau", "patience": 0, "min_delta": 0.05, "factor": 0.5}},
    {"gradient_clipping": {"norm": 0.1, "value": 0.02}},
    {"averaging": {"decay": 0.9}},
    {"averaging": {"decay": 0.9}, "schedule": "polynomial", "gradient_clipping": {"norm": 0.1}},
)


def new(optimizer, dtype="float32", checkpoint=None, epochs=12, **others):
    x, t = examples("softmax_cross_entropy", 90, 6, 3, dtype)
    data = Data(x[:70], t[:70], x[70:], t[70:])
    fields = training_spec(
        "softmax_cross_entropy",
        optimizer=optimizer,
        epochs=epochs,
        batch_size=8,
        validation={"fraction": 0.2},
        early_stopping={"patience": 3, "min_delta": 0.01},
        metrics=["accuracy"],
        **others,
    )
    return Training(network_spec(20, 3, activation="relu", dtype=dtype), fields, data, checkpoint)


def equal(one, other):
    return all(
        np.array_equal(one.weights(which)[name], other.weights(which)[name])
        for which in ("best", "last")
        for name in one.weights()
    )


def assert_resuming_changes_nothing(optimizer, dtype, monkeypatch, **others):
    straight = new(optimizer, dtype, **others)
    expected = list(straight.epochs())
    # Every stop is inside an epoch, which has 9 steps of training and 1 of validation: 7 steps a call never end where one does.
    monkeypatch.setattr(Training, "_pieces_per_call", 7)
    run, results = new(optimizer, dtype, **others), []
    while not run.finished:
        calls = count()
        results += run.epochs(lambda calls=calls: next(calls) > 0)
        run = new(optimizer, dtype, Checkpoint.from_bytes(run.checkpoint().to_bytes()), **others)
    assert results == expected
    assert equal(run, straight)
    assert run.best_epoch == straight.best_epoch


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
def test_resuming_repeats_the_remaining_epochs_exactly(optimizer, dtype, monkeypatch):
    assert_resuming_changes_nothing(optimizer, dtype, monkeypatch)


@pytest.mark.parametrize("others", VARIANTS, ids=str)
def test_resuming_repeats_schedules_clipping_and_averaging_exactly(others, monkeypatch):
    assert_resuming_changes_nothing({"type": "nadam", "learning_rate": 0.05}, "float32", monkeypatch, **others)


@st.composite
def trainings(draw):
    """How a network is trained: any optimizer, schedule, averaging and clipping, and batches of one row up to all."""
    lbfgs = {"optimizer": {"type": "lbfgs", "memory": 3, "line_search_evaluations": 4}}
    schedules = st.sampled_from([{}, *({"schedule": variant["schedule"]} for variant in VARIANTS[:3])])
    descent = st.fixed_dictionaries(
        {
            "optimizer": st.sampled_from(OPTIMIZERS),
            "batch_size": st.sampled_from([1, 4, 7, 1000, "full"]),
            "shuffle": st.booleans(),
        }
    )
    if draw(st.integers(0, 9)) == 0:
        return lbfgs
    fields = draw(descent) | draw(schedules)
    if draw(st.booleans()):
        fields["averaging"] = {"decay": 0.9}
    if draw(st.booleans()):
        fields["gradient_clipping"] = {"norm": 0.5, "value": 0.2}
    return fields


@settings(max_examples=60, deadline=None)
@given(
    drawn=networks(),
    fields=trainings(),
    dtype=st.sampled_from(["float32", "float64"]),
    rows=st.integers(1, 17),
    validates=st.booleans(),
    measures=st.booleans(),
    weighs=st.booleans(),
    pieces=st.integers(0, 4),
    piece_rows=st.sampled_from([1, 3, 1024]),
    seed=st.integers(0, 2**32),
)
def test_random_networks_go_on_exactly_from_wherever_they_are_stopped(
    drawn, fields, dtype, rows, validates, measures, weighs, pieces, piece_rows, seed
):
    """After so many pieces of batches and of evaluations, each time anew from the bytes of the checkpoint."""
    spec, loss = drawn.network.model_copy(update={"dtype": dtype}), drawn.loss
    assume(fields["optimizer"]["type"] != "lbfgs" or suits_lbfgs(spec.layers))
    x, t = drawn.examples(rows + 5, dtype, seed)
    w = np.random.default_rng(seed).uniform(0.1, 2.0, rows + 5).astype(dtype)
    kept_away = slice(rows, None if validates else rows)
    weights = {"weights": w[:rows], "validation_weights": w[kept_away]} if weighs else {}
    data = Data(x[:rows], t[:rows], x[kept_away], t[kept_away], categories=drawn.categories, **weights)
    if validates:
        fields = fields | {"validation": {"fraction": 0.2}, "early_stopping": {"patience": 2}}
    if measures:
        fields = fields | {"metrics": ["accuracy", "roc_auc", "confusion_matrix"] if loss in CLASSIFIERS else ["r2"]}
    chosen = training_spec(loss, epochs=4, seed=seed, **fields)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "piece_rows", lambda _: piece_rows)
        straight = Training(spec, chosen, data)
        expected = told(straight, 10**9, patch)
        run, results = Training(spec, chosen, data), []
        while True:
            enough = -(-rows // piece_rows) + 10 * (validates or measures)  # a batch, and an evaluation, begin anew
            results += told(run, pieces + enough + 5 * rows * measures, patch)
            if run.finished or (results and "became NaN" in results[-1]):
                break
            run = Training(spec, chosen, data, Checkpoint.from_bytes(run.checkpoint().to_bytes()))
    assert results == expected
    for which in ("best", "last"):
        for name, array in run.weights(which).items():
            assert array.tobytes() == straight.weights(which)[name].tobytes(), (which, name)
    assert (run.best_epoch, run.epoch) == (straight.best_epoch, straight.epoch)


def told(run, pieces, patch):
    """What a training tells of its epochs in so many pieces; a divergence too."""
    patch.setattr(Training, "_pieces_per_call", pieces if run._descent is None else 1)
    calls, most = count(), 1 if run._descent is None else pieces
    seen = []
    try:
        seen.extend(run.epochs(lambda: next(calls) >= most))
    except Diverged as error:
        seen.append(error.message)
    return list(map(repr, seen))


def suits_lbfgs(layers):
    return all(
        layer.type != "dropout" and getattr(layer, "max_norm", None) is None and suits_lbfgs(getattr(layer, "layers", ()))
        for layer in layers
    )


def test_equal_seeds_give_equal_bits_and_others_do_not():
    one, same = new(OPTIMIZERS[3]), new(OPTIMIZERS[3])
    assert list(one.epochs()) == list(same.epochs())
    assert equal(one, same)
    x, t = examples("softmax_cross_entropy", 90, 6, 3, "float32")
    other = Training(
        network_spec(20, 3, activation="relu", dtype="float32"),
        training_spec("softmax_cross_entropy", epochs=2, seed=1),
        Data(x, t, x[:0], t[:0]),
    )
    list(other.epochs())
    assert np.any(other.weights()["0.weight"] != one.weights()["0.weight"])


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"slot.0": np.zeros(1, np.float32)}, "slot.0"),  # which could be spread over all parameters
        ({"slot.2": np.zeros(203, np.float32)}, "slot.2"),
        ({"theta": np.zeros(203)}, "theta"),
    ],
)
def test_a_checkpoint_of_other_vectors_is_refused(change, told, saved):
    checkpoint = new("adam").checkpoint()
    assert checkpoint.vectors["slot.0"].shape == (203,)
    other = Checkpoint(checkpoint.state, checkpoint.vectors | change)
    with pytest.raises(UnfitCheckpoint, match=told):
        new("adam", checkpoint=SavedCheckpoint([other.to_bytes()]) if saved else other)


def test_a_checkpoint_of_other_counters_is_refused():
    checkpoint = new("adam").checkpoint()
    for state in ({}, checkpoint.state | {"another": 1}):
        with pytest.raises(UnfitCheckpoint, match="epoch"):
            new("adam", checkpoint=Checkpoint(state, checkpoint.vectors))


def test_a_checkpoint_survives_its_bytes_whatever_its_numbers():
    state = {"epoch": 3, "step": 0, "loss": 0.1, "best_loss": float("inf"), "tiny": 5e-324, "negative": -2.5}
    vectors = {"theta": np.array([1.5, np.nan, -0.0], np.float32), "slots": np.zeros((0, 3), np.float32)}
    again = Checkpoint.from_bytes(Checkpoint(state, vectors).to_bytes())
    assert again.state == state
    for name, vector in vectors.items():
        assert again.vectors[name].dtype == vector.dtype
        assert again.vectors[name].shape == vector.shape
        assert again.vectors[name].tobytes() == vector.tobytes()


def with_snapshots(run, interrupted=lambda: False):
    """By epoch the weights to keep, as they are when they are to be stored."""
    kept = {}
    if run.is_to_keep:
        kept[run.epoch] = run.delivered().copy()
    for result in run.epochs(interrupted):
        if result.epoch == run.epoch and run.is_to_keep:
            kept[run.epoch] = run.delivered().copy()
    return kept


@pytest.mark.parametrize(
    "fields",
    [
        {"optimizer": OPTIMIZERS[0], "batch_size": 8},
        {"optimizer": OPTIMIZERS[3], "batch_size": 8, "averaging": {"decay": 0.9}},
        {"optimizer": "lbfgs"},
    ],
    ids=["sgd", "averaged", "lbfgs"],
)
def test_the_weights_to_keep_are_those_of_the_epochs_that_are_asked_for_however_it_is_interrupted(fields, monkeypatch):
    x, t = examples("softmax_cross_entropy", 70, 6, 3, "float32")
    data = Data(x, t, x[:0], t[:0])

    def made(checkpoint=None, **more):
        spec = training_spec("softmax_cross_entropy", epochs=20, **fields, **more)
        return Training(network_spec(20, 3, activation="relu", dtype="float32"), spec, data, checkpoint)

    straight = made(snapshots=6)
    kept = with_snapshots(straight)
    assert list(kept) == [0, 1, 2, 4, 9, 20]
    monkeypatch.setattr(Training, "_pieces_per_call", 1)
    undisturbed, every = made(), {0: made().delivered().copy()}
    for result in undisturbed.epochs():
        every[result.epoch] = undisturbed.delivered().copy()
    assert equal(straight, undisturbed)
    assert all(np.array_equal(kept[epoch], every[epoch]) for epoch in kept)

    monkeypatch.setattr(Training, "_pieces_per_call", 7)
    run, found = made(snapshots=6), {}
    while not run.finished:
        calls = count()
        found |= with_snapshots(run, lambda calls=calls: next(calls) > 0)
        run = made(Checkpoint.from_bytes(run.checkpoint().to_bytes()), snapshots=6)
    assert list(found) == list(kept)
    assert all(np.array_equal(kept[epoch], found[epoch]) for epoch in kept)
