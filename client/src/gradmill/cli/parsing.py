"""The values of options, as parts of a job."""

import json
import tomllib
from pathlib import Path
from typing import Any

from gradmill.errors import BadInput

JSON = dict[str, Any]


def read(path: Path) -> JSON:
    try:
        read = tomllib.loads if path.suffix == ".toml" else json.loads
        job = read(path.read_text())
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} cannot be read as {'TOML' if path.suffix == '.toml' else 'JSON'}: {error}") from error
    if not isinstance(job, dict):
        raise BadInput(f"{path} holds no object; a job has network, dataset and training")
    return job


def part(job: JSON, name: str) -> JSON:
    """The object of that name, which options change; one that is left out, null or "auto" is empty so far."""
    given = job.get(name)
    if given in (None, "auto"):
        return {}
    if not isinstance(given, dict):
        raise BadInput(f"{name} is {given!r:.60}, which options cannot change: it must be an object")
    return given


def holds(job: JSON, pointer: str) -> bool:
    """Whether something stands there."""
    at: Any = job
    for name in pointer.split("/")[1:]:
        if not isinstance(at, dict) or name not in at:
            return False
        at = at[name]
    return True


def optimizer(training: Any) -> JSON:
    """That of a training, as an object."""
    given = training.get("optimizer") if isinstance(training, dict) else None
    return given if isinstance(given, dict) else {"type": "adam" if given in (None, "auto") else given}


def count(text: str) -> int | None:
    """None of what is no number in decimal digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def validation(text: str) -> JSON | None:
    if text == "none":
        return None
    try:
        return {"fraction": float(text)}
    except ValueError:
        raise BadInput(f"--validation is {text!r}; it is a share of the rows, such as 0.2, or none") from None


def layers(text: str) -> list[JSON]:
    found = []
    for part in text.split(","):
        units, _, activation = part.strip().partition(":")
        number = count(units)
        if number is None:
            raise BadInput(f"--layers has {part.strip()!r}; a layer is UNITS or UNITS:ACTIVATION, such as 64:relu")
        found.append({"units": number, **({"activation": activation} if activation else {})})
    return found


def assign(job: JSON, assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    *places, last = path.split(".")
    if not equals or not last or not all(places):
        raise BadInput(f"--set {assignment!r} is not PATH=VALUE, such as training.threads=2")
    at: Any = job
    for place in places:
        at = at.setdefault(place, {})
        if not isinstance(at, dict):
            raise BadInput(f"--set {assignment!r}: {place} is no object")
    try:
        at[last] = json.loads(text)
    except ValueError:
        at[last] = text
