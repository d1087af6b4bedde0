"""How a failed job says what went wrong, and whose fault it was."""

from typing import Any

from core.errors import CoreError, Diverged
from core.nn.spec import LBFGS, TrainingSpec


def explain(error: Exception) -> dict[str, Any]:
    """The `error` of a failed job: fault, code and message, and what helps to do better."""
    if isinstance(error, MemoryError):
        message = "the worker has too little memory for this job; take a smaller batch_size, network or dataset"
        return {"fault": "capacity", "code": "capacity", "message": message}
    if not isinstance(error, CoreError):
        return {"fault": "system", "code": "internal", "message": "the worker failed unexpectedly; its log has the details"}
    told: dict[str, Any] = {"fault": error.fault, "code": error.code, "message": error.message}
    if error.problems:
        told["problems"] = [{"pointer": problem.pointer, "message": problem.message} for problem in error.problems]
    return told


def explain_divergence(error: Diverged, training: TrainingSpec, scaling: str) -> dict[str, Any]:
    """Which epoch, and what usually helps."""
    if isinstance(training.optimizer, LBFGS):
        hint = 'lbfgs found no finite loss; take another training.optimizer, for example "adam", or smaller initial weights'
    else:
        rate = training.optimizer.learning_rate
        hint = f"lower training.optimizer.learning_rate, now {rate:g}, for example to {rate / 10:g}"
    if scaling == "none":
        hint += '; inputs of very different sizes train better with "scaling": "standard" in the dataset'
    return {**explain(error), "epoch": error.epoch, "hint": hint}
