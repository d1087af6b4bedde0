"""Draws falling curves in a terminal, eight dots to the character (Braille), on a logarithmic scale."""

import math
from collections.abc import Mapping, Sequence

from rich.text import Text

BLANK = 0x2800
# The bit of each dot of a character: two columns, four rows from the top.
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
COLOURS = ("cyan", "yellow", "magenta")


def draw(curves: Mapping[str, Sequence[float]], width: int = 64, height: int = 10) -> Text:
    """One line of text for each of `height` rows, then a legend; each curve holds positive values, one per epoch."""
    logs = {name: [math.log10(max(value, 1e-12)) for value in values] for name, values in curves.items()}
    low = min(min(values) for values in logs.values())
    high = max(max(values) for values in logs.values())
    cells = [[(0, "")] * width for _ in range(height)]
    for colour, values in zip(COLOURS, logs.values(), strict=False):
        for column in range(2 * width):
            value = values[round(column / (2 * width - 1) * (len(values) - 1))]
            row = round((high - value) / (high - low or 1.0) * (4 * height - 1))
            dots, _ = cells[row // 4][column // 2]
            cells[row // 4][column // 2] = (dots | DOTS[column % 2][row % 4], colour)
    picture = Text()
    for number, line in enumerate(cells):
        level = 10 ** (high - (number + 0.5) / height * (high - low))
        picture.append(f"{level:>9.4f} │", "dim")
        for dots, colour in line:
            picture.append(chr(BLANK + dots), colour)
        picture.append("\n")
    picture.append(f"{'epoch':>9} └1{'─' * (width - 1 - len(str(longest(curves))))}{longest(curves)}\n", "dim")
    for colour, name in zip(COLOURS, curves, strict=False):
        picture.append(f"{'':>11}━ {name}  {course(curves[name])}\n", colour)
    return picture


def course(values: Sequence[float]) -> str:
    """From the first value to the last, by way of the lowest where that is another."""
    lowest = min(values)
    between = f"{lowest:.4f} at epoch {values.index(lowest) + 1} → " if lowest not in (values[0], values[-1]) else ""
    return f"{values[0]:.4f} → {between}{values[-1]:.4f}"


def longest(curves: Mapping[str, Sequence[float]]) -> int:
    return max(len(values) for values in curves.values())
