"""Every optimizer's own steps on vectors alone, beside PyTorch's; clipping and averaging likewise."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from core.nn import spec
from core.nn.kernels import averaging, gradients, metrics
from core.nn.kernels.update import update
from core.nn.memory import records
from core.nn.optimizers import OPTIMIZER, optimizer_record, slot_count
from tests.nn.networks import OPTIMIZERS, name_of
from tests.nn.torch_optimizers import in_double_precision, torch, torch_optimizer  # noqa: F401 - a fixture

SPEC: Any = TypeAdapter(spec.Optimizer)
STATE = np.dtype([("updates", np.int64), ("earlier_updates", np.int64), ("momentum_product", np.float64)])


class Steps:
    """An optimizer at work on one vector."""

    def __init__(self, optimizer, theta):
        self.record = optimizer_record(optimizer)[0]
        self.theta, self.rate = theta, optimizer.learning_rate
        self.slots = np.full((slot_count(optimizer), theta.size), self.record.initial_accumulator, theta.dtype)
        self.state = records(1, STATE)[0]
        self.state.momentum_product = 1.0

    def take(self, grad):
        self.state.updates += 1
        update(self.record, self.rate, self.state, self.theta, grad, self.slots)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
def test_steps_along_given_gradients_are_those_of_pytorch(optimizer):
    optimizer, rng = SPEC.validate_python(optimizer), np.random.default_rng(0)
    ours = Steps(optimizer, rng.standard_normal(100))
    theirs = torch.nn.Parameter(torch.tensor(ours.theta))
    descent = torch_optimizer(optimizer, [theirs])
    for step in range(200):
        grad = np.sin(ours.theta) + 10.0 ** rng.uniform(-6, 1) * rng.standard_normal(100)
        ours.take(grad)
        theirs.grad = torch.tensor(grad)
        descent.step()
        np.testing.assert_allclose(ours.theta, theirs.detach().numpy(), rtol=1e-11, atol=1e-12, err_msg=f"step {step}")


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
def test_single_precision_follows_double(optimizer):
    optimizer, rng = SPEC.validate_python(optimizer), np.random.default_rng(0)
    start = rng.standard_normal(1000)
    double, single = Steps(optimizer, start), Steps(optimizer, start.astype(np.float32))
    for _ in range(20):
        grad = rng.standard_normal(1000).astype(np.float32)
        double.take(grad.astype(np.float64))
        single.take(grad)
    np.testing.assert_allclose(single.theta, double.theta, atol=2e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
def test_a_gradient_that_is_not_a_number_is_seen_in_the_weights(optimizer):
    steps = Steps(SPEC.validate_python(optimizer), np.ones(3, np.float32))
    steps.take(np.array([1, np.nan, 1], np.float32))
    assert np.isnan(steps.theta).tolist() == [False, True, False]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_centered_rmsprop_survives_a_gradient_that_never_changes(momentum):
    optimizer = spec.RMSprop(centered=True, momentum=momentum, learning_rate=1e-9)
    steps = Steps(optimizer, np.ones(1000, np.float32))
    grad = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    for _ in range(2000):
        steps.take(grad)
    assert np.isfinite(steps.theta).all()


def test_every_member_of_the_union_is_tried_here_and_every_constant_reaches_the_kernels():
    assert {optimizer["type"] for optimizer in OPTIMIZERS} >= {
        kind.model_fields["type"].default for kind in spec.AnyOptimizer.__args__
    } - {"lbfgs"}
    for optimizer in OPTIMIZERS:
        for name in SPEC.validate_python(optimizer).model_dump(exclude={"type", "learning_rate"}):
            assert name in (OPTIMIZER.names or ())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("highest", [0.5, 1e6])
def test_clipping_is_that_of_pytorch(highest, dtype):
    grad = np.random.default_rng(0).standard_normal(1000).astype(dtype)
    for clip, torch_clip in (
        (lambda g: gradients.clip_norm(g, metrics.norm(g), highest), torch.nn.utils.clip_grad_norm_),
        (lambda g: gradients.clip_values(g, highest), torch.nn.utils.clip_grad_value_),
    ):
        ours, theirs = grad.copy(), torch.nn.Parameter(torch.tensor(grad))
        theirs.grad = torch.tensor(grad)
        clip(ours)
        torch_clip([theirs], highest)
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-12 if dtype == np.float64 else 1e-5)


def test_clipping_hides_nothing_that_is_not_a_number():
    grad = np.array([np.nan, 2.0, -3.0])
    gradients.clip_values(grad, 1.0)
    assert np.isnan(grad[0])
    assert grad[1:].tolist() == [1, -1]
    gradients.clip_norm(grad, metrics.norm(grad), 1.0)
    assert np.isnan(grad[0])


def test_averaging_is_that_of_pytorch():
    rng = np.random.default_rng(0)
    model = torch.nn.Linear(30, 3, dtype=torch.float64)
    averaged = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    mean = np.zeros(90)
    for step in range(50):
        theta = rng.standard_normal(90)
        averaging.average(mean, theta, 90, 0.9, step == 0)
        with torch.no_grad():
            model.weight.copy_(torch.tensor(theta.reshape(3, 30)))
        averaged.update_parameters(model)
        np.testing.assert_allclose(mean, averaged.module.weight.detach().numpy().ravel(), rtol=1e-12, atol=1e-14)


def test_running_statistics_are_not_averaged_again():
    mean, theta = np.zeros(5), np.arange(5.0)
    averaging.average(mean, theta, 3, 0.5, True)
    averaging.average(mean, theta + 1, 3, 0.5, False)
    assert mean.tolist() == [0.5, 1.5, 2.5, 4, 5]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"type": "sgd", "nesterov": True}, "Nesterov's step needs a momentum above 0"),
        ({"type": "adamw", "weight_decay": -0.1}, "greater than or equal to 0"),
        ({"type": "rmsprop", "epsilon": 0.0}, "epsilon"),
        ({"type": "lion", "epsilon": 1e-8}, "Extra inputs are not permitted"),
    ],
)
def test_a_senseless_optimizer_is_refused(fields, told):
    with pytest.raises(ValidationError, match=told):
        SPEC.validate_python(fields)
