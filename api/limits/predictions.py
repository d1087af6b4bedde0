"""How much one request may have predicted."""

import math

from api.predictions import PIECE_BYTES, Manner
from core.errors import Problem, TooLarge, UserError

# Values and probabilities of one answer: of rows in the request it is made in memory, of a table block by block.
MOST_CELLS = 1_000_000
MOST_CELLS_OF_A_TABLE = 200_000_000

# And as bytes, since labels may be long.
MOST_BYTES = 2**26  # of a table: all that its tenant may have on the disk

# Multiplications of all rows in a request, some seconds: a large request keeps others waiting while it is in memory.
MOST_PRODUCTS = 100_000_000_000

# Seconds that a table may take in the network, as jobs are reckoned: three predictions run at once, for all tenants.
MOST_S_OF_A_TABLE = 600.0


def check_inline(manner: Manner, rows: int) -> None:
    """Of rows that stand in the request. TooLarge tells the limit."""
    _check_size(manner, rows, MOST_CELLS, MOST_BYTES, "send fewer rows at once, or all of them as a file")
    products = manner.predictor.products
    if rows * products > MOST_PRODUCTS:
        raise TooLarge(
            f"{rows:,} rows take {products:,} multiplications each; rows in a request may take {MOST_PRODUCTS:,} in all: send "
            "fewer at once, or all of them as a file"
        )


def check_table(manner: Manner, rows: int, most_bytes: int, at: str = "") -> None:
    """TooLarge tells the limit, UserError with the pointer `at` how long it would take."""
    less = "leave the probabilities out by ?probabilities=false, or " if manner.labels else ""
    _check_size(manner, rows, MOST_CELLS_OF_A_TABLE, most_bytes, f"{less}send the table in parts")
    seconds = manner.predictor.seconds(rows)
    if seconds > MOST_S_OF_A_TABLE:
        most = math.floor(rows * MOST_S_OF_A_TABLE / seconds)
        message = (
            f"the table's {rows:,} rows take {manner.predictor.products:,} multiplications each, about {seconds:,.3g} "
            f"seconds in all; a prediction may take {MOST_S_OF_A_TABLE:,.3g}"
        ) + (f": send it in parts of {most:,} rows or fewer" if most else "")
        raise UserError(message, [Problem(at, message)])


def _check_size(manner: Manner, rows: int, most: int, most_bytes: int, remedy: str) -> None:
    if rows * manner.width > most:
        raise TooLarge(
            f"the answer would hold {rows * manner.width:,} values and probabilities, {manner.width:,} for each of {rows:,} "
            f"rows; {most:,} are allowed: {remedy}"
        )
    size = manner.row_bytes
    if size > PIECE_BYTES:
        raise TooLarge(f"a row of the answer may take {size:,} bytes, since labels are long; {PIECE_BYTES:,} are allowed")
    if rows * size > most_bytes:
        raise TooLarge(
            f"the answer may take {rows * size:,} bytes, {size:,} for each of {rows:,} rows with its names and labels; "
            f"{most_bytes:,} are allowed: {remedy}"
        )
