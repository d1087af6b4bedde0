"""Programs that are made of pieces: modules of `sources`, and lines that are written for one network."""

import ast
import io
import json
import sys
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

_SOURCES = Path(__file__).with_name("sources")
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file can say: equal contents give equal bytes


def composed(
    main: str, pieces: Sequence[str], lines: Sequence[str], classes: Mapping[str, Collection[str]] | None = None
) -> str:
    """The module `main` with what it needs before its own definitions: the lines, some classes of modules, and whole pieces.

    Imports stand at the top, each once.
    """
    whole = [_parsed(name) for name in (main, *pieces)]
    chosen = [(_parsed(name), names) for name, names in (classes or {}).items() if names]
    imports = {line for tree, text in (*whole, *(parsed for parsed, _ in chosen)) for line in _imports(tree, text)}
    bodies = ["\n".join(lines)]
    for (tree, text), names in chosen:
        bodies += [_text(node, text) for node in tree.body if isinstance(node, ast.ClassDef) and node.name in names]
    for tree, text in (*whole[1:], whole[0]):
        bodies += [_text(node, text) for node in tree.body[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
    head = _text(whole[0][0].body[0], whole[0][1])
    return "\n\n\n".join(["\n\n".join([head, *_sorted(imports)]), *bodies]) + "\n"


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file of these; programs are compressed, weights are not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED if name.endswith(".py") else zipfile.ZIP_STORED)
    return buffer.getvalue()


def call(function: str, /, *arguments: Any, **named: Any) -> str:
    """The source of a call."""
    words = [*map(literal, arguments), *(f"{key}={literal(value)}" for key, value in named.items())]
    return f"{function}({', '.join(words)})"


def literal(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _parsed(name: str) -> tuple[ast.Module, str]:
    text = (_SOURCES / f"{name}.py").read_text(encoding="utf-8")
    return ast.parse(text), text


def _imports(tree: ast.Module, text: str) -> list[str]:
    return [_text(node, text) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def _text(node: ast.stmt, text: str) -> str:
    """With the comment behind it."""
    lines = text.splitlines()
    return "\n".join(lines[node.lineno - 1 : node.end_lineno])


def _sorted(imports: Collection[str]) -> list[str]:
    """First those of Python's own library, then the others."""
    groups: dict[bool, list[str]] = {False: [], True: []}
    for line in sorted(imports, key=lambda line: (line.startswith("from"), line)):
        groups[line.split()[1].split(".")[0] not in sys.stdlib_module_names].append(line)
    return ["\n".join(group) for group in groups.values() if group]
