"""The parameters of a request that say how the cells of its file are read."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import StringConstraints

from api.errors import wrong_parameter
from api.wording import shown
from core.nn.preparation.reading import Decimal, Encoding, Reading

Word = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


def _said(
    numbers: Annotated[
        list[Word] | None,
        Query(
            description="A column that is numbers; may be repeated, or hold several names with commas between them. Cells that "
            "are none are an error, which names them."
        ),
    ] = None,
    texts: Annotated[
        list[Word] | None, Query(description="A column that is texts, such as codes of digits; may be repeated, as `numbers`.")
    ] = None,
    missing_values: Annotated[
        list[Word] | None,
        Query(description="A text that means a missing value in any column, beside those of the format; may be repeated."),
    ] = None,
    decimal: Annotated[
        Decimal | None,
        Query(
            description="The sign that decimals begin with; the other one groups thousands. Not said, a CSV file with "
            "semicolons or tabs may show it."
        ),
    ] = None,
    encoding: Annotated[
        Encoding | None,
        Query(
            description="How CSV or JSON is written that is not UTF-8, which is always tried first, as is UTF-16 that begins "
            "with its byte order mark. Windows spreadsheets of Western Europe write windows-1252."
        ),
    ] = None,
) -> Reading:
    reading = Reading(tuple(numbers or ()), tuple(texts or ()), tuple(missing_values or ()), decimal, encoding)
    if both := sorted({*reading.numbers} & {*reading.texts}):
        raise wrong_parameter("texts", f"texts names {shown(both[0])}, as numbers does; a column is one of them")
    return reading


SaidReading = Annotated[Reading, Depends(_said)]
