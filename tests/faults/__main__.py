"""`python -m tests.faults --faults 1000 --seed 7 --database sqlite`: the long run; 1 where a promise was broken."""

import argparse
import sys
import time
from pathlib import Path

from core.nn.warmup import warm_up
from tests.faults.campaign import ALL, run
from tests.faults.report import Report

TELL_EVERY_S = {True: 0.5, False: 30.0}  # on a terminal, elsewhere


class Progress:
    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._next_at = 0.0

    def __call__(self, report: Report) -> None:
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + TELL_EVERY_S[self._is_terminal]
            sys.stderr.write(f"\r{report.line()} " if self._is_terminal else f"{report.line()}\n")
            sys.stderr.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end earlier, with as many faults as were made")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument(
        "--only", nargs="+", choices=sorted(ALL), default=list(ALL), metavar="KIND", help=", ".join(sorted(ALL))
    )
    parser.add_argument("--report", type=Path, help="a file for the report, which is printed too")
    options = parser.parse_args()
    warm_up()
    report = run(options.database, options.faults, options.seed, options.only, Progress(), options.minutes)
    sys.stdout.write(f"\n{report.markdown()}")
    if options.report is not None:
        options.report.write_text(report.markdown())
        if report.violations:
            options.report.with_suffix(".log").write_text(report.logs)
    return bool(report.violations)


if __name__ == "__main__":
    sys.exit(main())
