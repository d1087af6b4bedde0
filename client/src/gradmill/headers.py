"""Which columns a file of CSV, JSON or JSON lines has, as far as that is seen without the service."""

import csv
import json
import mmap
import re
from collections.abc import Collection
from itertools import chain
from pathlib import Path

from gradmill.tables import MEDIA_TYPES, content


def are_readable(path: Path) -> bool:
    """Whether the file is CSV or JSON. BadInput where there is no file, or its format is not known."""
    return content(path, None)[1] in (MEDIA_TYPES[name] for name in ("csv", "json", "jsonl"))


def found(path: Path, names: Collection[str]) -> set[str]:
    """Those of the names that are columns of the file; none where it cannot be read, of which the service tells more."""
    try:
        if content(path, None)[1] == MEDIA_TYPES["csv"]:
            return {*names} & {*_header(path)}
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as document:
            return {name for name in names if _key(name).search(document)}
    except (OSError, ValueError, csv.Error):
        return set()


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next((line for line in file if line.strip("\r\n")), "")
        delimiter = max(",;\t", key="".join(first.split('"')[::2]).count)  # as the service tells it
        return next(csv.reader(chain([first], file), delimiter=delimiter), [])


def _key(name: str) -> re.Pattern[bytes]:
    """The name as a key of JSON, wherever it stands: a file may be large, and most tell in their first row."""
    written = {json.dumps(name), json.dumps(name, ensure_ascii=False)}
    either = b"|".join(re.escape(each.encode()) for each in sorted(written))
    return re.compile(rb"(?<!\\)(?:" + either + rb")\s*:")
