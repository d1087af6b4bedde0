"""What may be uploaded as a dataset, as bytes and the type that they have: files, tables, arrays, columns.

No library of tables is needed, and none is imported: pandas and polars are known by what they can do.
"""

import io
import os
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradmill.answers import DatasetAnswer, DatasetSummaryAnswer
from gradmill.calls import JSON, encoded
from gradmill.errors import BadInput

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": JSON,
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "npy": "application/x-npy",
    "npz": "application/x-npz",
}
FORMATS = {**{f".{name}": name for name in MEDIA_TYPES}, ".ndjson": "jsonl", ".tsv": "csv", ".txt": "csv", ".pq": "parquet"}
_BEGINNINGS = {b"\x93NUMPY": "npy", b"PK\x03\x04": "npz", b"PAR1": "parquet"}


def content(data: Any, format: str | None) -> tuple[bytes | Path, str]:
    """The bytes, or the file that holds them, and their media type.

    A path, bytes, a NumPy array, a table of pandas or polars, columns by their names, or a list of rows by their names.
    """
    if format is not None and format not in MEDIA_TYPES:
        raise BadInput(f"format is {format!r}; it must be one of {', '.join(MEDIA_TYPES)}")
    if isinstance(data, str | Path):
        return _file(Path(data), format)
    if isinstance(data, bytes | bytearray | memoryview):
        body = bytes(data)
        begins_as = next((name for start, name in _BEGINNINGS.items() if body.startswith(start)), None)
        if format is None and begins_as is None:
            raise BadInput("bytes need a format: one of " + ", ".join(MEDIA_TYPES))
        return body, MEDIA_TYPES[format or begins_as or ""]
    if format is not None:
        raise BadInput(f"a {type(data).__name__} is sent as it is; format is for files and bytes")
    if is_array(data):
        return _saved(data), MEDIA_TYPES["npy"]
    if (found := columns(data)) is not None:
        if any(is_array(values) and values.ndim > 1 for values in found.values()):
            return _archived(found), MEDIA_TYPES["npz"]
        return encoded({str(name): plain(values) for name, values in found.items()}), JSON
    if isinstance(data, Sequence) and data and all(isinstance(row, Mapping) for row in data):
        return encoded([named(row) for row in data]), JSON
    raise BadInput(
        f"a {type(data).__name__} is no dataset; a path, bytes, an array, a table, columns by name or a list of rows by name is"
    )


def stored_or_file(data: Any) -> Path | str | None:
    """The file that data are, or the id of the dataset; None of what has rows itself. BadInput of a text that means neither."""
    if isinstance(data, DatasetAnswer | DatasetSummaryAnswer):
        return data.id
    if not isinstance(data, str):
        return data if isinstance(data, Path) else None
    path = Path(data)
    if is_id(data):
        return data
    if not os.path.isfile(data) and path.suffix.lower() not in FORMATS:
        raise BadInput(f"{data!r:.300} is neither the path of a file nor the id of a dataset, ds_…: {_absence(path)}")
    return path


def is_id(text: str) -> bool:
    """Whether it is that of a dataset, and no file."""
    return text.startswith("ds_") and not os.path.exists(text)


def name_of(data: Any) -> str | None:
    """That of a file, as far as a dataset may have it."""
    if not isinstance(data, str | Path):
        return None
    return "".join(letter for letter in Path(data).name if letter.isprintable())[:200] or None


def columns(data: Any) -> dict[str, Any] | None:
    """The columns of a mapping, or of a table of pandas or polars; None of other data. BadInput where two have one name.

    What can be read but once is a list afterwards.
    """
    is_table = callable(getattr(data, "to_dict", None)) and hasattr(data, "columns")
    if not isinstance(data, Mapping) and not is_table:
        return None
    given = list(data.columns if is_table else data)
    return {name: _lasting(data[column]) for name, column in zip(_names(given), given, strict=True)}


def named(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as JSON has it."""
    return dict(zip(_names(row), plain(row.values()), strict=True))


def _lasting(values: Any) -> Any:
    return list(values) if hasattr(values, "__next__") else values


def _names(given: Iterable[Any]) -> list[str]:
    names = [str(name) for name in given]
    if len(set(names)) < len(names):
        raise BadInput(f"two columns have the name {max(names, key=names.count)!r}; each needs its own")
    return names


def plain(values: Any) -> list[Any]:
    """A column as JSON has it: null where a value is missing, a time as text."""
    listed: list[Any] = values.tolist() if hasattr(values, "tolist") else list(values)
    if is_array(values) and values.dtype.kind in "mM" and any(type(value) is int for value in listed):
        listed = list(values)  # what Python has no type for became counts of it
    return [_cell(value) for value in listed]


def _cell(value: Any) -> Any:
    if value is None or type(value) in (str, bool, int):
        return value
    if type(value).__name__ in ("NAType", "NaTType") or value != value:  # NaN
        return None
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "m" or hasattr(value, "total_seconds"):
        raise BadInput(f"a column holds spans of time, such as {value}; give them as numbers, in a unit of your choice")
    if kind == "M":
        return _moment(value)
    if hasattr(value, "item"):
        return _cell(value.item())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return float(value) if hasattr(value, "__float__") else value


def _moment(value: Any) -> str:
    """One of NumPy's, as Python would write it, to the microsecond; as NumPy does where Python's years end."""
    moment = value.astype("datetime64[us]").item() if value.dtype != "datetime64[D]" else value.item()
    return str(moment.isoformat() if hasattr(moment, "isoformat") else value)


def is_array(data: Any) -> bool:
    """Whether it is a NumPy array, without importing NumPy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(data, numpy.ndarray)


def _file(path: Path, format: str | None) -> tuple[Path, str]:
    known = format or FORMATS.get(path.suffix.lower())
    if known is None:
        ends = ", ".join(FORMATS)
        raise BadInput(f"{path} does not tell its format by its end, one of {ends}; datasets.upload takes format= instead")
    if not path.is_file():
        raise BadInput(_absence(path))
    return path, MEDIA_TYPES[known]


def _absence(path: Path) -> str:
    return f"there is no file {path}" + ("" if path.is_absolute() else f" in {Path.cwd()}")


def _saved(array: Any) -> bytes:
    import numpy as np

    into = io.BytesIO()
    np.save(into, array, allow_pickle=False)
    return into.getvalue()


def _archived(arrays: Mapping[str, Any]) -> bytes:
    import numpy as np

    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            archive.writestr(f"{name}.npy", _saved(_typed(name, np.asarray(values))))
    return into.getvalue()


def _typed(name: str, array: Any) -> Any:
    """An array of Python's texts as one of NumPy's."""
    import numpy as np

    if array.dtype != object:
        return array
    if not all(isinstance(value, str) for value in array.flat):
        raise BadInput(f"{name} is an array of objects; numbers, booleans or texts are needed")
    return np.asarray(array.tolist())
