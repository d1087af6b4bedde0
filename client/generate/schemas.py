"""From the OpenAPI document of the service to Python: what is sent as typed dictionaries, what is answered as models."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

Schema = dict[str, Any]

WIDTH = 120
SENT = ("JobRequest",)
ANSWERED = (
    "JobAnswer",
    "JobSummaryAnswer",
    "DatasetAnswer",
    "DatasetSummaryAnswer",
    "SentWeightsAnswer",
    "SentWeightsSummaryAnswer",
    "EpochAnswer",
    "EventAnswer",
    "FeedEventAnswer",
    "WebhookAnswer",
    "NewWebhookAnswer",
    "DeliveryAnswer",
    "PreviewAnswer",
    "CheckAnswer",
    "PredictionsAnswer",
    "SnapshotAnswer",
    "TraceAnswer",
)
# A union of tagged objects is called by the first of these tags that it has.
UNIONS = {
    "dense": "Layer",
    "relu": "Activation",
    "glorot_uniform": "Initializer",
    "adam": "Optimizer",
    "cosine": "Schedule",
    "huber": "Loss",
    "accuracy": "Metric",
}
UNTAGGED = "dense"  # what a layer is that has no type
# The job of the client has a method of that name.
OTHER_NAMES = {("JobAnswer", "weights"): "weights_path", ("JobSummaryAnswer", "weights"): "weights_path"}
_PREFIX = "#/components/schemas/"
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_NOTICE = "Made from the OpenAPI document of the service by `python -m client.generate`; not to be edited."


class Source:
    """Python for the schemas of a document. `is_answer` says which way they go: what comes may hold more than is known here."""

    def __init__(self, document: Schema, *, is_answer: bool) -> None:
        self._schemas: dict[str, Schema] = document["components"]["schemas"]
        self._is_answer = is_answer
        self._unions: dict[str, dict[str, str]] = {}

    def closure(self, roots: Iterable[str]) -> list[str]:
        """These schemas and all that they refer to, what is referred to first."""
        found: dict[str, None] = {}

        def visit(name: str, above: frozenset[str]) -> None:
            for other in _references(self._schemas[name]):
                if other not in found and other not in above:
                    visit(other, above | {name})
            found[name] = None

        for root in roots:
            visit(root, frozenset())
        return list(found)

    def type_of(self, schema: Schema) -> str:
        if "$ref" in schema:
            return str(schema["$ref"]).removeprefix(_PREFIX)
        if "discriminator" in schema:
            return self._union(schema["discriminator"]["mapping"])
        if "anyOf" in schema or "oneOf" in schema:
            names = list(dict.fromkeys(self.type_of(each) for each in schema.get("anyOf", schema.get("oneOf"))))
            if "float" in names and {"str", "bool"} & set(names):  # a label: 3 stays 3
                names = list(dict.fromkeys(part for name in names for part in (("int", name) if name == "float" else (name,))))
            # The bare names of a union are part of it.
            named = [name for name in names if name in self._unions]
            if named:
                names = [name for name in names if not name.startswith("Literal[") or name == 'Literal["auto"]']
            return " | ".join(sorted(names, key=lambda name: name == "None"))
        if "const" in schema or "enum" in schema:
            values = ", ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
            return f"Literal[{values}] | str" if self._is_answer else f"Literal[{values}]"
        if schema.get("format") == "date-time":
            return "datetime"
        return self._container(schema)

    def _container(self, schema: Schema) -> str:
        many, mapping = ("list", "dict") if self._is_answer else ("Sequence", "Mapping")
        match schema.get("type"):
            case "array":
                items = self._item(schema)
                return f"{many}[{items}]"
            case "object":
                values = schema.get("additionalProperties")
                return f"{mapping}[str, {self.type_of(values) if isinstance(values, dict) else 'Any'}]"
            case str(plain):
                return _PLAIN[plain]
        return "Any"

    def _item(self, schema: Schema) -> str:
        prefix = [self.type_of(each) for each in schema.get("prefixItems", ())]
        return " | ".join(dict.fromkeys(prefix)) if prefix else self.type_of(schema.get("items", {}))

    def _union(self, mapping: dict[str, str]) -> str:
        name = next(name for tag, name in UNIONS.items() if tag in mapping)
        self._unions[name] = {tag: reference.removeprefix(_PREFIX) for tag, reference in mapping.items()}
        return name

    def dictionaries(self, roots: Iterable[str]) -> Iterator[str]:
        """What is sent, as typed dictionaries."""
        for name in self.closure(roots):
            schema = self._schemas[name]
            yield f"class {name}(TypedDict):\n{_docstring(schema)}\n"
            for field, each in schema.get("properties", {}).items():
                tag = each.get("const")
                is_needed = field in schema.get("required", ()) or (field == "type" and tag != UNTAGGED)
                kind = self.type_of(each)
                yield f"    {field}: {kind if is_needed else f'NotRequired[{kind}]'}\n{_told(each, each.get('default', _NONE))}"
            yield "\n\n"
        for name, members in self._unions.items():
            yield f"{name}Name: TypeAlias = Literal[{', '.join(map(json.dumps, members))}]\n"
            yield f"{name}: TypeAlias = {' | '.join([f'{name}Name', *members.values()])}\n\n"

    def models(self, roots: Iterable[str]) -> Iterator[str]:
        """What is answered, as models."""
        for name in self.closure(roots):
            schema = self._schemas[name]
            yield f"class {name}(Answer):\n{_docstring(schema)}\n"
            for field, each in schema.get("properties", {}).items():
                known_as = OTHER_NAMES.get((name, field), field)
                arguments = [] if field in schema.get("required", ()) else [repr(each.get("default"))]
                if known_as != field:
                    arguments = [*(arguments or ["..."]), f"alias={field!r}"]
                kind = self.type_of(each)
                if arguments[:1] == ["None"] and "None" not in kind:
                    kind += " | None"
                default = (
                    ""
                    if not arguments
                    else f" = {arguments[0]}"
                    if len(arguments) == 1
                    else f" = Field({', '.join(arguments)})"
                )
                yield f"    {known_as}: {kind}{default}\n{_told(each)}"
            yield "\n\n"


_NONE = object()


def specs(document: Schema) -> str:
    source = Source(document, is_answer=False)
    head = f'''"""The words of a request, typed: an editor completes them, a type checker finds what is misspelt.

