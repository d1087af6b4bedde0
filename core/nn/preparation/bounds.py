"""What the reader of a table and the rules of training agree on, in numbers."""

MAX_TEXTS = 10_000  # distinct values of a column that are listed, and so how many classes there can be
MAX_NUMBERS = 1_000
MISSING_BOOLEAN = 255  # as stored

_FEW = 50


def are_many(distinct: int, rows: int) -> bool:
    """Whether a column with so many distinct values hardly ever repeats one, as measured quantities and names do."""
    return distinct > _FEW and 10 * distinct > rows
