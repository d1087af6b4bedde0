"""One run of the service in the foreground: started, told of, and stopped by a signal or with its command."""

import asyncio
import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.folders import make_private
from core.settings import InvalidSettings, Settings, settings
from service.address import Address, AddressTaken
from service.broker import NoBroker
from service.children import Say
from service.guard import Guard
from service.lock import AlreadyRunning, Lock
from service.supervisor import StartFailed, Supervisor

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = 130


def run(given: Iterable[str], command: Sequence[str], say: Say, began: float) -> int:
    """The exit status. `given` are the settings from the command line, by name; `began` is when the process did."""
    try:
        return asyncio.run(_serve(settings(), command, say, began))
    except InvalidSettings as error:
        say("service", _with_options(str(error), given))
    except (AlreadyRunning, AddressTaken, NoBroker, StartFailed, OSError) as error:
        say("service", f"cannot start: {error}")
    return 1


async def _serve(chosen: Settings, command: Sequence[str], say: Say, began: float) -> int:
    make_private(chosen.data_dir)
    lock = Lock(chosen.data_dir)
    address = Address(chosen.host, chosen.port)
    guard = await Guard.start(inherit=(lock.fd,))
    supervisor = Supervisor(chosen, address, guard, say)
    stopped = _signals(guard)

    async def work() -> int:
        await supervisor.start()
        lock.announce(address.url)
        end = "" if command else "; Ctrl-C stops it, and its jobs go on at the next start"
        say("service", f"ready after {time.monotonic() - began:.1f} s{end}")
        for line in _places(address.url, chosen, supervisor.logs):
            say("service", line)
        if command:
            return await supervisor.run(command)
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
        say("service", "stopping; a second Ctrl-C does not wait")
        return _INTERRUPTED if command else 0
    finally:
        working.cancel()
        await asyncio.wait({working})
        await supervisor.stop()
        await guard.dismiss()
        say("service", f"stopped; the data stays in {chosen.data_dir.resolve()}")


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


def _places(url: str, chosen: Settings, logs: Path) -> list[str]:
    """Where everything is; last what a newcomer needs first."""
    if chosen.auth == "off":
        key = "none is needed: GRADMILL_AUTH is off"
    elif chosen.database_url:
        key = "made by scripts/keys create"
    else:
        key = str(chosen.key_file.resolve())
    places = {
        "data": chosen.data_dir.resolve(),
        "logs": logs,
        "API": f"{url}/v1",
        "documents": f"{url}/docs",
        "key": key,
        "page": f"{url}/",
    }
    return [f"{what:<9} {where}" for what, where in places.items()]
