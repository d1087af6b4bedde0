"""Which columns of a dataset a network learns from, and how they become numbers."""

from typing import Annotated, Literal

from pydantic import Field

from core.nn.spec.base import AtMost, Positive, Spec

ColumnName = Annotated[str, Field(min_length=1, max_length=1000)]
ColumnNames = Annotated[tuple[ColumnName, ...], AtMost(20_000)]  # as many as a dataset may have

ClassWeights = Annotated[
    Literal["balanced"] | Annotated[dict[str, Positive], Field(max_length=10_000)],
    Field(
        description='How much the rows of each class count beside those of others: "balanced" lets every class count the same '
        "in all, or a number for each label, 1 for those that are not named."
    ),
]
Scaling = Literal["auto", "standard", "min_max", "robust", "none"]
TargetScaling = Literal["auto", "standard", "min_max", "none"]


class DataSpec(Spec):
    """Which columns of a stored dataset are the inputs and which the targets, and how they become numbers.

    Every statistic is taken from the training rows alone. A missing target is an error.
    """

    target: ColumnName | ColumnNames
    features: ColumnNames | None = Field(None, description="Default: every usable column that has no other part.")
    weight: ColumnName | None = Field(
        None, description="The column of numbers that says how much each row counts: 0 or more, in any unit."
    )
    class_weights: ClassWeights | None = None
    scaling: Scaling = Field(
        "standard",
        description="A numeric feature becomes (value − shift) / scale: the mean and the standard deviation, the least and the "
        'greatest less the least, or the median and the interquartile range; "none" leaves it as it is, "auto" is "standard".',
    )
    missing: Literal["mean", "median", "indicator"] = Field(
        "mean",
        description="What a missing number or boolean becomes; an indicator is the mean, and one more input for each column "
        "that misses values, 1 where it does. A missing text is a row of zeros, or with embedding a code of its own.",
    )
    categories: Literal["one_hot", "embedding"] = Field(
        "one_hot",
        description="A text becomes one input for each of its column's values, or for an embedding layer one input that holds "
        "its code: 0 … v − 1, and v where it is missing or unseen.",
    )
    target_scaling: TargetScaling = Field(
        "auto",
        description='Of numeric targets, undone in predictions and metrics. "auto" standardises them where the features are '
        "scaled and the last layer is linear.",
    )

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target,) if isinstance(self.target, str) else self.target
