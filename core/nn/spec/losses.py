"""Losses: what a training makes small. y are the outputs, t the targets, z the last weighted sums."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from core.nn.spec.base import Spec, named


class MeanSquaredError(Spec):
    """L = mean (y − t)², over rows and outputs"""

    type: Literal["mean_squared_error"] = "mean_squared_error"


class MeanAbsoluteError(Spec):
    """L = mean |y − t|, over rows and outputs"""

    type: Literal["mean_absolute_error"] = "mean_absolute_error"


class BinaryCrossEntropy(Spec):
    """L = −mean (t ln p + (1 − t) ln(1 − p)), p = sigmoid z; the last layer's activation is sigmoid, or identity for logits"""

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class SoftmaxCrossEntropy(Spec):
    """L = −mean ln p[class], p = softmax z; the last layer's activation is softmax, or identity for logits"""

    type: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"


AnyLoss = MeanSquaredError | MeanAbsoluteError | BinaryCrossEntropy | SoftmaxCrossEntropy
Loss = Annotated[AnyLoss, Field(discriminator="type"), BeforeValidator(named)]
