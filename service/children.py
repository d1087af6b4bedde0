"""A child process of the supervisor: started, logged, restarted when it dies, stopped."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.output import Errors, Output

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 30.0  # a child that ran for this long starts anew without a pause
_LAST_WORDS_S = 1.0

Say = Callable[[str, str], None]  # the child's name, the line


@dataclass(frozen=True)
class Surroundings:
    """What all children share: the guard's process group, the environment, where the logs go, the terminal."""

    group: int
    environment: Mapping[str, str]
    logs: Path
    say: Say

    async def start(
        self,
        command: Sequence[str],
        *,
        inherit: tuple[int, ...] = (),
        piped: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """The process of `command`; its output is a pipe, or the terminal. `environment` is for it alone."""
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE if piped else None,
            stderr=STDOUT if piped else None,
            env={**self.environment, **(environment or {})},
            pass_fds=inherit,
            process_group=self.group,
        )

    def output(self, name: str, is_shown: Callable[[str], bool]) -> Output:
        return Output(self.logs / f"{name}.log", lambda line: self.say(name, line), is_shown)


@dataclass
class Child:
    """`keep` runs until `stop`; `deaths` counts the ends that nobody asked for."""

    name: str
    command: Sequence[str]
    surroundings: Surroundings
    inherit: tuple[int, ...] = ()
    deaths: int = 0
    output: Output = field(init=False)
    _process: Process | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self.output = self.surroundings.output(self.name, Errors())

    async def keep(self) -> None:
        """Runs the child, and runs it again whenever it ends, with growing pauses while it does not last."""
        clock = asyncio.get_running_loop().time
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            started = clock()
            try:
                end = describe_end(await self._run())
            except OSError as error:  # no memory or no process left for it now
                end = f"cannot be started: {error}"
            if self._stopping.is_set():
                break
            self.deaths += 1
            if clock() - started > _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            self.surroundings.say(self.name, f"{end}; starting it again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        self.output.close()

    async def stop(self, within_s: float) -> None:
        """Asks the child to end, and kills it when it has not within that time."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), within_s)
        except TimeoutError:
            self.surroundings.say(self.name, f"did not stop within {within_s:g} s and is killed")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _run(self) -> int:
        self._process = process = await self.surroundings.start(self.command, inherit=self.inherit)
        if self._stopping.is_set():  # asked to stop while it was being started
            process.terminate()
        return await listen(process, self.output)


async def listen(process: Process, output: Output) -> int:
    """The exit status, after all that the process said went to the output; what children left behind say is not awaited."""
    async with asyncio.TaskGroup() as tasks:
        drain = tasks.create_task(_drain(process, output))
        code = await process.wait()
        await asyncio.wait({drain}, timeout=_LAST_WORDS_S)
        drain.cancel()
    return code


async def _drain(process: Process, output: Output) -> None:
    if process.stdout is not None:
        while data := await process.stdout.read(2**16):
            output.feed(data)


def describe_end(code: int) -> str:
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def inherited_environment(**changes: str) -> dict[str, str]:
    """This process's environment with these changes; what children say is not to wait in a buffer."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", **changes}
