"""Data on the standard output: for people in columns, for programs as JSON."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel


def put(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def put_json(content: BaseModel | Iterable[BaseModel] | dict[str, Any]) -> None:
    """As the service answers it; a list as an array. On a terminal in lines."""
    match content:
        case BaseModel():
            plain = _plain(content)
        case dict():
            plain = content
        case _:
            plain = [_plain(each) for each in content]
    put(json.dumps(plain, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def put_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns below their names; nothing is cut off."""
    texts = [[name.upper() for name in names], *([shown(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        put("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def put_fields(fields: Mapping[str, Any]) -> None:
    width = max(map(len, fields))
    for name, value in fields.items():
        put(f"{name.ljust(width)}  {shown(value)}")


def put_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([shown(value) if isinstance(value, bool) else value for value in row] for row in rows)


def shown(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.5g}"
        case dict() if not value:
            return "-"
        case dict():
            return " ".join(f"{name}={shown(each)}" for name, each in value.items())
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ", timespec="seconds"))
    return str(value)


def _plain(content: BaseModel) -> Any:
    return content.model_dump(mode="json", by_alias=True)
