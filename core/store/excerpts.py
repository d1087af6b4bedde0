"""What may be told of a job in every list, event and message: texts and lists of bounded length.

An error quotes what a client has sent, and who reads a hundred of them at once cannot choose which.
"""

from typing import Any

MOST_CHARACTERS = 2000
MOST_ENTRIES = 20


def excerpt(told: Any) -> Any:
    """The same with every text and every list cut off."""
    match told:
        case str():
            return told if len(told) <= MOST_CHARACTERS else f"{told[: MOST_CHARACTERS - 1]}…"
        case dict():
            return {name: excerpt(value) for name, value in told.items()}
        case list() | tuple():
            return [excerpt(value) for value in told[:MOST_ENTRIES]]
    return told
