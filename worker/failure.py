"""How a failed job says what went wrong, and whose fault it was."""

from collections.abc import Iterator
from typing import Any

from core.errors import CapacityError, CoreError, Diverged
from core.nn.preparation.roles import SCALABLE
from core.nn.spec import LBFGS, DataSpec, GradientDescent, Poisson, TrainingSpec


def explain(error: Exception) -> dict[str, Any]:
    """The `error` of a failed job: fault, code and message, and what helps to do better."""
    if not isinstance(error, CoreError):
        return {"fault": "system", "code": "internal", "message": "the worker failed unexpectedly; its log has the details"}
    told: dict[str, Any] = {"fault": error.fault, "code": error.code, "message": error.message}
    if error.problems:
        told["problems"] = [{"pointer": problem.pointer, "message": problem.message} for problem in error.problems]
    return told


def out_of_memory(most_bytes: int) -> CapacityError:
    return CapacityError(
        f"the job asked for more memory than it is given, its estimate and a margin, {most_bytes:,} bytes, or than the machine "
        "has left; take a smaller batch_size, network or dataset"
    )


def explain_divergence(error: Diverged, training: TrainingSpec, data: DataSpec) -> dict[str, Any]:
    """Which epoch, and what usually helps, the likeliest first."""
    return {**explain(error), "epoch": error.epoch, "hint": "; ".join(remedies(training, data))}


def remedies(training: TrainingSpec, data: DataSpec) -> Iterator[str]:
    """Against a loss that becomes infinite."""
    optimizer, loss = training.optimizer, training.loss
    if isinstance(optimizer, LBFGS):
        yield 'lbfgs found no finite loss: take another training.optimizer, for example "adam", or smaller initial weights'
    else:
        rate = optimizer.learning_rate
        usual = type(optimizer)().learning_rate
        lower = f"{usual:g}, the default of {optimizer.type}" if usual <= rate / 10 else f"{rate / 10:g}"
        yield f"lower training.optimizer.learning_rate, now {rate:g}, for example to {lower}"
        if training.gradient_clipping is None:
            yield 'shorten gradients that explode with "gradient_clipping": {"norm": 1} in training'
        if isinstance(optimizer, GradientDescent):
            yield 'sgd takes longer steps where the gradient is larger; "adam" does not'
    if data.scaling == "none":
        yield 'inputs of very different sizes train better with "scaling": "standard" in the dataset'
    if loss.type in SCALABLE and "none" in (data.scaling, data.target_scaling):
        yield 'large targets train better with "target_scaling": "standard", or as their logarithms'
    if isinstance(loss, Poisson):
        yield "poisson learns logarithms of rates, so that float32 ends at an output of 88: smaller weights help"
