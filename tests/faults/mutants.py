"""Guards of the store, each taken away in a copy of the tree, and the tests that must notice.

`python -m tests.faults.mutants` runs all of them, which takes minutes, and prints which test catches which.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("api", "core", "migrations", "tests", "worker")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """`text` stands once in the module and is replaced; these test modules of `tests/conformance` must turn red then."""

    guard: str
    module: str
    text: str
    instead: str
    tests: tuple[str, ...]


def _without(guard: str, module: str, text: str, *tests: str) -> Mutant:
    return Mutant(guard, module, text, "", tests)


MUTANTS = (
    _without("fence: every write of a worker", "guard", "        jobs.c.fence == claim.fence,\n", "fencing"),
    _without("state: only a running job is written to", "guard", "        jobs.c.state == RUNNING,\n", "guards"),
    _without("owner: no write by another's claim", "guard", "        jobs.c.lease_owner == claim.owner,\n", "fencing"),
    Mutant(
        "fence: moves with each claim",
        "attempts",
        "            fence=jobs.c.fence + 1,\n            attempt",
        "            attempt",
        ("attempts",),
    ),
    Mutant(
        "state: only a queued job is claimed",
        "attempts",
        '.where(jobs.c.state == QUEUED, jobs.c.tenant == bindparam("whose"), ',
        '.where(jobs.c.tenant == bindparam("whose"), ',
        ("attempts", "transitions"),
    ),
    Mutant(
        "order: epochs follow on the last one",
        "attempts",
        "condition = and_(condition, jobs.c.epoch == rows[0].epoch - 1)",
        "condition = and_(condition)",
        ("attempts",),
    ),
    Mutant(
        "repetition: of epochs, by this attempt alone",
        "attempts",
        "if writer.scalar(owner) != claim.fence:",
        "if False:",
        ("guards",),
    ),
    Mutant(
        "repetition: nobody repeats what was not done",
        "attempts",
        "if row is None or not rows or row.epoch != rows[-1].epoch:",
        "if row is None or not rows:",
        ("attempts",),
    ),
    Mutant(
        "cancel: a job to be cancelled is not given back",
        "attempts",
        ", jobs.c.cancel_requested == false()",
        "",
        ("transitions",),
    ),
    Mutant("once: the number of epochs", "attempts", ", jobs.c.epochs_total.is_(None)", "", ("attempts",)),
    Mutant(
        "cancel: nobody stops what was not cancelled", "endings", ", jobs.c.cancel_requested == true()", "", ("transitions",)
    ),
    Mutant(
        "repetition: of an end, by this attempt alone",
        "endings",
        ", jobs.c.fence == claim.fence, jobs.c.state == state)",
        ", jobs.c.state == state)",
        ("fencing",),
    ),
    Mutant(
        "repetition: of an end, of the same one alone",
        "endings",
        ", jobs.c.fence == claim.fence, jobs.c.state == state)",
        ", jobs.c.fence == claim.fence)",
        ("guards",),
    ),
    Mutant("lease: one that holds is not reaped", "sweeping", ", jobs.c.lease_until < now())", ")", ("sweeping", "attempts")),
    Mutant(
        "lease: a heartbeat extends it",
        "attempts",
        ".values(lease_until=now() + ttl_s)",
        ".values(stuck=jobs.c.stuck)",
        ("attempts",),
    ),
    Mutant("fence: moves when a job is reaped", "sweeping", "            fence=jobs.c.fence + 1,\n", "", ("fencing",)),
    Mutant("deaths without progress are counted", "sweeping", "stuck=row.stuck + 1", "stuck=row.stuck", ("sweeping",)),
    Mutant("deaths with progress are forgiven", "attempts", '{"stuck": 0}', "{}", ("sweeping", "attempts")),
    Mutant(
        "idempotency: another request is refused",
        "idempotency",
        "row.request_sha256 != idempotency.request_sha256 or ",
        "",
        ("idempotency",),
    ),
    Mutant("idempotency: one job for one key", "requests", "None if first == id else", "None if True else", ("idempotency",)),
    Mutant(
        "cancel: what has ended stays",
        "steering",
        "if job.state in (State.RUNNING, State.CANCELLED):",
        "if job.state:",
        ("requests", "transitions"),
    ),
    Mutant(
        "tenant: nobody cancels another's job",
        "steering",
        "select(*JOB).where(jobs.c.id == id, jobs.c.tenant == tenant)",
        "select(*JOB).where(jobs.c.id == id)",
        ("requests",),
    ),
    Mutant("delete: only what has ended", "removal", "if job.state not in TERMINAL:", "if False:", ("steering",)),
    Mutant("delete: no weights that a job starts from", "removal", "if needed_by is not None:", "if False:", ("steering",)),
    Mutant(
        "state: a client changes what it found",
        "steering",
        ", jobs.c.state == job.state)",
        ")",
        ("guards",),
    ),
    Mutant("tenant: a client changes what is its", "steering", ", jobs.c.tenant == job.tenant, ", ", ", ("guards",)),
    Mutant(
        "state: only what runs is taken back",
        "sweeping",
        "jobs.c.id == row.id, jobs.c.state == RUNNING, ",
        "jobs.c.id == row.id, ",
        ("guards",),
    ),
    Mutant("fence: only from whom it was found with", "sweeping", ", jobs.c.fence == row.fence)", ")", ("guards",)),
    Mutant(
        "state: only what waits is announced",
        "sweeping",
        "jobs.c.id.in_(ids), jobs.c.state == QUEUED)",
        "jobs.c.id.in_(ids))",
        ("guards",),
    ),
    # Locks, which only PostgreSQL has.
    _without(
        "lock: what a client changes or deletes",
        "steering",
        ".with_for_update()",
        "locks",
    ),
    _without("lock: what a new job needs", "needed", ".with_for_update(read=True, key_share=True)", "locks"),
    _without("lock: what is deleted", "needed", ".with_for_update()\n", "locks"),
    Mutant(
        "lock: what is taken back",
        "sweeping",
        ".limit(_BATCH).with_for_update(skip_locked=True)",
        ".limit(_BATCH)",
        ("locks",),
    ),
    Mutant("lock: what is announced", "sweeping", ".limit(room).with_for_update(skip_locked=True)", ".limit(room)", ("locks",)),
    Mutant(
        "lock: a claim waits for no other",
        "attempts",
        ".with_for_update(skip_locked=True)",
        ".with_for_update()",
        ("locks",),
    ),
    Mutant(
        "lock: one claim at a time counts what runs",
        "attempts",
        "is_limited and not try_lock(writer, Count.RUNNING, tenant)",
        "False",
        ("locks",),
    ),
    _without("lock: and others wait for it", "attempts", "                lock(writer, Count.RUNNING, tenant)\n", "locks"),
    _without("lock: one at a time counts what waits", "quotas", "    lock(writer, Count.WAITING, tenant)\n", "locks"),
    _without("lock: one at a time counts what is stored", "quotas", "    lock(writer, Count.STORED, tenant)\n", "locks"),
    Mutant(
        "snapshot: one statement looks who needs something",
        "needed",
        "jobs.c.state.in_(ALIVE)",
        "jobs.c.state == ALIVE[0]",
        ("locks",),
    ),
)


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gradmill-mutants-") as name:
        directory = Path(name)
        for folder in _COPIED:
            shutil.copytree(ROOT / folder, directory / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        shutil.copy(ROOT / "pyproject.toml", directory)
        yield directory


@contextmanager
def without_guard(tree: Path, mutant: Mutant) -> Iterator[None]:
    """Inside, the guard is missing from the tree. ValueError where it is not where the table says."""
    path = tree / "core" / "store" / f"{mutant.module}.py"
    source = path.read_text()
    if source.count(mutant.text) != 1:
        raise ValueError(f"{mutant.guard}: {path.name} has {mutant.text!r} {source.count(mutant.text)} times, not once")
    path.write_text(source.replace(mutant.text, mutant.instead))
    try:
        yield
    finally:
        path.write_text(source)


def failed_tests(tree: Path, modules: tuple[str, ...], *, is_first_enough: bool = True) -> list[str]:
    """Which tests of the tree's store are red; those of locks on PostgreSQL. RuntimeError where they could not be run."""
    files = [f"tests/conformance/test_{module}.py" for module in modules]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "-k", "not postgresql", *files]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    ran = subprocess.run(
        [*command, *(["-x"] if is_first_enough else [])],
        cwd=tree,
        env={**inherited, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
    return _FAILED.findall(ran.stdout)


def main() -> None:
    """The table of docs/faults.md."""
    sys.stdout.write("| without the guard | is noticed by |\n|---|---|\n")
    with copy_of_the_tree() as tree:
        for mutant in MUTANTS:
            with without_guard(tree, mutant):
                red = failed_tests(tree, mutant.tests, is_first_enough=False)
            names = sorted({test.partition("::")[2].partition("[")[0] for test in red})
            more = f" and {len(names) - 2} more" if len(names) > 2 else ""
            sys.stdout.write(f"| {mutant.guard} | {', '.join(f'`{name}`' for name in names[:2]) or '**nothing**'}{more} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
