"""How the cells of a file or a table are read: `numbers` and `texts` are columns, `missing_values` texts."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from gradmill.answers import DatasetAnswer, Reading
from gradmill.errors import BadInput, InvalidData
from gradmill.tables import columns, plain

Said: TypeAlias = Mapping[str, Sequence[str]]

_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SEPARATOR = re.compile("[, '’\u00a0\u202f]")  # of thousands
_GROUPED = re.compile("[+-]?[1-9][0-9]{0,2}([, '’\u00a0\u202f])[0-9]{3}(?:\\1[0-9]{3})*(?:[.][0-9]*)?")


def said(**parts: Sequence[str] | None) -> Said:
    """What is said; a part that is None is left open."""
    return {name: [*words] for name, words in parts.items() if words is not None}


def of_training(asked: Mapping[str, Any], dataset: DatasetAnswer) -> Said:
    """That of the data that a job learned from, for rows whose targets nobody knows. `asked` is the job's `dataset`.

    It names only columns that the network learned from, without which nothing is predicted anyway; what were texts are texts.
    """
    target, features = asked.get("target"), asked.get("features")
    others = {asked.get("weight"), *([target] if isinstance(target, str) else target or ())}
    usable = [each for each in dataset.columns if each.kind != "ignored" and each.name not in others]
    learned = [each for each in usable if not features or each.name in features]
    reading = dataset.reading or Reading()
    return {
        "numbers": [each.name for each in learned if each.name in reading.numbers],
        "texts": [each.name for each in learned if each.kind == "text"],
        "missing_values": reading.missing_values,
    }


def merged(learned: Said, said: Said) -> Said:
    """As the training data were read, but for what is said."""
    found = {**learned, **said}
    for open_, given in (("numbers", "texts"), ("texts", "numbers")):
        if open_ not in said:
            found[open_] = [name for name in found.get(open_, ()) if name not in said.get(given, ())]
    return {name: words for name, words in found.items() if words}


def unsaid(error: InvalidData) -> InvalidData:
    """What is wrong with a file, without the parameter that named a column which is lacking: mostly nobody gave it."""
    detail = error.detail.removeprefix("numbers: ").removeprefix("texts: ")
    return type(error)(error.status, error.code, detail, error.errors, error.request_id, error.title)


def applied(table: Mapping[str, Any], reading: Said, said: Said) -> dict[str, list[Any]]:
    """The columns as the service would read them in a file of JSON. BadInput where `said` names one that is not there; a text
    that is no number where one must be is left to the service, which tells its row."""
    for part in ("numbers", "texts"):
        if lacking := [name for name in said.get(part, ()) if name not in table]:
            raise BadInput(f"{part} names {lacking[0]!r}, which the table lacks; it has {', '.join(list(table)[:10])}")
    missing = {*reading.get("missing_values", ())}
    kinds = {**dict.fromkeys(reading.get("numbers", ()), _number), **dict.fromkeys(reading.get("texts", ()), _text)}
    return {name: [_cell(value, missing, kinds.get(name)) for value in plain(table[name])] for name in table}


def matter(data: Any) -> bool:
    """Whether cells of a file or a table may be read in several ways: where they are texts."""
    if isinstance(data, Path):
        return data.suffix.lower() not in (".npy", ".npz")
    return any(_has_texts(values) for values in (columns(data) or {}).values())


def _has_texts(values: Any) -> bool:
    if getattr(getattr(values, "dtype", None), "kind", "O") in "biufcmM":  # of NumPy and pandas
        return False
    return any(isinstance(value, str) for value in (values.tolist() if hasattr(values, "tolist") else values))


def _cell(value: Any, missing: Collection[str], kind: Callable[[Any], Any] | None) -> Any:
    if isinstance(value, str) and value in missing:
        return None
    return value if kind is None else kind(value)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _GROUPED.fullmatch(text):
        text = _SEPARATOR.sub("", text)
    return (float(text) if _PLAIN.fullmatch(text) else value) if text else None


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool | int | float) else value
