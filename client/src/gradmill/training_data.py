"""What a job is to learn from, as it is sent: in the request itself, or uploaded before."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradmill.answers import DatasetAnswer
from gradmill.errors import BadInput
from gradmill.synchronous.client import Client
from gradmill.tables import columns, is_array, plain, stored_or_file

TARGET = "target"  # the column that y becomes
INLINE_CELLS = 20_000  # numbers that are sent with the job; more become a dataset


@dataclass(frozen=True, slots=True)
class Sender:
    """Uploads what has to be, but for a file, under `name`, or new ones as `default`; `reading` says how its cells are read."""

    client: Client
    name: str | None
    reading: Mapping[str, Any]
    default: str = "data of train()"

    def dataset(self, X: Any, y: Any, options: Mapping[str, Any]) -> dict[str, Any]:
        """That of a job to tell y from X."""
        if y is None:
            raise BadInput("y is None; it must have a target for each row of X, or name a column of X")
        found, named = stored_or_file(X), columns(X)
        if self.reading and named is None and not isinstance(found, Path):
            raise BadInput(f"{', '.join(self.reading)} say how the cells of a file or a table are read; X is neither")
        if found is not None:
            target = _target_of(found, y)
            id = found if isinstance(found, str) else self.client.datasets.upload(found, **self.reading).id
            return {"id": id, "target": target, **options}
        if isinstance(y, str) or (named is not None and _are_names(y, named)):
            if named is None:
                has = f"a {type(X).__name__} without names"
                raise BadInput(
                    f"y is {str(y)!r}, the name of a column, but X is {has}; it must be a table or the path of a file"
                )
            return {"id": self._uploaded(named).id, "target": y, **options}
        if named is not None:
            return self._table(named, y, options)
        return self._arrays(X, y, options)

    def _uploaded(self, table: Any) -> DatasetAnswer:
        return self.client.datasets.upload(table, name=self.name, file_name=self.default, **self.reading)

    def _table(self, named: dict[str, Any], y: Any, options: Mapping[str, Any]) -> dict[str, Any]:
        targets = _targets(y)
        rows, given = len(next(iter(named.values()), ())), len(next(iter(targets.values())))
        if rows != given:
            raise BadInput(f"X has {rows} rows, y has {given}; they must be equal")
        if taken := sorted(targets.keys() & named.keys()):
            raise BadInput(f"X has a column {taken[0]!r}, as y is called; rename it, or give its name as y")
        names = list(targets)
        return {"id": self._uploaded(named | targets).id, "target": names[0] if len(names) == 1 else names, **options}

    def _arrays(self, X: Any, y: Any, options: Mapping[str, Any]) -> dict[str, Any]:
        import numpy as np

        inputs, targets = np.asarray(X), np.asarray(y)
        if targets.ndim == 1 and (not is_array(y) or targets.dtype == object):
            _check_labels(plain(y))
        for name, array in (("X", inputs), ("y", targets)):
            if array.ndim == 0:
                raise BadInput(f"{name} is a single {type(X if name == 'X' else y).__name__}; it must have rows")
        if inputs.dtype.kind not in "biuf":
            raise BadInput(
                f"X holds {inputs.dtype} where numbers are needed; give texts as a table with names: {{column: values}}"
            )
        if len(inputs) != len(targets):
            raise BadInput(f"X has {len(inputs)} rows, y has {len(targets)}; they must be equal")
        missing = np.isnan(inputs) if inputs.dtype.kind == "f" else np.zeros(inputs.shape, bool)
        if len(inputs) and (empty := np.flatnonzero(missing.reshape(len(inputs), -1).all(axis=0))).size:
            raise BadInput(f"column {empty[0]} of X has no value at all, so nothing can be learned from it; leave it out")
        if inputs.ndim == 2 and inputs.size + targets.size <= INLINE_CELLS and not missing.any():
            only_stored = {"missing", "categories", "weight", "features"} & options.keys()
            if not only_stored:
                return {"inputs": inputs.tolist(), "targets": targets.tolist(), **options}
        sent = self._uploaded({"input": inputs if inputs.ndim > 1 else inputs[:, None], TARGET: targets})
        names = [column.name for column in sent.columns if column.name.startswith(TARGET)]
        return {"id": sent.id, "target": names[0] if len(names) == 1 else names, **options}


def _target_of(data: Path | str, y: Any) -> Any:
    names = [y] if isinstance(y, str) else y
    if isinstance(names, list | tuple) and names and all(isinstance(each, str) for each in names):
        return y
    raise BadInput(f"y is a {type(y).__name__}, but X is {data}; y must name its column of targets, or be a list of such names")


def _are_names(y: Any, named: dict[str, Any]) -> bool:
    """Whether the list names columns, and has no label for each row."""
    if not isinstance(y, list | tuple) or not y or not all(isinstance(each, str) and each in named for each in y):
        return False
    if len(set(y)) < len(y):
        return False
    if len(y) == len(next(iter(named.values()))):
        raise BadInput(f"y may be both: {len(y)} names of columns, or as many labels of rows; rename the columns")
    return True


def _targets(y: Any) -> dict[str, list[Any]]:
    """The columns that y is: those of a table, those of rows of numbers, or one."""
    if (named := columns(y)) is not None:
        return {name: plain(values) for name, values in named.items()}
    name = str(getattr(y, "name", None) or TARGET)
    values = plain(y)
    if values and isinstance(values[0], list | tuple):
        return {f"{name}{i}": list(column) for i, column in enumerate(zip(*values, strict=True))}
    return {name: values}


def _check_labels(labels: list[Any]) -> None:
    """BadInput for what NumPy would make another label of: one that is missing, one of another kind."""
    if len({_kind(label) for label in labels if label is not None}) > 1:
        raise BadInput("y holds labels of several kinds; they must be all texts, all numbers or all booleans")
    if missing := [row for row, label in enumerate(labels) if label is None]:
        raise BadInput(
            f"y misses {len(missing)} of {len(labels)} values, the first in row {missing[0]}; each row must have one"
        )


def _kind(label: Any) -> str:
    """As NumPy would make one of several."""
    return "text" if isinstance(label, str) else "boolean" if isinstance(label, bool) else "number"
