"""Programs that were exported: taken out of their ZIP file, loaded, and compared with the service."""

import importlib.util
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from core.exports.golden import Golden
from core.nn.predictor import Predictor
from core.nn.saving.model import SavedModel
from tests.exports.comparison import Rows, assert_close, predicted

Export = Callable[[SavedModel, Golden], bytes]


def unzipped(data: bytes, folder: Path) -> Path:
    """The program."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["model.py", "model.safetensors"]
        archive.extractall(folder)
    return folder / "model.py"


def loaded(export: Export, model: SavedModel, folder: Path) -> Any:
    """The model as the program has it, which has compared itself with the service."""
    found = opened(export, model, Golden.of(model, Predictor), folder)
    assert " rows are predicted as by the service, to " in found.check()
    return found


def opened(export: Export, model: SavedModel, golden: Golden, folder: Path) -> Any:
    """The model as the program has it, with these golden vectors."""
    # In a folder of its own: of two programs in one place, of one length and made in one second, Python remembers the first.
    program = unzipped(export(model, golden), Path(mkdtemp(dir=folder)))
    specification = importlib.util.spec_from_file_location("model", program)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.load()


def compare(export: Export, model: SavedModel, rows: Rows, folder: Path, bound: float) -> Any:
    """The model as the program has it, which predicts what the service does."""
    found, told = loaded(export, model, folder), predicted(model, rows)
    if told.probabilities is None:
        ours = [list(row.values()) for row in found.predict(rows)]
    else:
        ours = [list(row.values()) for row in found.probabilities(rows)]
        expected = [dict(zip(told.values, row, strict=True)) for row in zip(*told.values.values(), strict=True)]
        assert found.predict(rows) == expected
    assert_close(model, rows, np.array(ours), bound)
    return found


def run(program: Path) -> subprocess.CompletedProcess[str]:
    """As a person does."""
    return subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)


def turned(model: SavedModel, name: str) -> SavedModel:
    """The model with the opposite of one of its weights."""
    return SavedModel(model.card, {**model.weights, name: -model.weights[name]})
