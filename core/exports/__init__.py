"""A trained network in the forms in which it is given away: as it is stored, for other libraries, or as a program of its own.

Each form but the stored one is a module here with `export(model, golden) -> bytes`: equal arguments give equal bytes;
Unexportable where the form cannot hold the network.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.errors import TooLarge

if TYPE_CHECKING:  # NumPy: not before somebody needs it
    from core.exports.golden import Golden
    from core.nn.saving.model import SavedModel

Name = Literal["safetensors", "npz", "json", "onnx", "torch", "keras", "python", "javascript"]


@dataclass(frozen=True, slots=True)
class Form:
    """`most_bytes`: how large the weights may be; to make the form of them takes several times as much memory."""

    media_type: str
    suffix: str
    most_bytes: int | None = None


STORED: Name = "safetensors"
FORMS: Mapping[Name, Form] = {
    "safetensors": Form("application/x-safetensors", "safetensors"),
    "npz": Form("application/x-npz", "npz", 256 * 2**20),
    "json": Form("application/json", "json", 64 * 2**20),
    "onnx": Form("application/x-onnx", "onnx", 256 * 2**20),
    "torch": Form("application/x-torch+zip", "torch.zip", 256 * 2**20),
    "keras": Form("application/x-keras+zip", "keras.zip", 256 * 2**20),
    "python": Form("text/x-python", "py", 16 * 2**20),
    "javascript": Form("text/javascript", "mjs", 16 * 2**20),
}


def check_size(name: Name, size: int) -> None:
    """TooLarge where weights of so many bytes do not go into the form; it says which ones take them."""
    most = FORMS[name].most_bytes
    if most is None or size <= most:
        return
    others = [other for other, form in FORMS.items() if form.most_bytes is None or size <= form.most_bytes]
    raise TooLarge(
        f"the weights have {size:,} bytes; as {name} they are given up to {most // 2**20} MiB. Forms that take them: "
        f"{', '.join(others)}"
    )


@cache
def revision() -> str:
    """Of what makes the forms: another one may make other bytes of the same weights."""
    digest, folder = sha256(), Path(__file__).parent
    for file in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".mjs")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def opened(data: bytes) -> "tuple[SavedModel, Golden | None]":
    """The model in a stored file, and its golden vectors where it has some."""
    from core.exports.golden import Golden
    from core.nn.saving.model import Card, SavedModel
    from core.nn.saving.weights import from_safetensors

    weights, metadata = from_safetensors(data)
    golden = Golden.from_json(metadata["golden"]) if "golden" in metadata else None
    return SavedModel(Card.from_json(metadata), weights), golden


def exporter(name: Name) -> "Callable[[SavedModel, Golden], bytes]":
    """What makes the form of a model."""
    export: Callable[[SavedModel, Golden], bytes] = import_module(f"core.exports.{name}").export
    return export
