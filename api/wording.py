"""What is wrong with a request, in words for its author: each problem names the thing, its value and what is allowed.

Pydantic finds the problems; its texts speak of Python. Here they become `Problem`s with JSON pointers into the request as it
was sent. What is allowed at a place is read from the JSON schema of the model, so one description serves messages and OpenAPI.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.synonyms import meant_by
from core.errors import Problem, escaped
from core.nn.spec import OWN, UNTYPED

MOST_PROBLEMS = 100

_ALIKE = 0.8  # a field that is spelt so much like one of the same object is none from elsewhere
_DEPTH = 3  # objects in one another, as a request has them

_Loc = Sequence[str | int]
_Schema = dict[str, Any]

# Errors that pydantic reports beside the real ones: of a union's other branches, and of a tuple whose items are wrong.
_SHADOWS = {"too_short", "string_type", "list_type", "tuple_type", "model_type", "dict_type", "literal_error"}

# The type of the error → what must be so. Where an error is not in the table, the schema tells what is allowed.
_BOUNDS = {
    "greater_than_equal": "{ge} or more",
    "greater_than": "above {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "below {lt}",
    "finite_number": "a finite number",
}
_LENGTHS = {
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "string_too_short": "at least {min_length}",
    "string_too_long": "at most {max_length}",
}


def problems(error: ValidationError, model: type[BaseModel], document: Any, at: str = "") -> list[Problem]:
    """The first `MOST_PROBLEMS` of `document`, at most one for each place; `at` is the document's own place in the request."""
    root = schema_of(model)
    found: dict[str, list[ErrorDetails]] = {}
    values: dict[str, Any] = {}
    for details in error.errors(include_url=False):
        pointer, value = _place(details, document)
        found.setdefault(pointer, []).append(details)
        values[pointer] = value
    parents = {pointer[: match.start()] for pointer in found for match in re.finditer("/", pointer)}
    result: list[Problem] = []
    for pointer, all_details in found.items():
        if len(result) == MOST_PROBLEMS:  # a message takes longer than to find what it is about
            break
        kept = [details for details in all_details if pointer not in parents or details["type"] not in _SHADOWS]
        if kept:
            schema = _at(root, pointer, document)
            elsewhere = _elsewhere(root, schema, pointer) if kept[0]["type"] == "extra_forbidden" else None
            result.append(Problem(at + pointer, _message(at + pointer, kept, values[pointer], schema, elsewhere)))
    return result


def parameter_message(name: str, details: ErrorDetails) -> str:
    """The message about a parameter of the query, a header or the path."""
    value = details.get("input")
    if details["type"] == "missing":
        return f"{name} is missing"
    if details["type"] in _BOUNDS:
        return f"{name} is {value}; it must be {_bound(details)}"
    if details["type"] in _LENGTHS:
        return _length(name, value, details)
    if details["type"] in ("literal_error", "enum"):
        return _with_nearest(f"{name} is {shown(value)}; it must be one of {_expected(details)}", value, _names(details))
    wanted = _PARAMETERS.get(details["type"].split("_")[0], "")
    return f"{name} is {shown(value)}; it must be {wanted}" if wanted else f"{name} is {shown(value)}; that is not allowed here"


_PARAMETERS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text",
    "datetime": "a time such as 2026-01-31T12:00:00Z",
    "epoch": '"best", "last" or the number of an epoch',
    "timezone": "a time with its offset from UTC, such as 2026-01-31T12:00:00Z",
}


def shown(value: Any) -> str:
    """A value as a message shows it: short, and never a whole document."""
    if isinstance(value, list | tuple):
        return "an empty list" if not value else f"a list of {len(value)}"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, str):
        value = value if len(value) <= 60 else value[:59] + "…"
        return orjson.dumps(value).decode()
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    matches = get_close_matches(str(name)[:100].lower(), list(known), 1, 0.6)
    return matches[0] if matches else None


def named(pointer: str) -> tuple[str, str]:
    """("layer 2: ", "activation.negative_slope") for /network/layers/2/activation/negative_slope."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    context = ""
    if parts[:2] == ["network", "layers"] and len(parts) > 2:
        context, parts = f"layer {parts[2]}: ", parts[3:]
    elif len(parts) > 1 and not parts[1].isdigit():
        parts = parts[1:]
    name = ""
    for part in parts:
        name += f"[{part}]" if part.isdigit() else f".{part}" if name else part
    if context and not name:
        return "", context.removesuffix(": ")
    return context, name


@cache
def schema_of(model: type[BaseModel]) -> _Schema:
    return model.model_json_schema()


def _place(details: ErrorDetails, document: Any) -> tuple[str, Any]:
    """The pointer of an error and the value there. Pydantic's location also names the branches of unions; these are skipped."""
    pointer, value, loc = "", document, details["loc"]
    field = loc[-1] if details["type"] in ("missing", "extra_forbidden") else None
    for part in loc if field is None else loc[:-1]:
        is_key = isinstance(value, Mapping) and part in value and value.get("type") != part
        if is_key or (isinstance(value, list) and isinstance(part, int) and part < len(value)):
            pointer, value = f"{pointer}/{escaped(part)}", value[part]
    if field is not None:
        return f"{pointer}/{escaped(field)}", value.get(field) if isinstance(value, Mapping) else None
    if details["type"] in ("union_tag_invalid", "union_tag_not_found") and isinstance(value, Mapping):
        return f"{pointer}/type", value.get("type")
    if details["type"] == "value_error" and isinstance(value, Mapping):
        # A rule about several fields begins with the one that asks for the others.
        subject = str(details["ctx"]["error"]).partition(" ")[0]
        if subject in value:
            return f"{pointer}/{escaped(subject)}", value[subject]
    return pointer, value


