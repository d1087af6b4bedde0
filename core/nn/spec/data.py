"""Which columns of a dataset a network learns from, and how they become numbers."""

from typing import Annotated, Literal

from pydantic import Field

from core.nn.spec.base import AtMost, Spec

ColumnName = Annotated[str, Field(min_length=1, max_length=1000)]
ColumnNames = Annotated[tuple[ColumnName, ...], AtMost(20_000)]  # as many as a dataset may have


class DataSpec(Spec):
    """Which columns of a stored dataset are the inputs and which the targets, and how they become numbers.

    `features` defaults to every usable column but the targets. `scaling` "standard" makes each numeric feature
    (x − mean) / deviation, the statistics taken from the training rows alone. A missing number becomes the training rows' mean,
    a missing text a row of zeros; a missing target is an error. With "standard" the numeric targets of a network whose last
    layer is linear are standardised too, and metrics are given in their own units.
    """

    target: ColumnName | ColumnNames
    features: ColumnNames | None = None
    scaling: Literal["standard", "none"] = "standard"

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target,) if isinstance(self.target, str) else self.target
