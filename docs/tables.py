"""`python -m docs.tables`: writes the tables of reference.md anew from the specs, which are the one place for their words."""

import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from core.nn import spec

REFERENCE = Path(__file__).parent / "reference.md"
UNIONS: dict[str, Any] = {
    "Layers": tuple(layer for layer in get_args(spec.AnyLayer) if layer not in get_args(spec.AnyActivation)),
    "Activations": spec.AnyActivation,
    "Initial values": spec.AnyInitializer,
    "Losses": spec.AnyLoss,
    "Optimizers": spec.AnyOptimizer,
    "Schedules": spec.AnySchedule,
    "Metrics": spec.AnyMetric,
}


def table(union: Any) -> str:
    """A row for each member: its tag, its docstring, its fields with their defaults."""
    rows = ["| type | is | fields |", "|---|---|---|"]
    for member in union if isinstance(union, tuple) else get_args(union):
        formula = " ".join((member.__doc__ or "").split()).replace("|", "\\|")
        rows.append(f"| `{member.model_fields['type'].default}` | {formula} | {fields(member)} |")
    return "\n".join(rows) + "\n"


def fields(member: type[BaseModel]) -> str:
    named = []
    for name, field in member.model_fields.items():
        default = field.get_default(call_default_factory=True)
        default = getattr(default, "type", default)
        if name == "type":
            continue
        if field.is_required():
            named.append(f"`{name}`")
        else:
            named.append(f"`{name}` = {str(default).lower() if isinstance(default, bool) else default}")
    return ", ".join(named)


def with_tables(text: str) -> str:
    """The reference with the table of each section replaced by that of its union."""
    for heading, union in UNIONS.items():
        text = re.sub(
            rf"(?m)(^## {heading}\n(?:(?!\||## ).*\n)*)(?:\|.*\n)+", lambda found, union=union: found[1] + table(union), text
        )
    return text


if __name__ == "__main__":
    REFERENCE.write_text(with_tables(REFERENCE.read_text()))
    print(f"{REFERENCE.name} is written")
