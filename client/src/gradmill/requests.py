"""What is sent."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from gradmill.spec import InlineData, Layer, NetworkRequest, StoredData, TrainingRequest

Network: TypeAlias = NetworkRequest | Sequence[Layer] | Mapping[str, Any] | Literal["auto"]
Data: TypeAlias = StoredData | InlineData | Mapping[str, Any]
Training: TypeAlias = TrainingRequest | Mapping[str, Any]


def job_request(
    network: Network,
    dataset: Data | None,
    training: Training | None,
    priority: int = 0,
    metadata: Mapping[str, str] | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The body of a job. A list of layers is a network."""
    is_list = isinstance(network, Sequence) and not isinstance(network, str)
    layers: Any = {"layers": network} if is_list else network
    request: dict[str, Any] = {"network": layers, "dataset": dataset, "training": training or {}}
    if dataset is None:
        del request["dataset"]
    if priority:
        request["priority"] = priority
    if metadata:
        request["metadata"] = dict(metadata)
    if name is not None:
        request["name"] = name
    return request


def path_of(collection: str, id: str, *more: str) -> str:
    """The path of one thing. An id that holds a slash stays one part of it."""
    return str(PurePosixPath("/v1", collection, quote(id, safe="") or "%20", *more))
