"""How many distinct values of a column are listed, and so how many classes there can be."""

MAX_TEXTS = 10_000
MAX_NUMBERS = 1_000
