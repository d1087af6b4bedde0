"""Functions of an exported program, cut out of source files: those that it calls, and those that these call."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_SOURCES = Path(__file__).parent / "sources"


@cache
def pieces(file: str) -> Mapping[str, str]:
    """Name → text of each function in the file, in its order; they stand two empty lines apart."""
    parts = re.split(r"\n\n\n", (_SOURCES / file).read_text(encoding="utf-8").strip())
    return {_name(part): part for part in parts}


def needed(files: Sequence[str], code: str) -> list[str]:
    """The functions of the files that `code` calls, and all that these call, in the files' order."""
    found, texts = {name: text for file in files for name, text in pieces(file).items()}, [code]
    wanted: set[str] = set()
    while texts:
        called = set(re.findall(r"\b(\w+)\(", texts.pop()))
        new = (called & found.keys()) - wanted
        wanted |= new
        texts += [found[name] for name in new]
    return [text for name, text in found.items() if name in wanted]


def _name(part: str) -> str:
    match = re.search(r"^(?:export )?(?:async )?(?:def|function\*?) (\w+)\(", part, re.MULTILINE)
    if match is None:
        raise ValueError(f"no function begins in {part[:60]!r}")
    return match[1]