All of them are plain dictionaries, so what the service documents may be sent as it stands there: `{{"type": "relu"}}` is
`ReLU(type="relu")`, and where nothing else is needed the bare name `"relu"`.

{_NOTICE}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

'''
    told = source.type_of(document["components"]["schemas"]["WebhookRequest"]["properties"]["events"]["items"])
    more = f"Form: TypeAlias = {source.type_of(_forms(document))}\nWebhookEvent: TypeAlias = {told}\n"
    return head + "".join(source.dictionaries(SENT)) + more


def _forms(document: Schema) -> Schema:
    """In which weights are given."""
    parameters = document["paths"]["/v1/jobs/{job_id}/weights"]["get"]["parameters"]
    (schema,) = (each["schema"] for each in parameters if each["name"] == "format")
    return {"enum": next(each["enum"] for each in schema["anyOf"] if "enum" in each)}


def answers(document: Schema) -> str:
    source = Source(document, is_answer=True)
    head = f'''"""What the service answers, as models. What a newer service tells beyond them is kept.

{_NOTICE}
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=())


'''
    return head + "".join(source.models(ANSWERED))


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield str(schema["$ref"]).removeprefix(_PREFIX)
        for key, value in schema.items():
            if key != "discriminator":
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _docstring(schema: Schema) -> str:
    text = re.sub(r"\s+", " ", schema.get("description", "")).strip()
    return _quoted(text) if text else ""


def _told(schema: Schema, default: Any = _NONE) -> str:
    """The description, and what it is when it is left out, below a field: where editors look for it."""
    text = re.sub(r"\s+", " ", schema.get("description", "")).strip()
    if default is not _NONE and default != schema.get("const"):
        usual = default["type"] if isinstance(default, dict) and "type" in default else default
        text = f"{text} Default: {json.dumps(usual, ensure_ascii=False)}.".strip()
    return _quoted(text) if text else ""


def _quoted(text: str) -> str:
    lines = textwrap.wrap(text.replace("\\", "\\\\"), WIDTH, initial_indent='    """', subsequent_indent="    ")
    if text.endswith('"'):
        lines[-1] += " "
    return "\n".join(lines) + '"""\n'
