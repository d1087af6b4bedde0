"""Weights in other forms than the stored one: NPZ for NumPy, JSON for everyone."""

from io import BytesIO
from typing import Any, Literal

import orjson

from api.bodies import megabytes
from core.errors import TooLarge
from core.store import Store, Weights

Form = Literal["safetensors", "npz", "json"]

MEDIA_TYPES: dict[Form, str] = {
    "safetensors": "application/x-safetensors",
    "npz": "application/x-npz",
    "json": "application/json",
}
FORMS: dict[str, Form] = {media_type: form for form, media_type in MEDIA_TYPES.items()}

# A conversion holds all of it in memory, several times over.
LARGEST = {"npz": 256 * 2**20, "json": 64 * 2**20}


def converted(form: Form, store: Store, weights: Weights) -> bytes:
    """The weights as NPZ or JSON, the same bytes every time. TooLarge where only safetensors will do."""
    if weights.size_bytes > LARGEST[form]:
        raise TooLarge(
            f"the weights have {weights.size_bytes} bytes; as {form} they are given up to {megabytes(LARGEST[form])}, "
            "beyond that as safetensors only"
        )
    from core.nn.saving.weights import from_safetensors  # NumPy: not before somebody needs it

    arrays, metadata = from_safetensors(b"".join(store.blobs.read(weights.blob_id, 0, weights.size_bytes)))
    # The reader gives names in any order; the same bytes every time need one.
    arrays = {name: arrays[name] for name in sorted(arrays, key=_place)}
    metadata = {name: metadata[name] for name in sorted(metadata)}
    return _json(arrays, metadata) if form == "json" else _npz(arrays, metadata)


def _place(name: str) -> tuple[int, str]:
    """Modules by their number: "2.bias" comes before "10.bias"."""
    number, _, rest = name.partition(".")
    return (int(number), rest) if number.isdigit() else (0, name)


def _json(arrays: dict[str, Any], metadata: dict[str, Any]) -> bytes:
    return orjson.dumps({"metadata": metadata, "weights": arrays}, option=orjson.OPT_SERIALIZE_NUMPY)


def _npz(arrays: dict[str, Any], metadata: dict[str, Any]) -> bytes:
    """The metadata are the entry `__metadata__`: JSON in UTF-8, as bytes."""
    import numpy as np

    file = BytesIO()
    np.savez(file, allow_pickle=False, __metadata__=np.frombuffer(orjson.dumps(metadata), np.uint8), **arrays)
    return file.getvalue()
