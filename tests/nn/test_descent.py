"""Schedules, clipping and averaging inside a training, step by step beside PyTorch."""

from typing import Any

import numpy as np
import pytest

from core.nn.network import Network
from core.nn.spec import NetworkSpec, TrainingSpec
from tests.nn.networks import examples, network_spec, training, training_spec
from tests.nn.torch_networks import distance, loaded
from tests.nn.torch_optimizers import in_double_precision, torch, torch_optimizer  # noqa: F401 - a fixture

LOSS, ROWS, BATCH, EPOCHS = "mean_squared_error", 40, 16, 67
STEPS = 3  # an epoch, the last of 8 rows
SGD = {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9}


class Descent:
    """PyTorch's way over the same batches, from the weights of a training that has not begun."""

    def __init__(self, run, fields, x, t):
        self.model = loaded(network_spec(9, 3), run.weights(), 5)
        self.optimizer = torch_optimizer(fields.optimizer, self.model.parameters())
        self.x, self.t = torch.tensor(x), torch.tensor(t)

    def epoch(self, clip=list, after_step=lambda: None):
        """Yields the norm of each step's gradient, before it is clipped."""
        for first in range(0, ROWS, BATCH):
            batch = slice(first, first + BATCH)
            self.optimizer.zero_grad()
            torch.nn.functional.mse_loss(self.model(self.x[batch]), self.t[batch]).backward()
            norm = torch.nn.utils.get_total_norm([p.grad for p in self.model.parameters()]).item()
            clip(list(self.model.parameters()))
            self.optimizer.step()
            after_step()
        return norm


def begun(validates=False, **fields):
    """A training and PyTorch's beside it."""
    x, t = examples(LOSS, ROWS, 5, 3)
    validation = examples(LOSS, 30, 5, 3, seed=1) if validates else None
    if validates:
        fields["validation"] = {"fraction": 0.4}
    spec = training_spec(LOSS, **{"optimizer": SGD, "epochs": EPOCHS, "batch_size": BATCH, "shuffle": False} | fields)
    run = training(network_spec(9, 3), spec, x, t, validation)
    return run, Descent(run, spec, x, t), validation


def test_the_rate_of_a_schedule_changes_with_every_step_as_in_pytorch():
    run, descent, _ = begun(schedule={"type": "cosine", "period": 5, "multiplier": 2, "warmup": {"steps": 10}})
    scheduler = torch.optim.lr_scheduler
    schedule = scheduler.SequentialLR(
        descent.optimizer,
        [
            scheduler.LinearLR(descent.optimizer, 0.1, 1.0, 9),
            scheduler.CosineAnnealingWarmRestarts(descent.optimizer, 5 * STEPS, 2),
        ],
        [10],
    )
    for result in run.epochs():
        rates = []
        descent.epoch(after_step=lambda rates=rates: (rates.append(schedule.get_last_lr()[0]), schedule.step()))
        assert result.learning_rate == pytest.approx(rates[-1], rel=1e-12, abs=1e-15)
    assert distance(run.weights(), dict(descent.model.named_parameters())) < 1e-9


@pytest.mark.parametrize("validates", [True, False])
def test_the_rate_falls_when_the_loss_does_not_as_in_pytorch(validates):
    plateau = {"type": "reduce_on_plateau", "factor": 0.5, "patience": 1, "min_delta": 0.01, "minimum": 0.002}
    run, descent, validation = begun(validates, schedule=plateau, optimizer=SGD | {"learning_rate": 0.3})
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        descent.optimizer, factor=0.5, patience=1, threshold=0.01, threshold_mode="abs", min_lr=0.002
    )
    rates = []
    for result in run.epochs():
        descent.epoch()
        rates.append(descent.optimizer.param_groups[0]["lr"])
        assert result.learning_rate == pytest.approx(rates[-1], rel=1e-12)
        if validates:
            y, t = descent.model(torch.tensor(validation[0])), torch.tensor(validation[1])
            schedule.step(torch.nn.functional.mse_loss(y, t).item())
        else:
            schedule.step(result.loss)
    assert len(set(rates)) > 3
    assert distance(run.weights(), dict(descent.model.named_parameters())) < 1e-9


