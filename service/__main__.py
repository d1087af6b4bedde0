"""`python -m service`: the embedded service in the foreground, until Ctrl-C."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.folders import make_private
from core.settings import InvalidSettings, Settings, settings
from service.address import Address, AddressTaken
from service.broker import NoBroker
from service.guard import Guard
from service.lock import AlreadyRunning, Lock
from service.supervisor import StartFailed, Supervisor

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    given = {name: value for name, value in vars(options).items() if name != "command" and value is not None}
    for name, value in given.items():
        os.environ[f"GRADMILL_{name.upper()}"] = value  # the children read it there too
    try:
        return asyncio.run(_serve(settings(), options.command))
    except InvalidSettings as error:
        _say("service", _with_options(str(error), given))
    except (AlreadyRunning, AddressTaken, NoBroker, StartFailed, OSError) as error:
        _say("service", f"cannot start: {error}")
    return 1


async def _serve(chosen: Settings, command: Sequence[str]) -> int:
    make_private(chosen.data_dir)
    lock = Lock(chosen.data_dir)
    address = Address(chosen.host, chosen.port)
    guard = await Guard.start(inherit=(lock.fd,))
    supervisor = Supervisor(chosen, address, guard, _say)
    stopped = _signals(guard)

    async def work() -> int:
        await supervisor.start()
        lock.announce(address.url)
        _welcome(address.url, chosen, supervisor.logs)
        if command:
            return await supervisor.run(command)
        _say("service", "ready; Ctrl-C stops it, and its jobs go on at the next start")
        await asyncio.Event().wait()
        return 0

    working = asyncio.create_task(work())
    unguarded = asyncio.create_task(guard.ended())
    interrupted = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({working, unguarded, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
        if unguarded.done():
            raise StartFailed("the guard process was ended; nothing runs without it")
        _say("service", "stopping; a second Ctrl-C does not wait")
        return _INTERRUPTED if command else 0
    finally:
        working.cancel()
        await asyncio.wait({working})
        await supervisor.stop()
        await guard.dismiss()
        _say("service", f"stopped; the data stays in {chosen.data_dir.resolve()}")


def _with_options(message: str, given: Iterable[str]) -> str:
    """What is wrong with a setting, called as it was given on the command line."""
    for name in given:
        message = message.replace(f"GRADMILL_{name.upper()} is ", f"--{name.replace('_', '-')} is ")
    return message


def _signals(guard: Guard) -> asyncio.Event:
    """Set by the first signal that asks for the end; the second kills the children."""
    stopped = asyncio.Event()

    def receive() -> None:
        if stopped.is_set():
            guard.kill()
        stopped.set()

    for each in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(each, receive)
    return stopped


def _welcome(url: str, chosen: Settings, logs: Path) -> None:
    if chosen.auth == "off":
        key = "none is needed: GRADMILL_AUTH is off"
    else:
        key = "made by scripts/keys create" if chosen.database_url else str(chosen.key_file.resolve())
    places = {"API": f"{url}/v1", "documents": f"{url}/docs", "key": key, "data": chosen.data_dir.resolve(), "logs": logs}
    for what, where in places.items():
        _say("service", f"{what:<9} {where}")


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
