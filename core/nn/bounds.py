"""What the reader of a table and the rules of training agree on, in numbers."""

MAX_TEXTS = 10_000  # distinct values of a column that are listed, and so how many classes there can be
MAX_NUMBERS = 1_000
MISSING_BOOLEAN = 255  # as stored
