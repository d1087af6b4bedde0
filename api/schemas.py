"""The requests, as they come over the wire. What a network and its training may be is the vocabulary of core.nn.spec."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from api.wording import OWN
from core.nn.spec import DataSpec, NetworkSpec, Scaling, TargetScaling, TrainingSpec

MOST_METADATA = 50

_IRIS = {
    "network": {"layers": [{"type": "dense", "units": 16, "activation": "relu"}, {"type": "dense", "units": 3}]},
    "dataset": {"id": "ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b", "target": "species"},
    "training": {
        "loss": "softmax_cross_entropy",
        "optimizer": {"type": "adam", "learning_rate": 0.01},
        "epochs": 100,
        "batch_size": 16,
        "validation": {"fraction": 0.2},
        "metrics": ["accuracy"],
        "seed": 7,
    },
    "metadata": {"customer": "42"},
}
_XOR = {
    "network": {
        "layers": [
            {"type": "dense", "units": 2, "activation": "sigmoid"},
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ]
    },
    "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
    "training": {
        "loss": "mean_squared_error",
        "optimizer": {"type": "sgd", "learning_rate": 2.0},
        "epochs": 5000,
        "batch_size": "full",
        "seed": 1,
    },
}
EXAMPLES: dict[str, Any] = {
    # The first is what /docs sends unless told otherwise: it needs no dataset.
    "inline": {"summary": "XOR, its data in the request", "value": _XOR},
    "stored": {"summary": "An uploaded dataset, classes by a column's values", "value": _IRIS},
}


class Wire(BaseModel):
    """Frozen data; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredData(DataSpec):
    """Columns of an uploaded dataset."""

    id: str = Field(max_length=100, description="The id that the upload answered.")

    def spec(self) -> DataSpec:
        return DataSpec(**{name: getattr(self, name) for name in DataSpec.model_fields})


class InlineData(Wire):
    """Rows in the request itself: `inputs[i]` is a row of numbers, `targets[i]` what the network shall answer to it.

    Targets are numbers, rows of numbers, or the labels of classes (texts, numbers, booleans).
    """

    inputs: list[Any] = Field(min_length=1, examples=[[[0, 0], [0, 1], [1, 0], [1, 1]]])
    targets: list[Any] = Field(min_length=1, examples=[[0, 1, 1, 0]])
    scaling: Scaling = "none"
    target_scaling: TargetScaling = "auto"


def _kind(value: Any) -> str | None:
    if isinstance(value, StoredData | InlineData):
        return "stored" if isinstance(value, StoredData) else "inline"
    if not isinstance(value, dict):
        return None
    return "stored" if "id" in value else "inline" if "inputs" in value or "targets" in value else None


Data = Annotated[
    Annotated[StoredData, Tag("stored")] | Annotated[InlineData, Tag("inline")],
    Discriminator(
        _kind,
        custom_error_type=OWN,
        custom_error_message='must be an object: {"id": …, "target": …} for an uploaded dataset, '
        'or {"inputs": [[…], …], "targets": […]} with the data itself',
    ),
]


def _few(value: Any) -> Any:
    if isinstance(value, dict) and len(value) > MOST_METADATA:
        raise PydanticCustomError(OWN, f"has {len(value)} keys; it must have at most {MOST_METADATA}")
    return value


def _named(value: dict[str, str]) -> dict[str, str]:
    for key in value:
        if not 1 <= len(key) <= 64:
            raise PydanticCustomError(OWN, f"has a key of {len(key)} characters; a key must have 1 to 64")
    return value


Metadata = Annotated[
    dict[str, Annotated[str, Field(max_length=500)]],
    BeforeValidator(_few),
    AfterValidator(_named),
    Field(description="Up to 50 texts of your own, kept with the job; jobs are listed by them.", examples=[{"customer": "42"}]),
]


class JobRequest(Wire):
    """A network to train, the data to train it on, and how."""

    network: NetworkSpec
    dataset: Data
    training: TrainingSpec
    metadata: Metadata = {}
