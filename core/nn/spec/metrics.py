"""Metrics: what every epoch is measured by beside its loss. None of them looks at the rows' weights."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from core.nn.spec.base import Spec, named


class MetricSpec(Spec):
    """What all metrics have in common."""

    type: str

    @property
    def key(self) -> str:
        """The name under which an epoch's `metrics` hold it."""
        return self.type


class Accuracy(MetricSpec):
    """The share of the rows whose likeliest class is the true one; of several flags their average"""

    type: Literal["accuracy"] = "accuracy"


class TopKAccuracy(MetricSpec):
    """The share of the rows whose true class is among the k likeliest; of equal ones the first counts as likelier.
    With k = 5 its key is `top_5_accuracy`"""

    type: Literal["top_k_accuracy"] = "top_k_accuracy"
    k: int = Field(5, strict=True, ge=1, le=100_000)

    @property
    def key(self) -> str:
        return f"top_{self.k}_accuracy"


class Precision(MetricSpec):
    """TP / (TP + FP), 0 where nothing is taken for the class"""

    type: Literal["precision"] = "precision"


class Recall(MetricSpec):
    """TP / (TP + FN), 0 where there is nothing of the class"""

    type: Literal["recall"] = "recall"


class F1(MetricSpec):
    """2 TP / (2 TP + FP + FN), 0 where none of them occurs; van Rijsbergen 1979, chapter 7"""

    type: Literal["f1"] = "f1"


class AreaUnderCurve(MetricSpec):
    """The probability that a row of the class has a higher score for it than a row of another, a tie counting half;
    Hanley and McNeil 1982"""

    type: Literal["roc_auc"] = "roc_auc"


class ConfusionMatrix(MetricSpec):
    """How many rows of each true class (row) are taken for each class (column); only in the job's `result`"""

    type: Literal["confusion_matrix"] = "confusion_matrix"


class SquaredError(MetricSpec):
    """mean (y − t)², over rows and outputs"""

    type: Literal["mean_squared_error"] = "mean_squared_error"


class RootSquaredError(MetricSpec):
    """√ mean (y − t)², over rows and outputs"""

    type: Literal["root_mean_squared_error"] = "root_mean_squared_error"


class AbsoluteError(MetricSpec):
    """mean |y − t|, over rows and outputs"""

    type: Literal["mean_absolute_error"] = "mean_absolute_error"


class R2(MetricSpec):
    """1 − Σ (y − t)² / Σ (t − mean t)², averaged over the targets that are not constant"""

    type: Literal["r2"] = "r2"


AnyMetric = (
    Accuracy
    | TopKAccuracy
    | Precision
    | Recall
    | F1
    | AreaUnderCurve
    | ConfusionMatrix
    | SquaredError
    | RootSquaredError
    | AbsoluteError
    | R2
)
Metric = Annotated[AnyMetric, Field(discriminator="type"), BeforeValidator(named)]
