"""Columns that were one array: a0, a1, …, as inline data and the arrays of NPY and NPZ files become columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBERED = re.compile(r"(.+?)(0|[1-9][0-9]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Group:
    """What goes in, or comes out, under one name: a column, or the columns of an array from `first` on, `width` of them."""

    name: str
    first: int
    width: int


def groups(columns: Sequence[str], single: Sequence[str] = ()) -> list[Group]:
    """The columns in their order, those a0, a1, … a(k−1) that follow one another taken as one group `a`.

    Each of `single` is a group of its own, and so is a0 without an a1, and each of a0, a1, … where a column is called a.
    """
    found: list[Group] = []
    place = 0
    while place < len(columns):
        name, width = columns[place], 1
        match = _NUMBERED.fullmatch(name)
        if match and match[2] == "0" and match[1] not in columns:
            while place + width < len(columns) and columns[place + width] == f"{match[1]}{width}":
                width += 1
            if width > 1 and not {*columns[place : place + width]} & {*single}:
                name = match[1]
            else:
                width = 1
        found.append(Group(name, place, width))
        place += width
    return found
