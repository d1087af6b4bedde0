"""Which rows of a job's dataset are trained on, and which are only measured."""

from core.nn.preparation.column import Columns
from core.nn.preparation.roles import classes
from core.nn.preparation.schema import Schema
from core.nn.preparation.split import Rows, set_apart, split
from core.nn.preparation.targets import class_indices
from core.nn.preparation.validation import stratifies
from core.nn.spec import DataSpec, FractionValidation, RowsValidation, TrainingSpec


def divided(training: TrainingSpec, data: DataSpec, schema: Schema, table: Columns) -> tuple[Rows, Rows]:
    """(training rows, validation rows), each ascending. Of the table, whole targets are looked at where the rows are drawn from
    every class alike, and nothing else."""
    validation = training.validation
    if isinstance(validation, RowsValidation):
        return set_apart(schema.rows, validation.rows)
    fraction = validation.fraction if isinstance(validation, FractionValidation) else None
    index = None
    if stratifies(training, schema, data):
        labels = classes(schema, data, training.loss)
        index = class_indices({name: table[name] for name in data.targets}, labels or ())
    return split(schema.rows, fraction, training.seed, index)
