"""Losses: what a training makes small. y are the outputs, t the targets, z the last weighted sums."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from core.nn.spec.base import Fraction, Positive, Spec, named


class MeanSquaredError(Spec):
    """L = mean (y − t)², over rows and outputs"""

    type: Literal["mean_squared_error"] = "mean_squared_error"


class MeanAbsoluteError(Spec):
    """L = mean |y − t|, over rows and outputs"""

    type: Literal["mean_absolute_error"] = "mean_absolute_error"


class Huber(Spec):
    """L = mean of e² / 2 where |e| ≤ δ, else δ (|e| − δ / 2), e = y − t, over rows and outputs; Huber 1964"""

    type: Literal["huber"] = "huber"
    delta: Positive = 1.0


class LogCosh(Spec):
    """L = mean ln cosh(y − t), over rows and outputs; Saleh and Saleh 2022, eq. 1"""

    type: Literal["log_cosh"] = "log_cosh"


class BinaryCrossEntropy(Spec):
    """L = −mean (t ln p + (1 − t) ln(1 − p)), p = sigmoid z; the last layer's activation is sigmoid, or identity for logits"""

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class SoftmaxCrossEntropy(Spec):
    """L = −mean ln p[class], p = softmax z; with label smoothing ε every class counts ε / classes, the row's own 1 − ε more:
    Szegedy et al. 2016, section 7. The last layer's activation is softmax, or identity for logits"""

    type: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"
    label_smoothing: Fraction = 0.0


class Poisson(Spec):
    """L = mean (eʸ − t y), over rows and outputs: outputs are logarithms of rates, targets counts or other numbers from 0 on;
    Nelder and Wedderburn 1972"""

    type: Literal["poisson"] = "poisson"


AnyLoss = MeanSquaredError | MeanAbsoluteError | Huber | LogCosh | BinaryCrossEntropy | SoftmaxCrossEntropy | Poisson
Loss = Annotated[AnyLoss, Field(discriminator="type"), BeforeValidator(named)]
