"""Tables for the tests: the examples, and others made by a seed, as a schema and columns; and trainings on them."""

from pathlib import Path
from typing import Any

import numpy as np

from core.data.child import parse
from core.data.table import read_columns
from core.nn.planning.outline import Outline
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.schema import Schema
from core.nn.preparation.split import split
from core.nn.spec import DataSpec, NetworkSpec, TrainingSpec
from core.nn.training import Data, EpochResult, Training

EXAMPLES = Path(__file__).parents[3] / "examples" / "data"
Table = tuple[Schema, dict[str, Any]]


def table(source: Path, directory: Path) -> Table:
    """The CSV file, read as an upload would be."""
    into = directory / f"{source.stem}.safetensors"
    answer = parse(source, "csv", into, 2**30, 10**8)
    schema = Schema(rows=answer["rows"], columns=answer["columns"])
    return schema, read_columns(into, [column.name for column in schema.columns if column.kind != "ignored"])


def csv(directory: Path, name: str, **columns: Any) -> Path:
    """A file of these columns; None is a missing value."""
    rows = zip(*columns.values(), strict=True)
    lines = (",".join("" if value is None else str(value) for value in row) for row in rows)
    path = directory / f"{name}.csv"
    path.write_text("\n".join([",".join(columns), *lines]) + "\n")
    return path


def two_moons(directory: Path, rows: int = 400) -> Path:
    """Two half circles that reach into each other: no straight line parts them."""
    rng = np.random.default_rng(0)
    angle, moon = rng.uniform(0, np.pi, rows), rng.integers(0, 2, rows)
    x = np.where(moon, 1 - np.cos(angle), np.cos(angle)) + rng.normal(0, 0.15, rows)
    y = np.where(moon, 0.5 - np.sin(angle), np.sin(angle)) + rng.normal(0, 0.15, rows)
    return csv(directory, "moons", x=x.round(4), y=y.round(4), moon=moon)


def prices(directory: Path, rows: int = 1000) -> Path:
    """Prices by a size, a colour and a flag, of which the first two miss values."""
    rng = np.random.default_rng(0)
    size, flag = rng.normal(50, 20, rows).round(2), rng.integers(0, 2, rows)
    colour = rng.choice(["red", "green", "blue", ""], rows, p=[0.3, 0.3, 0.3, 0.1])
    price = 1000 + 7 * size + 200 * (colour == "red") - 100 * (colour == "green") * flag + 90 * flag
    known = [None if is_missing else value for is_missing, value in zip(rng.random(rows) < 0.1, size, strict=True)]
    words = np.where(flag, "true", "false")
    return csv(directory, "prices", size=known, colour=colour, flag=words, price=(price + rng.normal(0, 20, rows)).round(2))


def trained(table: Table, target: str, document: dict[str, Any]) -> tuple[dict[str, Any], EpochResult]:
    """What was chosen for the job, and the result of its best epoch."""
    schema, columns = table
    outline = Outline({"dataset": {"id": "", "target": target}, **document})
    data = DataSpec(target=target)
    outline.complete(data, schema)
    network = NetworkSpec.model_validate(outline.document["network"])
    spec = TrainingSpec.model_validate(outline.document["training"])
    rows, validation_rows = split(schema.rows, spec.validation.fraction if spec.validation else None, spec.seed)
    is_linear = network.last_activation.type == "identity"
    fitted = Preprocessing.fit(schema, data, spec.loss, columns, rows, is_linear=is_linear)
    x, t = (fitted.inputs(columns, network.dtype), fitted.targets(columns, network.dtype))
    training = Training(
        network, spec, Data(x[rows], t[rows], x[validation_rows], t[validation_rows], target_scale=fitted.target_scale)
    )
    results = list(training.epochs())
    return outline.chosen, results[training.best_epoch - 1]
