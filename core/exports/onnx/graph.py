"""An ONNX graph under construction: nodes that know the names of what they take, and give those of what they make."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, ValueInfoProto, helper

from core.nn.saving.model import SavedModel

ML = "ai.onnx.ml"
BATCH = "rows"  # the name of the first dimension, which is free

TYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.bool_): TensorProto.BOOL,
    np.dtype(object): TensorProto.STRING,
}


class Graph:
    """`dtype` is that of the network's own values. `lowered` names the kinds of layers that are reckoned in float32 although
    the network is in float64."""

    def __init__(self, model: SavedModel, reserved: Sequence[str]) -> None:
        """`reserved` are the names of inputs and outputs."""
        self.card, self.arrays = model.card, model.weights
        self.dtype = np.dtype(model.card.network.dtype)
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.inputs: list[ValueInfoProto] = []
        self.outputs: list[ValueInfoProto] = []
        self.lowered: set[str] = set()
        self._names = set(reserved)

    @property
    def is_double(self) -> bool:
        return self.dtype == np.float64

    def take(self, name: str, dtype: npt.DTypeLike, width: int, says: str) -> str:
        """An input (rows, width)."""
        info = helper.make_tensor_value_info(name, TYPES[np.dtype(dtype)], [BATCH, width], doc_string=says)
        self.inputs.append(info)
        return name

    def give(self, name: str, value: str, dtype: npt.DTypeLike, shape: Sequence[int], says: str) -> None:
        """An output (rows, *shape)."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        info = helper.make_tensor_value_info(name, TYPES[np.dtype(dtype)], [BATCH, *shape], doc_string=says)
        self.outputs.append(info)

    def add(self, op: str, *inputs: str, at: str = "", domain: str = "", **attributes: Any) -> str:
        """The name of what the node gives, which begins with `at`."""
        output = self._unique(f"{at}/{op}")
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def constant(self, values: npt.ArrayLike, dtype: npt.DTypeLike | None = None, name: str = "constant") -> str:
        """A tensor of these values, in the network's own type unless another is named."""
        array = np.asarray(values, self.dtype if dtype is None else dtype)
        found = self._unique(name)
        if array.dtype == object:
            texts: list[Any] = [str(text).encode() for text in array.flat]
            tensor = helper.make_tensor(found, TensorProto.STRING, array.shape, texts)
        else:
            data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
            tensor = helper.make_tensor(found, TYPES[array.dtype], array.shape, data, raw=True)
        self.constants.append(tensor)
        return found

    def weights(self, name: str, shape: Sequence[int] | None = None) -> str:
        """What was learned under this name, in another shape where one is named."""
        array = self.arrays[name]
        return self.constant(array if shape is None else array.reshape(shape), name=name)

    def cast(self, x: str, dtype: npt.DTypeLike) -> str:
        return self.add("Cast", x, to=TYPES[np.dtype(dtype)])

    def single(self, kind: str, op: str, *inputs: str, at: str, **attributes: Any) -> str:
        """A node that runtimes have in float32 alone: in a float64 network its inputs and its output are converted."""
        if not self.is_double:
            return self.add(op, *inputs, at=at, **attributes)
        self.lowered.add(kind)
        y = self.add(op, *(self.cast(x, np.float32) for x in inputs), at=at, **attributes)
        return self.cast(y, np.float64)

    def columns(self, x: str, places: Sequence[int], of: int) -> str:
        """These columns of x (rows, of); x itself where they are all of it."""
        if list(places) == list(range(of)):
            return x
        return self.add("Gather", x, self.constant(places, np.int64, "columns"), axis=1)

    def joined(self, parts: Sequence[str]) -> str:
        """The parts (rows, …) side by side."""
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=1)

    def _unique(self, name: str) -> str:
        found, number = name, 1
        while found in self._names:
            found, number = f"{name}_{number}", number + 1
        self._names.add(found)
        return found
