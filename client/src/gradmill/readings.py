"""How the cells of a file or a table are read: `numbers` and `texts` are columns, `missing_values` texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from gradmill.answers import DatasetAnswer
from gradmill.tables import columns

Said: TypeAlias = Mapping[str, Sequence[str]]


def said(**parts: Sequence[str] | None) -> Said:
    """What is said; a part that is None is left open."""
    return {name: [*words] for name, words in parts.items() if words is not None}


def of_training(asked: Mapping[str, Any], dataset: DatasetAnswer) -> Said:
    """That of the data that a job learned from, for rows whose targets nobody knows. `asked` is the job's `dataset`."""
    if dataset.reading is None:
        return {}
    target, features = asked.get("target"), asked.get("features")
    others = {asked.get("weight"), *([target] if isinstance(target, str) else target or ())}

    def learned(names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in others and (not features or name in features)]

    reading = dataset.reading
    return {
        "numbers": learned(reading.numbers),
        "texts": learned(reading.texts),
        "missing_values": reading.missing_values,
    }


def merged(learned: Said, said: Said) -> Said:
    """As the training data were read, but for what is said."""
    found = {**learned, **said}
    for open_, given in (("numbers", "texts"), ("texts", "numbers")):
        if open_ not in said:
            found[open_] = [name for name in found.get(open_, ()) if name not in said.get(given, ())]
    return {name: words for name, words in found.items() if words}


def matter(data: Any) -> bool:
    """Whether cells of a file or a table may be read in several ways: where they are texts."""
    if isinstance(data, Path):
        return data.suffix.lower() not in (".npy", ".npz")
    return any(_has_texts(values) for values in (columns(data) or {}).values())


def _has_texts(values: Any) -> bool:
    if getattr(getattr(values, "dtype", None), "kind", "O") in "biufcmM":  # of NumPy and pandas
        return False
    return any(isinstance(value, str) for value in (values.tolist() if hasattr(values, "tolist") else values))
