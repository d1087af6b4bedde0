"""What the weights of a job carry along: all that it takes to predict with them, here or elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import TypeAdapter

from core.errors import InvalidData
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import AS_IT_LOOKS, Reading
from core.nn.saving.tensors import Arrays
from core.nn.saving.weights import from_safetensors
from core.nn.spec import AnyLoss, Loss, NetworkSpec

FORMAT = 1

Link = Literal["identity", "sigmoid", "softmax", "exp"]

# A loss that takes logits → what makes probabilities of them, where the network does not.
_LINKS: Mapping[str, Link] = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}
_LOSS: TypeAdapter[AnyLoss] = TypeAdapter(Loss)


@dataclass(frozen=True, slots=True)
class Card:
    """A trained network without its numbers: its layers, the loss that it was trained with, what goes in and comes out.

    `reading` is what was said of the cells of the file that it learned from: another file of that kind is read alike.
    """

    network: NetworkSpec
    loss: AnyLoss
    preprocessing: Preprocessing
    reading: Reading = AS_IT_LOOKS

    @property
    def link(self) -> Link:
        """What turns the outputs of the last layer into predictions: logits into probabilities, logarithms into numbers."""
        if self.loss.type == "poisson":
            return "exp"
        if self.network.last_activation.type != "identity":
            return "identity"
        return _LINKS.get(self.loss.type, "identity")

    def to_json(self) -> dict[str, Any]:
        """The metadata of a file of weights."""
        return {
            "format": FORMAT,
            "network": self.network.model_dump(mode="json"),
            "loss": self.loss.model_dump(mode="json"),
            "preprocessing": self.preprocessing.to_json(),
            **({"reading": self.reading.to_json()} if self.reading else {}),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. InvalidData where that did not make the document."""
        if missing := [name for name in ("network", "loss", "preprocessing") if name not in document]:
            raise InvalidData(f"the weights do not say their {' and their '.join(missing)}; those of a job do")
        return cls(
            NetworkSpec.model_validate(document["network"]),
            _LOSS.validate_python(document["loss"]),
            Preprocessing.from_json(document["preprocessing"]),
            Reading.from_json(document.get("reading", {})),
        )


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A trained network: its card, and its weights under the names of `core.nn.saving.weights`."""

    card: Card
    weights: Arrays

    @classmethod
    def from_safetensors(cls, data: bytes) -> Self:
        """What a job stores as its weights. InvalidData where it is something else."""
        weights, metadata = from_safetensors(data)
        return cls(Card.from_json(metadata), weights)