def _message(pointer: str, errors: list[ErrorDetails], value: Any, schema: _Schema, elsewhere: str | None) -> str:
    details = errors[0]
    kind = details["type"]
    context, name = named(pointer)
    name = name or "the request"
    if kind == OWN:
        must = details["msg"].startswith("must be") and not isinstance(value, Mapping)
        return f"{context}{name} {f'is {shown(value)}; it ' if must else ''}{details['msg']}"
    if kind in ("value_error", "assertion_error"):
        text = str(details["ctx"]["error"])
        subject, _, rest = text.partition(" ")
        if pointer.endswith(f"/{subject}"):
            return f"{context}{name} {rest}"
        return context + text if "/" not in pointer.lstrip("/") else f"{context}{name}: {text}"
    if kind == "missing":
        wanted = _least(schema)
        return f"{context}{name} is missing" + (f"; it must be {wanted}" if wanted else "")
    if kind == "extra_forbidden":
        return _unknown_field(pointer, schema, elsewhere)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tags = _names(details) or _tags(schema)
        wanted = f"it must be one of {_listed(tags)}"
        if kind == "union_tag_not_found" and value is None:
            return f"{context}{name} is missing; {wanted}"
        return _with_nearest(f"{context}{name} is {shown(value)}; {wanted}", value, tags)
    if len(errors) == 1 and kind in _BOUNDS:
        return f"{context}{name} is {shown(value)}; it must be {_bound(details)}"
    if len(errors) == 1 and kind in _LENGTHS:
        return context + _length(name, value, details)
    wanted = _described(schema) or "something else"
    text = f"{context}{name} is {shown(value)}; it must be {wanted}"
    return _with_nearest(text, value, [tag for each in errors for tag in _names(each)])


def _unknown_field(pointer: str, parent: _Schema, elsewhere: str | None) -> str:
    place, _, field = pointer.rpartition("/")
    context, name = named(place)
    field = field.replace("~1", "/").replace("~0", "~")
    owner = f"{context}{name}" if place else "the request"
    known = list(parent.get("properties", {}))
    text = f"{owner} has no field {shown(field)}"
    if elsewhere is not None and not (set(meant_by(field)) & set(known) or get_close_matches(field[:100], known, 1, _ALIKE)):
        return f"{text}; {elsewhere}"
    return _with_nearest(f"{text}; its fields are {', '.join(known)}", field, known)


def _elsewhere(root: _Schema, parent: _Schema, pointer: str) -> str | None:
    """Where an unknown field, or what was meant by it, would be known: below its object, as learning_rate is in
    training.optimizer, or anywhere in the request."""
    place, _, field = pointer.rpartition("/")
    path = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", place.replace("/", ".").lstrip("."))
    for name in (field, *meant_by(field)):
        for schema, start in ((parent, path), (root, "")):
            if found := [each for each in _places_of(root, schema, start, name) if each != path]:
                return f"{'it' if name == field else name} belongs in {' or '.join(found)}"
    return None


def _places_of(root: _Schema, schema: _Schema, path: str, field: str) -> list[str]:
    """The nearest objects below, but in no list, that have the field."""
    level = [(path, schema)]
    for _ in range(_DEPTH):
        level = [
            (f"{above}.{name}" if above else name, branch)
            for above, outer in level
            for name, inner in outer.get("properties", {}).items()
            for branch in _branches(root, inner)
        ]
        if found := [place for place, branch in level if field in branch.get("properties", {})]:
            return list(dict.fromkeys(found))
    return []


def _branches(root: _Schema, schema: _Schema) -> list[_Schema]:
    """Every object that may stand there."""
    if "$ref" in schema:
        return _branches(root, root["$defs"][schema["$ref"].rpartition("/")[2]])
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return [each for branch in branches for each in _branches(root, branch)]
    return [schema]


def _with_nearest(text: str, value: Any, known: Sequence[str]) -> str:
    if meant := [name for name in meant_by(value) if name in known] if isinstance(value, str) else []:
        return f"{text}. Did you mean {' or '.join(_listed([name]) for name in meant)}?"
    guess = nearest(value, known) if isinstance(value, str) else None
    return f'{text}. Did you mean "{guess}"?' if guess is not None and guess != value else text


