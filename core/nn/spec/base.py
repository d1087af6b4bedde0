"""What every word of the vocabulary is made of: frozen data that refuses what it does not know."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import GroupedMetadata, MaxLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError

Number = Annotated[float, Field(strict=True, ge=-1e6, le=1e6, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, le=1e6, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Penalty = Annotated[float, Field(strict=True, ge=0, le=1e6, allow_inf_nan=False)]
Epsilon = Annotated[float, Field(strict=True, ge=1e-30, le=1, allow_inf_nan=False)]


OWN = "own"  # the type of errors whose text is complete: it goes on after the name of the thing


class Spec(BaseModel):
    """Frozen data; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class AtMost(GroupedMetadata):
    """So many items. A longer list is refused before its items are looked at, of which each may be an error."""

    count: int

    def __iter__(self) -> Iterator[object]:
        yield MaxLen(self.count)
        yield BeforeValidator(self._counted)

    def _counted(self, value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) > self.count:
            context = {"field_type": "Tuple", "max_length": self.count, "actual_length": len(value)}
            raise PydanticKnownError("too_long", context)
        return value


@dataclass(frozen=True)
class OrAuto:
    """In a request "auto" may stand there; `core.nn.planning.outline` puts something else there before the spec is read."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return or_auto(handler(schema))


def or_auto(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of "auto", or what `schema` says."""
    return {"anyOf": [{"const": "auto", "type": "string"}, schema]}


LearningRate = Annotated[float, Field(strict=True, gt=0, le=1e6, allow_inf_nan=False), OrAuto()]


def named(value: Any) -> Any:
    """`"relu"` is short for `{"type": "relu"}`."""
    return {"type": value} if isinstance(value, str) else value
