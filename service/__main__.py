"""`python -m service`: the embedded service in the foreground, until Ctrl-C."""

import argparse
import os
import sys
import time
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    began = time.monotonic()
    options = _parser().parse_args(arguments)
    given = {name: value for name, value in vars(options).items() if name != "command" and value is not None}
    for name, value in given.items():
        os.environ[f"GRADMILL_{name.upper()}"] = value  # the children read it there too
    _say("service", "starting: the database, the broker and the kernels, then the API, the sweeper and the workers")
    from service.foreground import run  # which takes a moment to load, longer where the machine is busy

    return run(given, options.command, _say, began)


def _say(name: str, line: str) -> None:
    print(f"{name:<7} | {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/up",
        description="Runs the API, the workers, the sweeper and, without REDIS_URL, a private Valkey, in the foreground. "
        "Without DATABASE_URL the database is an SQLite file. Every setting can also be given as GRADMILL_<NAME>.",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where everything is kept; default: var")
    parser.add_argument("--host", help="default: 127.0.0.1")
    parser.add_argument("--port", metavar="N", help="0 for any free one; default: 8000")
    parser.add_argument("--worker-processes", metavar="N", help="jobs trained at once; default: the number of cores")
    parser.add_argument(
        "command",
        nargs="*",
        help="after --: run this while the service is up, with GRADMILL_URL and GRADMILL_API_KEY set, then stop",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
