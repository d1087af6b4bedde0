"""L-BFGS: SciPy's routine between evaluations, and trainings by it."""

from itertools import count

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from core.errors import Diverged
from core.nn.lbfgs import Minimization, Wish
from core.nn.network import Network
from core.nn.saving.checkpoint import Checkpoint
from core.nn.spec import LBFGS, NetworkSpec
from core.nn.training import Data, Training
from tests.nn.networks import LAST, LOSSES, examples, network_spec, training_spec

START = np.linspace(-1, 2, 20)


def minimized(optimizer, stored=lambda minimization: minimization):
    """Rosenbrock's function; what is done with the minimization between any two calls is the caller's."""
    minimization, losses = Minimization(optimizer, START), []
    while minimization.wish != Wish.NOTHING:
        if minimization.wish == Wish.EVALUATION:
            minimization.gradient[:] = rosen_der(minimization.x)
            minimization.answer(rosen(minimization.x))
        else:
            minimization.advance()
        if minimization.wish == Wish.NEXT:
            losses.append(minimization.loss)
        minimization = stored(minimization)
    return minimization, losses


def copied(minimization):
    """Another one with the same vectors, as a checkpoint makes it."""
    other = Minimization(minimization._optimizer, np.zeros(20))
    for name, vector in other.vectors.items():
        vector[...] = minimization.vectors[name]
    return other


@pytest.mark.parametrize("memory", [1, 10])
def test_the_iterations_are_those_of_scipys_own_loop(memory):
    expected, path = None, []
    expected = minimize(
        rosen, START, jac=rosen_der, method="L-BFGS-B", options={"maxcor": memory}, callback=lambda x: path.append(rosen(x))
    )
    found, losses = minimized(LBFGS(memory=memory))
    np.testing.assert_array_equal(found.x, expected.x)
    assert losses == path
    assert len(losses) == expected.nit


def test_all_of_its_state_is_in_its_vectors():
    straight, losses = minimized(LBFGS())
    again, same = minimized(LBFGS(), copied)
    assert losses == same
    np.testing.assert_array_equal(again.x, straight.x)


def data(loss, rows=300, dtype="float64"):
    x, t = examples(loss, rows, 5, 3, dtype)
    return Data(x, t, *examples(loss, 100, 5, 3, dtype, seed=1))


def new(loss="mean_squared_error", dtype="float64", checkpoint=None, rows=300, epochs=60, spec=None, **fields):
    spec = spec or network_spec(9, 3, last=LAST.get(loss, "identity"), dtype=dtype)
    fields = training_spec(loss, optimizer="lbfgs", epochs=epochs, validation={"fraction": 0.25}, **fields)
    return Training(spec, fields, data(loss, rows, dtype), checkpoint)


@pytest.mark.parametrize("rows", [300, 2500])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_follows_scipys_own_minimization(loss, rows):
    run, examples = new(loss, rows=rows), data(loss, rows)
    network, path = Network(run.program, run.theta.copy()), []

    def function(theta):
        network.theta[:] = theta
        return network.loss_and_gradient(examples.x, examples.t)

    minimize(function, run.theta.copy(), jac=True, method="L-BFGS-B", callback=lambda x: path.append(function(x)))
    results = list(run.epochs())
    assert len(results) > 5
    for result, (value, gradient) in list(zip(results, path, strict=False))[:20]:  # rounding grows along the way
        assert result.loss == pytest.approx(value, rel=1e-9)
        assert result.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-6)
    assert results[-1].loss < results[0].loss


def normalised(dtype):
    """A network whose running statistics change with every evaluation."""
    layers = [{"type": "dense", "units": 9}, "batch_normalisation", "tanh", {"type": "dense", "units": 3}]
    return NetworkSpec.model_validate({"layers": layers, "dtype": dtype})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "network"), [(300, None), (2500, None), (300, normalised)])
def test_resuming_between_any_two_pieces_repeats_the_rest_exactly(dtype, rows, network):
    fields = {"dtype": dtype, "rows": rows, "metrics": ["r2"], "epochs": 12, "spec": network and network(dtype)}
    straight = new(**fields)
    expected = list(straight.epochs())
    assert expected[-1].loss < expected[0].loss
    run, results = new(**fields), []
    while not run.finished:
        calls = count()
        results += run.epochs(lambda calls=calls: next(calls) > 3)  # of 2500 rows there are three pieces
        run = new(**fields, checkpoint=Checkpoint.from_bytes(run.checkpoint().to_bytes()))
    assert results == expected
    for which in ("best", "last"):
        for name, weights in straight.weights(which).items():
            np.testing.assert_array_equal(run.weights(which)[name], weights)


def test_the_delivered_weights_are_those_of_an_iteration_whatever_the_line_search_tries():
    run = new()
    for result in run.epochs():
        network = Network.from_weights(run.program, run.weights("last"))
        assert network.loss_and_gradient(run._examples.x, run._examples.t)[0] == pytest.approx(result.loss, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_stops_where_it_converges(dtype):
    x, _ = examples("mean_squared_error", 50, 3, 1, dtype)
    t = x @ np.array([[1], [2], [3]], dtype) + np.array(0.5, dtype)
    fields = training_spec(optimizer="lbfgs", epochs=1000)
    run = Training(network_spec(1, dtype=dtype), fields, Data(x, t, x[:0], t[:0]))
    *_, result = run.epochs()
    assert run.finished
    assert run.converged
    assert not run.stopped_early
    assert result.epoch == run.epoch < 100
    np.testing.assert_allclose(run.weights()["0.weight"], [[1, 2, 3]], atol=1e-3)


def test_where_there_is_nothing_to_learn_one_epoch_says_so():
    x = np.ones((4, 2))
    fields = training_spec(optimizer="lbfgs", epochs=10, metrics=["mean_squared_error"])
    spec = network_spec(1, weight_initializer="zeros")
    run = Training(spec, fields, Data(x, np.zeros((4, 1)), x[:0], x[:0, :1]))
    (result,) = run.epochs()
    assert (result.epoch, result.loss, result.gradient_norm) == (1, 0, 0)
    assert run.converged
    assert run.weights("best")["0.weight"].tolist() == [[0, 0]]


def test_early_stopping_ends_it_too():
    run = new(epochs=1000, early_stopping={"patience": 3})
    losses = [result.validation_loss for result in run.epochs()]
    assert run.stopped_early
    assert run.best_epoch == int(np.argmin(losses)) + 1 == len(losses) - 3


def test_a_loss_beyond_all_numbers_is_a_divergence():
    x = np.full((4, 1), 1e30, np.float32)
    fields = training_spec(optimizer="lbfgs", epochs=10)
    run = Training(network_spec(1, dtype="float32"), fields, Data(x, x, x[:0], x[:0]))
    with pytest.raises(Diverged):
        list(run.epochs())
