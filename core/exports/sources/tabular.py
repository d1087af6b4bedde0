"""Rows of data in, predictions out: the part of a model that no framework has."""

import math


class Tabular:
    """What the columns of the data are to the network, and what its outputs mean. Whoever inherits says what the network does.

    A row is {column: value}; None is a value that is missing, and a text that was never seen counts as missing.
    """

    def __init__(self, metadata):
        """As they stand in model.safetensors; `preprocessing` says how columns become inputs."""
        self.metadata = metadata
        self.features = metadata["preprocessing"]["features"]
        self.targets = metadata["preprocessing"]["targets"]
        self.classes = metadata["preprocessing"]["classes"]
        self.table_rows = metadata["network"]["layers"][0].get("vocabulary")  # of an embedding whose inputs number them
        self.has_flags = metadata["loss"]["type"] == "binary_cross_entropy"

    def run(self, inputs):
        """The outputs of the network's last layer for each list of its inputs."""
        raise NotImplementedError

    def predict(self, rows):
        """{target: value} for each row, in the data's own words and units."""
        return [self.meaning(y) for y in self.run(self.inputs(rows))]

    def probabilities(self, rows):
        """{class: probability} for each row, or where the targets are flags {target: probability}."""
        labels = self.classes or [target["column"] for target in self.targets]
        return [dict(zip(labels, self.shares(y), strict=True)) for y in self.run(self.inputs(rows))]

    def inputs(self, rows):
        """What the network takes: numbers for each row. ValueError names a value that is not as it must be."""
        return [[x for feature in self.features for x in self.read(feature, row, number)] for number, row in enumerate(rows)]

    def read(self, feature, row, number):
        """The inputs that the feature is in the row of that number."""
        value = cell(feature, row, number)
        inputs, count = encoded(feature, value), self.table_rows
        if count is not None and not all(0 <= x < count and x == int(x) for x in inputs):
            column, told = feature["column"], f"missing, which counts as {inputs[0]}" if value is None else repr(value)
            raise ValueError(f"row {number}: column {column!r} is {told}; a whole number from 0 to {count - 1} is expected")
        return inputs

    def meaning(self, y):
        """What the outputs of one row say."""
        names = [target["column"] for target in self.targets]
        if self.has_flags:
            places = [int(z > 0 if LINK == "sigmoid" else z > 0.5) for z in y]
        elif self.classes is None:
            scales = [(target.get("scale", 1.0), target.get("shift", 0.0)) for target in self.targets]
            return {name: p * scale + shift for name, p, (scale, shift) in zip(names, linked(y), scales, strict=True)}
        else:
            likeliest = y.index(max(y))
            places = [likeliest] if len(names) == 1 else [int(i == likeliest) for i in range(len(y))]
        if self.classes is not None and len(names) == 1:
            return {names[0]: self.classes[places[0]]}
        kinds = [target["kind"] for target in self.targets]
        return {
            name: bool(place) if kind == "boolean" else place for name, kind, place in zip(names, kinds, places, strict=True)
        }

    def shares(self, y):
        """The probabilities that the outputs of one row are."""
        if self.classes is None and not self.has_flags:
            raise ValueError("the targets are numbers, which have no probabilities")
        p = linked(y)
        return [1 - p[0], p[0]] if self.has_flags and self.classes is not None else p

    def check(self):
        """How far the outputs are from those of the service that trained the network, for the rows that the file has for this.

        ValueError where that is more than rounding, where the outputs mean something else, and where the file has no rows.
        """
        golden = self.metadata.get("golden")
        if not golden:
            raise ValueError("model.safetensors has no rows to compare the network by")
        rows, worst = golden["rows"], 0.0
        shares = golden["probabilities"] or [None for _ in rows]
        told = zip(rows, self.run(self.inputs(rows)), golden["outputs"], golden["predictions"], shares, strict=True)
        for row, y, outputs, prediction, probabilities in told:
            difference = max(abs(ours - theirs) / (1 + abs(theirs)) for ours, theirs in zip(y, outputs, strict=True))
            if not difference < ROUNDING:
                raise ValueError(f"of {row} the network makes {y}, not {outputs}")
            self.compare(outputs, prediction, probabilities)
            worst = max(worst, difference)
        return f"{len(rows)} rows are predicted as by the service, to {worst:.1e}"

    def compare(self, outputs, prediction, probabilities):
        """ValueError where the outputs mean something else; numbers may be rounded otherwise, labels may not."""
        meaning = self.meaning(outputs)
        if probabilities is None:
            is_same = all(math.isclose(meaning[name], value, rel_tol=1e-9) for name, value in prediction.items())
        else:
            is_same = meaning == prediction
        if not is_same:
            raise ValueError(f"outputs {outputs} are taken for {meaning}, not {prediction}")
        shares = [] if probabilities is None else self.shares(outputs)
        if not all(abs(ours - theirs) < 1e-9 for ours, theirs in zip(shares, probabilities or [], strict=True)):
            raise ValueError(f"outputs {outputs} are taken for the probabilities {shares}, not {probabilities}")


def cell(feature, row, number):
    """What the row of that number holds in the feature's column."""
    column, is_text = feature["column"], feature["kind"] in ("text", "category")
    if column not in row:
        raise ValueError(f"row {number} has no column {column!r}; where its value is missing, let it be None (in JSON null)")
    value = row[column]
    is_missing = value is None or value != value
    if not is_missing and feature["kind"] != "missing" and isinstance(value, str) != is_text:
        wanted = {"number": "a number", "boolean": "True or False"}.get(feature["kind"], "a text")
        raise ValueError(f"row {number}: column {column!r} is {value!r}; {wanted} is expected, or None where it is missing")
    return value


def encoded(feature, value):
    """The inputs that one value becomes."""
    is_missing = value is None or value != value
    if feature["kind"] == "number":
        return [((feature["missing"] if is_missing else float(value)) - feature["shift"]) / feature["scale"]]
    if feature["kind"] == "boolean":
        return [feature["missing"] if is_missing else float(value)]
    if feature["kind"] == "missing":
        return [float(is_missing)]
    values = feature["values"]
    if feature["kind"] == "text":
        return [float(value == known) for known in values]
    return [float(values.index(value) if value in values else len(values))]


def linked(y):
    """The predictions that one row's outputs are: probabilities of logits, numbers of logarithms."""
    if LINK == "sigmoid":
        return [1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z)) for z in y]
    if LINK == "softmax":
        powers = [math.exp(z - max(y)) for z in y]
        return [power / sum(powers) for power in powers]
    return [math.exp(z) if z < 709 else math.inf for z in y] if LINK == "exp" else y