def _bound(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    return _BOUNDS[details["type"]].format_map({key: _number(value) for key, value in context.items()})


def _length(name: str, value: Any, details: ErrorDetails) -> str:
    wanted = _LENGTHS[details["type"]].format_map(details["ctx"])
    unit, count = ("character", len(value)) if isinstance(value, str) else ("item", len(value))
    plural = "" if wanted.endswith(" 1") else "s"
    return f"{name} has {count} {unit}{'' if count == 1 else 's'}; it must have {wanted} {unit}{plural}"


def _number(value: float) -> str:
    """2⁵³ is 9007199254740992; all smaller whole numbers are exact too."""
    return str(int(value)) if abs(value) <= 2**53 and value == int(value) else f"{value:.15g}"


def _names(details: ErrorDetails) -> list[str]:
    context = details.get("ctx") or {}
    return re.findall(r"'([^']*)'", str(context.get("expected_tags") or context.get("expected") or ""))


def _expected(details: ErrorDetails) -> str:
    return _listed(_names(details))


def _listed(names: Iterable[object]) -> str:
    return ", ".join(orjson.dumps(name).decode() for name in names)


# --- what the schema allows --------------------------------------------------------------------------------------------


def _at(root: _Schema, pointer: str, document: Any) -> _Schema:
    """The schema of the place. Of a place that the schema does not know: the schema of the object it stands in."""
    schema, value = _resolved(root, root, document), document
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            inner, value = schema.get("items"), value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            inner = schema.get("properties", {}).get(part, schema.get("additionalProperties") or None)
            value = value.get(part) if isinstance(value, Mapping) else None
        if not isinstance(inner, dict):
            return schema
        schema = _resolved(root, inner, value)
    return schema


def _resolved(root: _Schema, schema: _Schema, value: Any) -> _Schema:
    """Follows references, and in a union takes the branch that the value chose."""
    if "$ref" in schema:
        return _resolved(root, root["$defs"][schema["$ref"].rpartition("/")[2]], value)
    if "discriminator" in schema and isinstance(value, Mapping | str):
        tag = value if isinstance(value, str) else value.get("type", UNTYPED)
        chosen = schema["discriminator"].get("mapping", {}).get(str(tag))
        return _resolved(root, {"$ref": chosen}, value) if chosen else schema
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        resolved = [_resolved(root, branch, value) for branch in branches]
        wanted = "object" if isinstance(value, Mapping) else "array" if isinstance(value, list) else None
        fitting = [branch for branch in resolved if wanted is not None and branch.get("type") == wanted]
        if wanted == "object" and len(fitting) > 1:
            fitting = [max(fitting, key=lambda branch: len(branch.get("properties", {}).keys() & value.keys()))]
        if len(fitting) == 1:
            return fitting[0]
        return {**schema, "anyOf": resolved}
    return schema


def _tags(schema: _Schema) -> list[str]:
    """The types that a union is told apart by, also one that stands beside other things."""
    branches: list[_Schema] = schema.get("anyOf", [])
    return [*schema.get("discriminator", {}).get("mapping", {}), *(tag for branch in branches for tag in _tags(branch))]


def _least(schema: _Schema) -> str:
    """As `_described`, but an object with no more than it needs."""
    if "discriminator" not in schema and (branches := schema.get("anyOf") or schema.get("oneOf")):
        return ", or ".join(filter(None, map(_least, branches)))
    if schema.get("type") == "object" and (needed := schema.get("required")):
        return f"an object {{{', '.join(f'{orjson.dumps(name).decode()}: …' for name in sorted(needed))}}}"
    return _described(schema)


def _described(schema: _Schema) -> str:
    if "discriminator" in schema:
        return f"one of {_listed(schema['discriminator'].get('mapping', {}))}"
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return ", or ".join(filter(None, map(_described, branches)))
    if "const" in schema:
        return orjson.dumps(schema["const"]).decode()
    if "enum" in schema:
        return f"one of {_listed(schema['enum'])}"
    match schema.get("type"):
        case "integer":
            return f"a whole number{_range(schema)}"
        case "number":
            return f"a number{_range(schema)}"
        case "string":
            least, most = schema.get("minLength"), schema.get("maxLength")
            return "a text" + (f" of {least or 0} to {most} characters" if most is not None else "")
        case "array":
            items = schema.get("items") or next(iter(schema.get("prefixItems", ())), None)
            of = _described(items) if isinstance(items, dict) and "$ref" not in items else ""
            count = f" of {schema['minItems']}" if "minItems" in schema and schema["minItems"] == schema.get("maxItems") else ""
            return f"a list{count}, each item {of}" if of else f"a list{count}"
        case "object":
            if examples := schema.get("examples"):
                return f"an object such as {orjson.dumps(examples[0]).decode()}"
            fields = ", ".join(schema.get("properties", {}))
            return f"an object with the fields {fields}" if fields else "an object"
        case "boolean":
            return "true or false"
        case "null":
            return "null"
    return ""


def _range(schema: _Schema) -> str:
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    low = f" from {_number(least)}" if least is not None else f" above {_number(above)}" if above is not None else ""
    high = f" to {_number(most)}" if most is not None else f" below {_number(below)}" if below is not None else ""
    return low + (high if not (low and below is not None) else f" and{high}")
