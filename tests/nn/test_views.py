"""Parts of vectors: what may be looked at, and that no program looks beside its vectors."""

import numpy as np
import pytest
from hypothesis import given
from numba import njit
from numba.core.errors import TypingError

from core.nn import program as codes
from core.nn.kernels.views import matrix, vector
from core.nn.lower import lower
from core.nn.spec import TrainingSpec
from tests.nn.random_networks import networks


@njit
def part(theta, offset, size):
    return vector(theta, offset, size)


@njit
def reshaped(theta, offset, n, m):
    return matrix(theta, offset, n, m)


def test_a_part_is_what_a_slice_is():
    theta = np.arange(12.0)
    np.testing.assert_array_equal(part(theta, 3, 4), theta[3:7])
    np.testing.assert_array_equal(reshaped(theta, 2, 3, 3), theta[2:11].reshape(3, 3))
    reshaped(theta, 2, 3, 3)[1, 1] = -1
    assert theta[6] == -1


@pytest.mark.parametrize("array", [np.zeros((2, 3)), np.zeros(6)[::2]], ids=["matrix", "strided"])
def test_only_a_vector_without_gaps_has_parts(array):
    with pytest.raises(TypingError, match="one behind the other"):
        part(array, 0, 1)


def test_a_part_of_what_may_not_be_written_may_not_be_written():
    theta = np.arange(3.0)
    theta.flags.writeable = False
    assert not part(theta, 0, 2).flags.writeable


@given(drawn=networks())
def test_every_operation_stays_within_the_values_and_the_weights(drawn):
    training = TrainingSpec.model_validate({"loss": drawn.loss, "optimizer": "sgd", "epochs": 1, "batch_size": 1})
    program = lower(drawn.network, training.loss, drawn.inputs, drawn.categories)
    for operations in (program.evaluated, program.trained):
        for op in operations:
            assert all(end <= program.width for end in ends_of_values(op))
            assert all(end <= program.parameters for end in ends_of_weights(op))
            assert all(program.parameters < end <= program.size for end in ends_of_statistics(op))


def ends_of_values(op):
    yield op["x"] + op["n"]
    yield op["y"] + op["m"]
    if op["code"] in (codes.BRANCH, codes.JOIN):
        yield op["skip"] + op["n" if op["code"] == codes.BRANCH else "m"]
    if op["code"] == codes.LAYER_NORMALISATION:
        yield op["statistics"] + 2


def ends_of_weights(op):
    match op["code"]:
        case codes.DENSE:
            yield op["W"] + op["n"] * op["m"]
            yield op["b"] + op["biases"]
        case codes.CONVOLUTION:
            yield op["W"] + op["filters"] * op["channels"] * op["kernel_height"] * op["kernel_width"]
            yield op["b"] + op["biases"]
        case codes.BATCH_NORMALISATION | codes.RUNNING_NORMALISATION:
            yield op["W"] + op["channels"]
            yield op["b"] + op["channels"]
        case codes.LAYER_NORMALISATION:
            yield op["W"] + op["n"]
            yield op["b"] + op["n"]
        case codes.LOOKUP:
            yield op["W"] + op["vocabulary"] * op["dimension"]
        case codes.PRELU:
            yield op["b"] + op["biases"]


def ends_of_statistics(op):
    if op["code"] in (codes.BATCH_NORMALISATION, codes.RUNNING_NORMALISATION):
        yield op["statistics"] + 4 * op["channels"] + 1
