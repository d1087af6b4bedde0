"""What a run of faults came to."""

import os
import platform
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from core.jobs import State
from tests.faults.history import History, Violation

PATIENCE_S = 90.0


@dataclass
class Report:
    database: str
    seed: int
    wanted: int
    only: Sequence[str] = ()  # the kinds of faults, where not all of them
    made: int = 0
    seconds: float = 0.0
    by_kind: Counter[str] = field(default_factory=Counter)
    recoveries: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    violations: list[Violation] = field(default_factory=list)
    jobs: Counter[State] = field(default_factory=Counter)
    pauses: int = 0
    epochs: int = 0
    snapshots: int = 0
    attempts: int = 0
    most_attempts: int = 0
    repeats: int = 0
    woken: int = 0
    fenced: int = 0
    logs: str = ""

    def count(self, histories: Sequence[History], repeats: int, woken: int, fenced: int) -> None:
        ends = [history.end for history in histories if history.end is not None]
        self.jobs = Counter(end.state for end in ends)
        self.pauses = sum(history.events.count("paused") for history in histories)
        self.epochs = sum(len(history.epochs) for history in histories)
        self.snapshots = sum(len(history.snapshots) for history in histories)
        self.attempts = sum(end.attempt for end in ends)
        self.most_attempts = max((end.attempt for end in ends), default=0)
        self.repeats, self.woken, self.fenced = repeats, woken, fenced

    def broken(self, *rules: str) -> int:
        return sum(violation.rule in rules for violation in self.violations)

    def line(self) -> str:
        """How far it is."""
        return f"{self.database}: {self.made} of {self.wanted} faults, {len(self.violations)} violations"

    def markdown(self) -> str:
        """The whole of it, as it stands in docs/faults.md."""
        accepted = sum(self.jobs.values())
        where = f"{os.cpu_count()} cores, Python {platform.python_version()}"
        per_minute = self.made / self.seconds * 60 if self.seconds else 0.0
        only = "".join(f' "{kind}"' for kind in self.only)
        lines = [
            f"### {self.made} faults on {'SQLite' if self.database == 'sqlite' else 'PostgreSQL'}, seed {self.seed}",
            "",
            f"`python -m tests.faults --faults {self.wanted} --seed {self.seed} --database {self.database}"
            f"{f' --only{only}' if only else ''}`: "
            f"{self.seconds:.0f} s, {per_minute:.0f} faults a minute, on {where}.",
            "",
            "| | |",
            "|---|---|",
            f"| jobs accepted | {accepted}, of which {self.jobs[State.CANCELLED]} were cancelled by their clients |",
            f"| pauses | {self.pauses} |",
            f"| jobs lost | {self.broken('lost')} |",
            f"| jobs or epochs doubled | {self.broken('doubled')} |",
            f"| epochs out of order | {self.broken('order')} |",
            f"| two owners | {self.broken('owner')} |",
            f"| pauses that nobody asked for, or in which something was trained | {self.broken('pause')} |",
            f"| ends that were not final | {self.broken('final')} |",
            f"| weights or losses unlike those of an undisturbed run | {self.broken('numbers')} |",
            f"| snapshots missing, doubled, too many or unlike those of an undisturbed run | {self.broken('snapshot')} |",
            f"| answers that no fault excuses | {self.broken('answer')} |",
            f"| faults that were not got over in {PATIENCE_S:.0f} s | {self.broken('recovery')} |",
            f"| epochs recorded | {self.epochs} |",
            f"| snapshots kept | {self.snapshots} |",
            f"| attempts | {self.attempts}, at most {self.most_attempts} at one job |",
            f"| requests repeated by clients | {self.repeats} |",
            f"| zombies woken, of which fenced | {self.woken}, {self.fenced} |",
            "",
            "| fault | times | jobs or service back after, median | worst |",
            "|---|---:|---:|---:|",
        ]
        for kind, times in self.by_kind.most_common():
            took = self.recoveries.get(kind, [])
            told = f"{median(took):.1f} s | {max(took):.1f} s" if took else "– | –"
            lines.append(f"| {kind} | {times} | {told} |")
        lines += ["", *(f"- {each.rule} {each.key}: {each.told}" for each in self.violations[:50])]
        return "\n".join(lines).rstrip() + "\n"
