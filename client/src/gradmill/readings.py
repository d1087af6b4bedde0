"""How the cells of a file or a table are read: `numbers` and `texts` are columns, `missing_values` texts."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from gradmill import headers
from gradmill.answers import DatasetAnswer, Reading
from gradmill.tables import columns

Said: TypeAlias = Mapping[str, Sequence[str]]


def said(**parts: Sequence[str] | None) -> Said:
    """What is said; a part that is None is left open."""
    return {name: [*words] for name, words in parts.items() if words is not None}


def of_training(asked: Mapping[str, Any], dataset: DatasetAnswer, data: Any = None) -> Said:
    """That of the data that a job learned from, for rows whose targets nobody knows. `asked` is the job's `dataset`, `data` the
    rows: of a file whose cells have no types, columns that were texts are texts, and columns that it lacks are not named."""
    target, features = asked.get("target"), asked.get("features")
    others = {asked.get("weight"), *([target] if isinstance(target, str) else target or ())}

    def learned(names: Iterable[str]) -> list[str]:
        return [name for name in names if name not in others and (not features or name in features)]

    reading = dataset.reading or Reading()
    numbers, texts = learned(reading.numbers), learned(reading.texts)
    if isinstance(data, Path) and headers.are_readable(data):
        texts += learned(each.name for each in dataset.columns if each.kind == "text" and each.name not in texts)
        there = headers.found(data, [*numbers, *texts])
        numbers, texts = [[name for name in names if name in there] for names in (numbers, texts)]
    return {"numbers": numbers, "texts": texts, "missing_values": reading.missing_values}


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
