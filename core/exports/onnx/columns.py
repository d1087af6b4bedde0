"""A preprocessing as ONNX nodes: columns in the data's own units and words in, the network's inputs out.

Numbers are reckoned in float64 up to the network's door, as the service does: a date in seconds has more digits than a float32.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from core.exports.arrays import Group
from core.exports.onnx.graph import ML, Graph
from core.nn.preparation.features import Boolean, Category, Feature, Indicator, Number, Text

_SAYS = {
    "number": "numbers; NaN where one is missing",
    "boolean": "0 or 1; NaN where it is missing",
    "text": "texts; any that the training data did not have stands for a missing one",
}


def prepared(features: Sequence[Feature], groups: Sequence[Group], graph: Graph) -> str:
    """x (rows, width). The groups are those of the features' columns, each of which is an input of the graph."""
    texts = [feature for feature in features if isinstance(feature, Text | Category)]
    others = [feature for feature in features if not isinstance(feature, Text | Category)]
    inputs = {group.name: _input(group, features, graph) for group in groups}
    parts: list[tuple[Feature, ...]] = []  # what each part of x holds
    values: list[str] = []
    if others:
        names = list(dict.fromkeys(feature.column for feature in others))
        kept = {feature.column for feature in texts}
        table = graph.joined([inputs[group.name] for group in groups if group.name not in kept])
        places = {name: place for place, name in enumerate(names)}
        missing = graph.add("IsNaN", table)
        if numbers := tuple(feature for feature in others if isinstance(feature, Number | Boolean)):
            parts.append(numbers)
            values.append(_numbers(numbers, places, table, missing, graph))
        if indicators := tuple(feature for feature in others if isinstance(feature, Indicator)):
            chosen = graph.columns(missing, [places[feature.column] for feature in indicators], len(names))
            parts.append(indicators)
            values.append(graph.cast(chosen, graph.dtype))
    for feature in texts:
        if feature.width:
            parts.append((feature,))
            values.append(_text(feature, inputs[feature.column], graph))
    return graph.columns(graph.joined(values), _order(features, parts), sum(feature.width for feature in features))


def column_names(features: Sequence[Feature]) -> tuple[list[str], set[str]]:
    """The columns that the features are made of, in order; and which of them hold texts."""
    names = dict.fromkeys(feature.column for feature in features)
    return list(names), {feature.column for feature in features if isinstance(feature, Text | Category)}


def _input(group: Group, features: Sequence[Feature], graph: Graph) -> str:
    found = next((feature for feature in features if feature.column == group.name), None)
    if isinstance(found, Text | Category):
        return graph.take(group.name, object, 1, _SAYS["text"])
    kind = "boolean" if isinstance(found, Boolean) else "number"
    return graph.take(group.name, np.float64, group.width, _SAYS[kind])


def _numbers(features: Sequence[Number | Boolean], places: dict[str, int], table: str, missing: str, graph: Graph) -> str:
    """(value − shift) / scale, a missing value filled in before."""
    chosen = [places[feature.column] for feature in features]
    values, absent = (graph.columns(each, chosen, len(places)) for each in (table, missing))
    fill = graph.constant([[feature.missing for feature in features]], np.float64, "missing")
    x = graph.add("Where", absent, fill, values)
    shifts = [feature.shift if isinstance(feature, Number) else 0.0 for feature in features]
    scales = [feature.scale if isinstance(feature, Number) else 1.0 for feature in features]
    if any(shifts):
        x = graph.add("Sub", x, graph.constant([shifts], np.float64, "shift"))
    if any(scale != 1 for scale in scales):
        x = graph.add("Div", x, graph.constant([scales], np.float64, "scale"))
    return x if graph.is_double else graph.cast(x, graph.dtype)


def _text(feature: Text | Category, column: str, graph: Graph) -> str:
    """The place of the text among the values, as a number or as the 1 among zeros; an unseen one has the place behind them."""
    unseen = len(feature.values)
    keys, codes = (list(feature.values), list(range(unseen))) if unseen else ([""], [0])
    place = graph.add("LabelEncoder", column, domain=ML, keys_strings=keys, values_int64s=codes, default_int64=unseen)
    if isinstance(feature, Text):
        places = graph.constant([list(range(unseen))], np.int64, "values")
        return graph.cast(graph.add("Equal", place, places), graph.dtype)
    return graph.cast(place, graph.dtype)


def _order(features: Sequence[Feature], parts: Sequence[Sequence[Feature]]) -> list[int]:
    """Where each of the network's inputs stands among the parts."""
    made = [feature for part in parts for feature in part]
    starts = dict(zip(made, accumulate((feature.width for feature in made), initial=0), strict=False))
    return [starts[feature] + k for feature in features if feature.width for k in range(feature.width)]
