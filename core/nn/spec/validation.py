"""Rows that are only measured: their losses tell how well the network generalises."""

from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, FailFast, Field, Tag

from core.nn.spec.base import OWN, AtMost, Flag, Spec

_Row = Annotated[int, Field(strict=True, ge=0, lt=2**53)]


class FractionValidation(Spec):
    """A share of the rows, drawn by the seed and kept away from training."""

    fraction: float = Field(strict=True, gt=0, lt=1, allow_inf_nan=False)
    stratify: Flag | None = Field(
        None, description="Draw the share from every class alike; default: where the loss has classes."
    )


class RowsValidation(Spec):
    """Rows by their numbers, from 0, kept away from training."""

    rows: Annotated[tuple[_Row, ...], FailFast(), AtMost(100_000)] = Field(min_length=1)


class DatasetValidation(Spec):
    """All rows of another stored dataset that has the same columns."""

    dataset: str = Field(max_length=100, description="The id that the upload answered.")


class InlineValidation(Spec):
    """Rows in the request itself, beside those to train on."""

    inputs: list[Any] = Field(min_length=1)
    targets: list[Any] = Field(min_length=1)
    weights: list[Any] | None = None


_KINDS = {
    "fraction": "drawn",
    "stratify": "drawn",
    "rows": "listed",
    "dataset": "stored",
    "inputs": "inline",
    "targets": "inline",
}


def _kind(value: Any) -> str | None:
    fields = type(value).model_fields if isinstance(value, BaseModel) else value if isinstance(value, dict) else ()
    return next((kind for name, kind in _KINDS.items() if name in fields), None)


AnyValidation = FractionValidation | RowsValidation | DatasetValidation | InlineValidation
Validation = Annotated[
    Annotated[FractionValidation, Tag("drawn")]
    | Annotated[RowsValidation, Tag("listed")]
    | Annotated[DatasetValidation, Tag("stored")]
    | Annotated[InlineValidation, Tag("inline")],
    Discriminator(
        _kind,
        custom_error_type=OWN,
        custom_error_message='must be an object: {"fraction": 0.2} of the rows, {"rows": [0, 1, …]} by their numbers, '
        '{"dataset": "ds_…"} for another dataset, or {"inputs": [[…], …], "targets": […]} with the data itself',
    ),
]
