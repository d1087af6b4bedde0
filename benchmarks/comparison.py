"""Times of several peers at the same work, taken in turn: a machine that slows down slows all of them."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

OURS = "gradmill"


@dataclass(frozen=True)
class Comparison:
    """`times` of each peer, one a round."""

    name: str
    times: dict[str, list[float]]

    def time(self, peer: str) -> float:
        return statistics.median(self.times[peer])

    def ratio(self, peer: str) -> float:
        """Of the peer's time to ours, the median over the rounds."""
        return statistics.median(theirs / ours for theirs, ours in zip(self.times[peer], self.times[OURS], strict=True))


def take_turns(name: str, runs: dict[str, Callable[[], float]], rounds: int) -> Comparison:
    """`runs` give the time they took."""
    times: dict[str, list[float]] = {peer: [] for peer in runs}
    for _ in range(rounds):
        for peer, run in runs.items():
            times[peer].append(run())
    return Comparison(name, times)


def table(title: str, peers: list[str], comparisons: Iterable[Comparison], digits: int) -> list[str]:
    """The lines of a Markdown table: each peer's time and, in brackets, how many times ours that is."""
    lines = [row([title, *peers]), row(["---"] * (len(peers) + 1))]
    for comparison in comparisons:
        cells = []
        for peer in peers:
            if peer not in comparison.times:
                cells.append("")
            elif peer == OURS or OURS not in comparison.times:
                cells.append(f"{comparison.time(peer):,.{digits}f}")
            else:
                cells.append(f"{comparison.time(peer):,.{digits}f} ({comparison.ratio(peer):.2f} ×)")
        lines.append(row([comparison.name, *cells]))
    return lines


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
