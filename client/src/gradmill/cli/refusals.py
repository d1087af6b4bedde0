"""What the service refuses, in the words of the command line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gradmill.errors import APIError, Mistake


@contextmanager
def in_options(options: Mapping[str, str]) -> Iterator[None]:
    """What is wrong with a value is told by the option that says it, not by its place in the request."""
    try:
        yield
    except APIError as error:
        error.errors = tuple(_in_options(mistake, options) for mistake in error.errors)
        raise


def _in_options(mistake: Mistake, options: Mapping[str, str]) -> Mistake:
    place, rest = mistake.pointer or "", ""
    while place and place not in options:
        place, _, last = place.rpartition("/")
        rest = f"/{last}{rest}"
    if not place:
        return mistake
    is_told = not rest or mistake.message.startswith("layer ")  # where in it
    return Mistake(mistake.message, parameter=options[place] + ("" if is_told else f" at {rest[1:]}"))
