"""Many faults, several at a time where they do not meet, under a load of jobs; then the judgement.

report = run("sqlite", faults=1000, seed=7)
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.jobs import State
from tests.faults import stepped
from tests.faults.arena import WORKERS, Arena
from tests.faults.history import History, Numbers, Violation, check
from tests.faults.kinds import KINDS, Kind, NotNow, Recovery, Steps, quietly
from tests.faults.load import KINDS as JOBS
from tests.faults.load import Load
from tests.faults.report import PATIENCE_S, Report
from tests.faults.zombies import ZOMBIE
from tests.polling import PAUSE_S, until

AT_ONCE = 6
GAP_S = 0.25  # from one fault to the next, on the average
UNFINISHED = 12
ALL = {**KINDS, **ZOMBIE}


@dataclass
class _Fault:
    name: str
    target: str
    steps: Steps
    began: float
    waits_for: float | Callable[[], bool] | Recovery = 0.0
    until: float = 0.0  # it must have gone on


class Campaign:
    """The faults of one run, drawn from its seed."""

    def __init__(self, arena: Arena, kinds: Sequence[str], seed: int, report: Report) -> None:
        self._arena = arena
        self._kinds = {name: ALL[name] for name in kinds if arena.kind in ALL[name].databases}
        self._rng = random.Random(seed)
        self._report = report
        self._active: list[_Fault] = []
        self._next_at = 0.0

    def disturb(self, faults: int, tell: Callable[[Report], None], minutes: float = float("inf")) -> None:
        """Returns when so many faults were made and mended, or as many as fit into the minutes."""
        ends_at = time.monotonic() + 60 * minutes
        while self._report.made < faults or self._active:
            now = time.monotonic()
            if now > ends_at:
                faults = self._report.made
            if len(self._active) < AT_ONCE and self._report.made < faults and now >= self._next_at:
                self._begin(now)
                self._next_at = now + self._rng.expovariate(1 / GAP_S)
            for fault in list(self._active):
                self._go_on(fault, now)
            tell(self._report)
            time.sleep(PAUSE_S)

    def end(self) -> None:
        for fault in self._active:
            quietly(fault.steps)

    def _begin(self, now: float) -> None:
        free = [(name, target, number) for name, kind in self._kinds.items() for target, number in self._free(kind)]
        if not free:
            return
        weights = [self._kinds[name].weight for name, _, _ in free]
        name, target, number = self._rng.choices(free, weights)[0]
        steps = self._kinds[name].steps(self._arena, number, random.Random(self._rng.random()))
        fault = _Fault(name, target, steps, now)
        try:
            self._step(fault)
        except NotNow:
            return
        self._report.made += 1
        self._report.by_kind[name] += 1

    def _free(self, kind: Kind) -> list[tuple[str, int]]:
        taken = {fault.target for fault in self._active}
        targets = [(f"worker {number}", number) for number in range(WORKERS)] if kind.target == "worker" else [(kind.target, 0)]
        return [each for each in targets if each[0] not in taken]

    def _go_on(self, fault: _Fault, now: float) -> None:
        wanted = fault.waits_for
        if isinstance(wanted, float):
            is_over = now >= wanted
        else:
            is_over = wanted.condition() if isinstance(wanted, Recovery) else wanted()
        if is_over:
            if isinstance(wanted, Recovery):
                took_s = time.monotonic() - (wanted.since or fault.began)
                self._report.recoveries[fault.name].append(took_s)
            self._active.remove(fault)
            self._step(fault)
        elif now > fault.until:
            self._active.remove(fault)
            quietly(fault.steps)
            self._report.violations.append(Violation("recovery", "", f"nothing came of it in {PATIENCE_S} s: {fault.name}"))

    def _step(self, fault: _Fault) -> None:
        try:
            wanted = next(fault.steps)
        except StopIteration:
            return
        now = time.monotonic()
        fault.waits_for = now + wanted if isinstance(wanted, int | float) else wanted
        fault.until = now + PATIENCE_S
        self._active.append(fault)


def run(
    database: str,
    faults: int,
    seed: int,
    kinds: Sequence[str] = tuple(ALL),
    tell: Callable[[Report], None] = lambda _: None,
    minutes: float = float("inf"),
) -> Report:
    """The whole of it, in processes and a database of its own."""
    report = Report(database, seed, faults, () if set(kinds) == set(ALL) else tuple(kinds))
    with Arena(database) as arena, Load(arena.cluster.api_url, arena.watch, seed, UNFINISHED) as load:
        expected = _undisturbed(arena, load)
        campaign = Campaign(arena, kinds, seed, report)
        began = time.monotonic()
        load.start()
        try:
            campaign.disturb(faults, tell, minutes)
            report.seconds = time.monotonic() - began
            until(lambda: stepped.step(arena.database, 0))
            load.close()
            until(lambda: arena.watch.unfinished() == 0, PATIENCE_S, told=lambda: _unfinished(arena, load))
        except TimeoutError as error:
            report.violations.append(Violation("lost", "", str(error)))
        finally:
            campaign.end()
        histories = _histories(arena, load)
        report.violations += check(histories, expected, arena.watch.stored())
        report.violations += [Violation("answer", "", told) for told in load.unexpected]
        report.count(histories, load.repeats, arena.zombies.woken, arena.zombies.fenced)
        if report.violations:
            report.logs = arena.cluster.logs()
    return report


def _undisturbed(arena: Arena, load: Load) -> dict[str, Numbers]:
    """What each kind of job gives before anything is disturbed."""
    requests = [load.submit(kind) for kind in JOBS]
    until(lambda: arena.watch.unfinished() == 0, PATIENCE_S, told=arena.cluster.logs)
    found = {request.kind: arena.watch.history(request.key, request.kind, request.answers) for request in requests}
    for history in found.values():
        assert history.end is not None
        assert (history.end.state, history.end.attempt) == (State.SUCCEEDED, 1), history
        assert len(history.snapshots) == JOBS[history.kind]["training"].get("snapshots", 0), history
    return {
        kind: Numbers(
            history.weights,
            [(row.loss, row.validation_loss) for row in history.epochs],
            {each.epoch: each.sha256 for each in history.snapshots},
        )
        for kind, history in found.items()
    }


def _histories(arena: Arena, load: Load) -> list[History]:
    return [
        arena.watch.history(request.key, request.kind, request.answers, request.was_cancelled, request.was_paused)
        for request in load.requests
    ]


def _unfinished(arena: Arena, load: Load) -> str:
    seen = {request.answers[0]: arena.watch.last(request.answers[0]) for request in load.requests}
    return "\n".join(
        f"{id}: {last}" for id, last in seen.items() if last is None or last.state not in ("succeeded", "cancelled")
    )
