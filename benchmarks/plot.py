"""A chart of comparisons as SVG: a row for each, in it a dot for each peer at its time against ours, on a logarithmic axis."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from benchmarks.comparison import OURS, Comparison

WIDTH, LEFT, RIGHT, ROW, TOP = 860, 230, 30, 30, 78
# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = {
    OURS: "#000000",
    "pytorch": "#d55e00",
    "pytorch compiled": "#e69f00",
    "jax": "#0072b2",
    "keras": "#cc79a7",
    "scikit-learn": "#009e73",
    "gemm floor": "#999999",
}


@dataclass(frozen=True)
class Axis:
    """Ratios from `low` to `high`, powers of two."""

    low: int
    high: int

    def place(self, ratio: float) -> float:
        share = (math.log2(ratio) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def chart(title: str, comparisons: list[Comparison]) -> str:
    peers = [name for name in COLOURS if any(name in comparison.times for comparison in comparisons)]
    ratios = [math.log2(comparison.ratio(name)) for comparison in comparisons for name in peers if name in comparison.times]
    axis = Axis(math.floor(min(ratios)), max(1, math.ceil(max(ratios))))
    height = TOP + ROW * len(comparisons) + 34
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
            *legend(peers),
            *grid(axis, height - 34),
            *(
                line
                for place, comparison in enumerate(comparisons)
                for line in dots(axis, comparison, TOP + ROW * (place + 0.5))
            ),
            "</svg>\n",
        ]
    )


def legend(peers: list[str]) -> Iterator[str]:
    x = 16.0
    for name in peers:
        yield f'<circle cx="{x + 5:.0f}" cy="49" r="5" fill="{COLOURS[name]}"/><text x="{x + 15:.0f}" y="54">{name}</text>'
        x += 36 + 7.2 * len(name)


def grid(axis: Axis, bottom: float) -> Iterator[str]:
    for power in range(axis.low, axis.high + 1):
        x, is_ours = axis.place(2.0**power), power == 0
        stroke = 'stroke="#000000"' if is_ours else 'stroke="#dddddd"'
        yield f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" {stroke}/>'
        label = f"{2**power} ×" if power >= 0 else f"1/{2**-power}"
        yield f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{label}</text>'


def dots(axis: Axis, comparison: Comparison, y: float) -> Iterator[str]:
    yield f'<text x="{LEFT - 14}" y="{y + 4:.0f}" text-anchor="end">{escape(comparison.name)}</text>'
    for name, colour in COLOURS.items():
        if name in comparison.times:
            ratio = comparison.ratio(name)
            about = f"<title>{name}: {ratio:.2f} times as long</title>"
            yield f'<circle cx="{axis.place(ratio):.1f}" cy="{y:.0f}" r="6" fill="{colour}">{about}</circle>'
