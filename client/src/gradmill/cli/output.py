"""Data on the standard output: for people in columns, for programs as JSON."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel

from gradmill.drafts import draft_of
from gradmill.errors import BadInput


def put(text: str) -> None:
    sys.stdout.write(f"{text}\n")


@contextmanager
def into(path: str | None) -> Iterator[TextIO]:
    """The file, which is there when it is whole; None and - are the standard output."""
    if path in (None, "-"):
        yield sys.stdout
        return
    with draft_of(Path(str(path))) as file, TextIOWrapper(file, encoding="utf-8", newline="") as text:
        yield text


def check_free(path: str, *, force: bool) -> None:
    """BadInput where a file would be written over."""
    if not force and Path(path).is_file():
        raise BadInput(f"{path} is there already; --force writes over it, --output names another")


def put_json(content: BaseModel | Iterable[BaseModel] | dict[str, Any], file: TextIO | None = None) -> None:
    """As the service answers it; a list as an array. On a terminal in lines."""
    match content:
        case BaseModel():
            plain = _plain(content)
        case dict():
            plain = content
        case _:
            plain = [_plain(each) for each in content]
    file = file or sys.stdout
    file.write(json.dumps(plain, ensure_ascii=False, indent=2 if file.isatty() else None) + "\n")


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


def put_csv(names: Sequence[str] | None, rows: Iterable[Sequence[Any]], file: TextIO | None = None) -> None:
    """Without names they stand there already."""
    writer = csv.writer(file or sys.stdout, lineterminator="\n")
    if names is not None:
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
