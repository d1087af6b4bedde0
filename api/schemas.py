"""The requests, as they come over the wire. What a network and its training may be is the vocabulary of core.nn.spec."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from core.jobs import HIGHEST_PRIORITY, LOWEST_PRIORITY, MOST_NAME
from core.nn.spec import OWN, ClassWeights, DataSpec, NetworkSpec, Scaling, TargetScaling, TrainingSpec, or_auto
from core.outbound import MOST_URL
from core.webhooks import EventType

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
_SHORT = {"dataset": {"id": "ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b", "target": "species"}}
EXAMPLES: dict[str, Any] = {
    # The first is what /docs sends unless told otherwise: it needs no dataset.
    "inline": {"summary": "XOR, its data in the request", "value": _XOR},
    "stored": {"summary": "An uploaded dataset, classes by a column's values", "value": _IRIS},
    "short": {"summary": "All but the data chosen by the service", "value": _SHORT},
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
    weights: list[Any] | None = Field(None, description="How much each row counts: 0 or more, in any unit.")
    class_weights: ClassWeights | None = None
    scaling: Scaling = Field("none", description='Where the layers are chosen from the data "auto" is the default.')
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


def _open(*names: str, examples: Sequence[Any] = (), **others: Any) -> Callable[[dict[str, Any]], None]:
    """Says in the JSON schema that these fields may be left out or "auto".

    `core.nn.planning.outline` fills them in before they are read. `others` may be left out too; what they are then is given.
    `examples` are whole ones.
    """

    def change(schema: dict[str, Any]) -> None:
        for name in names:
            field = {key: value for key, value in schema["properties"][name].items() if key not in ("default", "title")}
            description = {"description": field.pop("description")} if "description" in field else {}
            schema["properties"][name] = {**description, **or_auto(field), "default": "auto"}
        for name, default in others.items():
            schema["properties"][name] = {**schema["properties"][name], "default": default}
        if examples:
            schema["examples"] = list(examples)
        schema["required"] = [name for name in schema.get("required", []) if name not in {*names, *others}]

    return change


_NETWORK = {"layers": [{"units": 16}, {"units": 3}]}


class NetworkRequest(NetworkSpec):
    """Layers in the order the inputs run through them; those that are left out or "auto" are chosen from the data."""

    model_config = ConfigDict(json_schema_extra=_open("layers", examples=[_NETWORK]))


class TrainingRequest(TrainingSpec):
    """How the network learns. What is left out or "auto" is chosen from the data; with the epochs a validation split and early
    stopping too, with the loss a metric, unless they are given."""

    model_config = ConfigDict(json_schema_extra=_open("loss", "optimizer", "batch_size", "epochs"))


Url = Annotated[str, Field(min_length=1, max_length=MOST_URL, description="Where messages are sent: `https://…`.")]
Types = Annotated[list[EventType], Field(min_length=1, max_length=50, description="Of which it is told.")]


class WebhookRequest(Wire):
    """Where to tell what."""

    url: Url
    events: Types = ["job.succeeded", "job.failed", "job.cancelled"]
    enabled: bool = Field(True, strict=True)


class WebhookChange(Wire):
    """What is left out stays."""

    url: Url | None = None
    events: Types | None = None
    enabled: bool | None = Field(None, strict=True)


class JobRequest(Wire):
    """A network to train, the data to train it on, and how."""

    model_config = ConfigDict(json_schema_extra=_open("network", training={}))

    network: NetworkRequest
    dataset: Data
    training: TrainingRequest
    priority: int = Field(
        0,
        ge=LOWEST_PRIORITY,
        le=HIGHEST_PRIORITY,
        strict=True,
        description="Of your own jobs those of the highest priority are started first, of equal ones the oldest.",
    )
    name: str | None = Field(
        None,
        min_length=1,
        max_length=MOST_NAME,
        description="What the job is called where it is shown; by default by its targets and its dataset, if that has a name.",
        examples=["prices, wider"],
    )
    metadata: Metadata = {}


def _either(schema: dict[str, Any]) -> None:
    """Says in the JSON schema that one of the fields is needed, and neither both nor none."""
    for field in schema["properties"].values():
        del field["default"]
    schema["oneOf"] = [{"required": [name]} for name in schema["properties"]]


class PredictRequest(Wire):
    """What is to be predicted: `rows` in the request, or all those of a `dataset`.

    Both need every column that the network learned from, by name; null is a missing value, and other columns are ignored.
    """

    model_config = ConfigDict(json_schema_extra=_either)

    rows: list[dict[str, Any] | list[Any]] = Field(
        [],
        min_length=1,
        description="Each is an object of values by column, or a list of the values of the features, in their order.",
        examples=[[{"length": 5.1, "width": 3.5}, {"length": 7.0, "width": None}]],
    )
    dataset: str = Field("", max_length=100, description="The id that an upload answered.")