@pytest.mark.parametrize("clipping", [{"norm": 0.3}, {"value": 0.05}, {"norm": 0.5, "value": 0.1}, {"norm": 1e6}])
def test_clipped_gradients_lead_to_the_weights_of_pytorch(clipping):
    run, descent, _ = begun(gradient_clipping=clipping)

    def clip(parameters: Any) -> None:
        if "norm" in clipping:
            torch.nn.utils.clip_grad_norm_(parameters, clipping["norm"])
        if "value" in clipping:
            torch.nn.utils.clip_grad_value_(parameters, clipping["value"])

    for result in run.epochs():
        assert result.gradient_norm == pytest.approx(descent.epoch(clip), rel=1e-9)
    assert distance(run.weights(), dict(descent.model.named_parameters())) < 1e-9


def test_averaged_weights_are_those_of_pytorch_and_are_what_is_validated_and_delivered():
    run, descent, (validation_x, validation_t) = begun(validates=True, averaging={"decay": 0.95})
    swa = torch.optim.swa_utils
    averaged = swa.AveragedModel(descent.model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.95))
    losses = []
    for result in run.epochs():
        descent.epoch(after_step=lambda: averaged.update_parameters(descent.model))
        y = averaged(torch.tensor(validation_x))
        losses.append(torch.nn.functional.mse_loss(y, torch.tensor(validation_t)).item())
        assert result.validation_loss == pytest.approx(losses[-1], rel=1e-9)
    assert distance(run.weights(), dict(averaged.module.named_parameters())) < 1e-9
    assert run.best_epoch == int(np.argmin(losses)) + 1
    best = Network.from_weights(run.program, run.weights("best"))
    assert np.mean((best.outputs(validation_x) - validation_t) ** 2) == pytest.approx(min(losses), rel=1e-9)


def test_running_statistics_go_with_the_averaged_weights_as_they_are():
    layers = [{"type": "dense", "units": 9}, "batch_normalisation", "tanh", {"type": "dense", "units": 3}]
    x, t = examples(LOSS, ROWS, 5, 3)
    validation_x, validation_t = examples(LOSS, 30, 5, 3, seed=1)
    fields = training_spec(
        LOSS, averaging={"decay": 0.9}, optimizer=SGD, epochs=20, batch_size="full", validation={"fraction": 0.4}
    )
    run = training(
        NetworkSpec.model_validate({"layers": layers, "dtype": "float64"}), fields, x, t, (validation_x, validation_t)
    )
    model = torch.nn.Sequential(torch.nn.Linear(5, 9), torch.nn.BatchNorm1d(9), torch.nn.Tanh(), torch.nn.Linear(9, 3))
    model.load_state_dict({name: torch.tensor(array) for name, array in run.weights().items()}, strict=False)
    optimizer = torch_optimizer(fields.optimizer, model.parameters())
    averaged = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    for result in run.epochs():
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(torch.tensor(x)), torch.tensor(t)).backward()
        optimizer.step()
        averaged.update_parameters(model)
        averaged.eval()
        y = averaged(torch.tensor(validation_x))
        loss = torch.nn.functional.mse_loss(y, torch.tensor(validation_t)).item()
        assert result.validation_loss == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"gradient_clipping": {}}, 'gradient_clipping takes "norm", "value" or both'),
        ({"averaging": {"decay": 1.0}}, "less than 1"),
        ({"epochs": 5, "schedule": {"type": "cosine", "warmup": {"epochs": 5}}}, "warms up for 5 epochs of 5"),
        ({"optimizer": "lbfgs", "batch_size": 32}, "batch_size is 32, but lbfgs takes all rows"),
        ({"optimizer": "lbfgs", "schedule": "cosine"}, "schedule says nothing to lbfgs"),
        ({"optimizer": "lbfgs", "averaging": {}}, "averaging says nothing to lbfgs"),
        ({"optimizer": {"type": "lbfgs"}, "gradient_clipping": {"norm": 1.0}}, "gradient_clipping says nothing to lbfgs"),
    ],
)
def test_what_does_not_go_together_is_refused(fields, told):
    with pytest.raises(ValueError, match=told):
        training_spec(**fields)


def test_lbfgs_takes_all_rows_unless_told_otherwise():
    fields = training_spec(optimizer="lbfgs")
    assert fields.batch_size == "full"
    assert TrainingSpec.model_validate_json(fields.model_dump_json()) == fields
