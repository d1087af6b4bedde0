"""Weights that clients sent, for jobs to start from."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.answers.base import JSON, Answer, List, rfc3339
from core.store import SentWeights, SentWeightsSummary


def sent_weights_answer(sent: SentWeights) -> JSON:
    return {**sent_weights_summary(sent), "tensors": sent.tensors}


def sent_weights_summary(sent: SentWeightsSummary) -> JSON:
    return {
        "id": sent.id,
        "object": "weights",
        "sha256": sent.sha256,
        "bytes": sent.size_bytes,
        "created_at": rfc3339(sent.created_at),
    }


class TensorAnswer(Answer):
    dtype: Literal["F16", "F32", "F64", "I32", "I64", "U8"] = Field(
        description="A float's, but for the batches that a `batch_normalisation` has counted."
    )
    shape: list[int]


class SentWeightsSummaryAnswer(Answer):
    id: str
    object: Literal["weights"]
    sha256: str = Field(description="Of the bytes that were sent.")
    bytes: int
    created_at: datetime


class SentWeightsAnswer(SentWeightsSummaryAnswer):
    tensors: dict[str, TensorAnswer]


class SentWeightsList(List):
    data: list[SentWeightsSummaryAnswer]
