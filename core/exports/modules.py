"""A network as the modules of a `torch.nn.Sequential`: each layer, and each activation that is not the identity, is one."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from core.nn.builder import Builder, Shape
from core.nn.lower import lowering, runs_of
from core.nn.saving.model import Card
from core.nn.spec import AnyLayer, Embedding, Identity, Residual


@dataclass(frozen=True, slots=True)
class Module:
    """`name` is that of its tensors up to their own: `3`, or `3.1` inside a block. A layer's activation is the next module.

    Shapes are those of one row, channels first.
    """

    name: str
    layer: AnyLayer
    inputs: Shape
    outputs: Shape
    within: tuple["Module", ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring inputs of an embedding: numbers of rows of the table `weight`, or, without one, what passes as it is."""

    first: int
    count: int
    weight: str | None


def modules(card: Card) -> tuple[Module, ...]:
    """Those of the network, in the order that the inputs run through them."""
    layout = card.preprocessing.layout
    builder = Builder(shape=(layout.width,), categories=layout.categories)
    return tuple(_modules(card.network.layers, builder))


def runs(card: Card, embedding: Embedding) -> list[Run]:
    """What the embedding makes of its inputs, which are the network's own: each text column has a table, or all share one."""
    layout = card.preprocessing.layout
    if embedding.vocabulary is not None:
        return [Run(0, layout.width, "0.weight")]
    number = count()
    return [
        Run(first, columns, f"0.{next(number)}.weight" if vocabulary else None)
        for first, columns, vocabulary in runs_of(layout.width, layout.categories)
    ]


def _modules(layers: tuple[AnyLayer, ...], builder: Builder) -> Iterator[Module]:
    for place, layer in enumerate(part for whole in layers for part in _parts(whole)):
        name, shape = f"{builder.prefix}{place}", builder.shape
        if isinstance(layer, Residual):
            builder.module()
            with builder.inside(f"{name}."):
                within = tuple(_modules(layer.layers, builder))
            yield Module(name, layer, shape, shape, within)
        else:
            lowering(layer, builder)
            yield Module(name, layer, shape, builder.shape)


def _parts(layer: AnyLayer) -> Iterator[AnyLayer]:
    activation = getattr(layer, "activation", Identity())
    if isinstance(activation, Identity):
        yield layer
    else:
        yield layer.model_copy(update={"activation": Identity()})
        yield activation
