"""What a job that failed tells its user."""

from typing import Any

import pytest

from core.errors import CapacityError, Diverged, InvalidData
from core.nn.spec import DataSpec, TrainingSpec
from worker.failure import explain, explain_divergence, out_of_memory

ERROR = Diverged("the loss became NaN or infinite in epoch 3 of 10", 3)


def told(data: dict[str, Any] | None = None, **training: Any) -> dict[str, Any]:
    spec = TrainingSpec.model_validate({"loss": "mean_squared_error", **training})
    return explain_divergence(ERROR, spec, DataSpec.model_validate({"target": "price", **(data or {})}))


def test_a_divergence_names_its_epoch_and_first_of_all_a_lower_learning_rate() -> None:
    found = told(optimizer={"type": "adam", "learning_rate": 0.5})
    assert (found["fault"], found["code"], found["epoch"]) == ("user", "diverged", 3)
    assert found["message"] == "the loss became NaN or infinite in epoch 3 of 10"
    assert found["hint"].startswith(
        "lower training.optimizer.learning_rate, now 0.5, for example to 0.001, the default of adam"
    )


@pytest.mark.parametrize(
    ("optimizer", "rate", "lower"),
    [
        ("adam", 1e6, "0.001, the default of adam"),
        ("sgd", 1e5, "0.01, the default of sgd"),
        ("adadelta", 100.0, "1, the default of adadelta"),
        ("sgd", 0.02, "0.002"),
        ("adam", 0.0001, "1e-05"),
    ],
)
def test_the_lower_rate_is_one_that_may_do_at_once_and_not_a_tenth_of_one_that_is_far_off(
    optimizer: str, rate: float, lower: str
) -> None:
    hint = told(optimizer={"type": optimizer, "learning_rate": rate})["hint"]
    assert hint.startswith(f"lower training.optimizer.learning_rate, now {rate:g}, for example to {lower};")


@pytest.mark.parametrize(
    ("word", "data", "training", "otherwise"),
    [
        ('"gradient_clipping": {"norm": 1}', {}, {}, {"gradient_clipping": {"value": 1.0}}),
        ("sgd takes longer steps", {}, {"optimizer": "sgd"}, {"optimizer": "rmsprop"}),
        ("poisson learns logarithms", {}, {"loss": "poisson"}, {"loss": "huber"}),
        ("another training.optimizer", {}, {"optimizer": "lbfgs"}, {"optimizer": "adam"}),
        ('"scaling": "standard"', {"scaling": "none"}, {}, None),
        ('"target_scaling": "standard"', {"scaling": "none"}, {}, {"loss": "softmax_cross_entropy"}),
        ('"target_scaling": "standard"', {"target_scaling": "none"}, {}, {"loss": "poisson"}),
    ],
)
def test_a_divergence_names_what_has_not_been_done_against_it(word: Any, data: Any, training: Any, otherwise: Any) -> None:
    assert word in told(data, **training)["hint"]
    if otherwise is None:
        assert word not in told({"scaling": "robust"}, **training)["hint"]
    else:
        assert word not in told(data, **{**training, **otherwise})["hint"]


def test_every_failure_says_whose_fault_it_was() -> None:
    assert explain(InvalidData("row 3 has no target"))["fault"] == "user"
    assert explain(CapacityError("too slow"))["fault"] == "capacity"
    told = explain(out_of_memory(2**30))
    assert (told["fault"], told["code"]) == ("capacity", "capacity")
    assert "1,073,741,824 bytes" in told["message"]
    assert explain(ZeroDivisionError("our secret"))["message"] == "the worker failed unexpectedly; its log has the details"
