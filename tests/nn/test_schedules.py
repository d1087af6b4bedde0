"""The learning rate of every step beside PyTorch's schedulers."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from core.nn import spec
from core.nn.kernels import schedules
from core.nn.memory import records
from core.nn.schedules import schedule_record

torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")
lr_scheduler = torch.optim.lr_scheduler

BASE, STEPS, EPOCHS = 0.3, 7, 20
TOTAL = STEPS * EPOCHS
SCHEDULE = TypeAdapter(spec.Schedule)
PLATEAU = np.dtype([("base_rate", np.float64), ("plateau_loss", np.float64), ("plateau_epochs", np.int64)])


def rates(fields, base=BASE, steps=STEPS, total=TOTAL):
    schedule = schedule_record(SCHEDULE.validate_python(fields))[0]
    return [schedules.rate(schedule, base, update, steps, total) for update in range(total)]


def torch_rates(scheduler, per_epoch=False, base=BASE):
    """Of a scheduler that steps with every update, or with every epoch."""
    descent = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    schedule, found = scheduler(descent), []
    for update in range(TOTAL):
        found.append(descent.param_groups[0]["lr"])
        descent.step()
        if not per_epoch or (update + 1) % STEPS == 0:
            schedule.step()
    return found


@pytest.mark.parametrize(
    ("fields", "scheduler", "per_epoch"),
    [
        ("constant", lambda o: lr_scheduler.ConstantLR(o, 1.0), False),
        ({"type": "step", "every": 3, "factor": 0.4}, lambda o: lr_scheduler.StepLR(o, 3, 0.4), True),
        ({"type": "exponential", "factor": 0.8}, lambda o: lr_scheduler.ExponentialLR(o, 0.8), True),
        ({"type": "polynomial", "power": 2.0}, lambda o: lr_scheduler.PolynomialLR(o, TOTAL, 2.0), False),
        ("polynomial", lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, TOTAL), False),
        ({"type": "polynomial", "end": 0.03}, lambda o: lr_scheduler.LinearLR(o, 1.0, 0.1, TOTAL), False),
        ("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, TOTAL), False),
        (
            {"type": "cosine", "period": 3, "minimum": 0.01},
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3 * STEPS, eta_min=0.01),
            False,
        ),
        (
            {"type": "cosine", "period": 2, "multiplier": 3},
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2 * STEPS, 3),
            False,
        ),
        ("one_cycle", lambda o: lr_scheduler.OneCycleLR(o, BASE, TOTAL, cycle_momentum=False), False),
        (
            {"type": "one_cycle", "rise": 0.15, "start_divisor": 10.0, "end_divisor": 100.0},
            lambda o: lr_scheduler.OneCycleLR(
                o, BASE, TOTAL, pct_start=0.15, div_factor=10, final_div_factor=100, cycle_momentum=False
            ),
            False,
        ),
        (
            {"type": "cosine", "warmup": {"epochs": 3}},
            lambda o: lr_scheduler.SequentialLR(
                o,
                [
                    lr_scheduler.LinearLR(o, 1 / (3 * STEPS), 1.0, 3 * STEPS - 1),
                    lr_scheduler.CosineAnnealingLR(o, TOTAL - 3 * STEPS),
                ],
                [3 * STEPS],
            ),
            False,
        ),
    ],
)
def test_the_rates_are_those_of_pytorch(fields, scheduler, per_epoch):
    assert rates(fields) == pytest.approx(torch_rates(scheduler, per_epoch), rel=1e-12, abs=1e-15)


def test_a_warm_up_of_steps_rises_evenly_to_the_first_rate_and_the_schedule_begins_after_it():
    found = rates({"type": "step", "every": 1, "factor": 0.5, "warmup": {"steps": 4}})
    assert found[:4] == pytest.approx([BASE / 4, BASE / 2, BASE * 3 / 4, BASE])
    assert found[4 : 4 + STEPS] == [BASE] * STEPS
    assert found[4 + STEPS] == BASE / 2


@pytest.mark.parametrize("total", [1, 2, 3])
@pytest.mark.parametrize("kind", ["polynomial", "cosine", "one_cycle", {"type": "one_cycle", "rise": 0.0}])
def test_the_shortest_trainings_have_rates_too(kind, total):
    assert all(0 <= rate <= BASE for rate in rates(kind, total=total))


def test_the_rate_falls_at_plateaus_as_pytorch_lets_it_fall():
    losses = [5.0, 4.0, 4.0, 3.99, 4.2, 3.0, 3.0, 3.0, 3.0, 3.0, 2.995, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    descent = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    plateau = lr_scheduler.ReduceLROnPlateau(descent, factor=0.3, patience=2, threshold=0.01, threshold_mode="abs", min_lr=0.02)
    schedule = schedule_record(
        spec.ReduceOnPlateau(factor=0.3, patience=2, min_delta=0.01, minimum=0.02),
    )[0]
    state = records(1, PLATEAU)[0]
    state.base_rate, state.plateau_loss = BASE, float("inf")
    found, expected = [], []
    for loss in losses:
        schedules.reduce_on_plateau(schedule, state, loss)
        plateau.step(loss)
        found.append(state.base_rate)
        expected.append(descent.param_groups[0]["lr"])
    assert found == pytest.approx(expected, rel=1e-15)
    assert len(set(found)) > 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"type": "cosine", "multiplier": 2}, "multiplier is 2, but without a period nothing is repeated"),
        ({"type": "cosine", "warmup": {}}, 'warmup takes either "steps" or "epochs"'),
        ({"type": "cosine", "warmup": {"steps": 1, "epochs": 1}}, 'warmup takes either "steps" or "epochs"'),
        ({"type": "step", "every": 3, "factor": 1.0}, "less than 1"),
        ({"type": "step"}, "Field required"),
    ],
)
def test_a_senseless_schedule_is_refused(fields, told):
    with pytest.raises(ValidationError, match=told):
        SCHEDULE.validate_python(fields)
