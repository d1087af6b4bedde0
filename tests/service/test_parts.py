"""The supervisor's parts by themselves."""

import asyncio
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from core.settings import Settings
from service import credentials, health
from service.address import Address, AddressTaken
from service.broker import Broker
from service.children import Child, Surroundings
from service.lock import AlreadyRunning, Lock
from service.output import Errors, Output


def test_a_lock_is_refused_while_another_holds_it_and_says_where_that_one_answers(tmp_path: Path) -> None:
    first = Lock(tmp_path)
    first.announce("http://127.0.0.1:8000")
    with pytest.raises(AlreadyRunning, match=r"process \d+ at http://127\.0\.0\.1:8000"):
        Lock(tmp_path)


def test_an_accepted_connection_sends_small_packets_at_once() -> None:
    address = Address("127.0.0.1", 0)
    listening = socket.socket(fileno=os.dup(address.fd))
    with closing(address), listening, socket.create_connection(("127.0.0.1", address.port)):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_cannot_be_taken_twice() -> None:
    first = Address("127.0.0.1", 0)
    with pytest.raises(AddressTaken, match=f"port {first.port}: another program uses it"):
        Address("127.0.0.1", first.port)
    first.close()


def test_a_long_data_directory_puts_the_socket_elsewhere_and_leaves_nothing_there(tmp_path: Path) -> None:
    short, long = Broker(tmp_path), Broker(tmp_path / ("long" * 30))
    assert short.socket.parent == tmp_path
    assert len(str(long.socket)) < 100
    assert long.socket.parent.stat().st_mode & 0o777 == 0o700
    long.remove()
    assert not long.socket.parent.exists()


def test_the_socket_of_a_killed_service_is_found_again_by_the_next_one_on_its_data(tmp_path: Path) -> None:
    long, other = tmp_path / ("long" * 30), tmp_path / ("other" * 30)
    first, second = Broker(long), Broker(long)
    assert second.socket == first.socket
    assert Broker(other).socket != first.socket
    second.remove()
    Broker(other).remove()


def test_a_folder_that_others_may_enter_is_not_taken_for_the_socket(tmp_path: Path) -> None:
    long = tmp_path / ("long" * 30)
    first = Broker(long)
    first.socket.parent.chmod(0o755)
    second = Broker(long)
    assert second.socket.parent != first.socket.parent
    second.remove()
    first.remove()


def test_output_is_kept_whole_and_only_errors_are_shown(tmp_path: Path) -> None:
    shown: list[str] = []
    output = Output(tmp_path / "api.log", shown.append, Errors())
    lines = [
        "INFO:     started",
        "[2026-11-22 21:03:49,867: ERROR/MainProcess] no broker",
        "INFO:     an ERROR in the middle",
        "Traceback (most recent call last):",
        '  File "x.py", line 1, in <module>',
        "ValueError: wrong",
        "INFO:     goes on",
        "ERROR:    ends without a line end",
    ]
    content = "\n".join(lines).encode()
    for start in range(0, len(content), 7):
        output.feed(content[start : start + 7])
    output.close()
    assert (tmp_path / "api.log").read_text().splitlines() == lines
    assert shown == [lines[1], *lines[3:6], lines[7]]
    assert list(output.last) == lines


def test_a_child_that_cannot_be_started_is_tried_again_and_this_is_said(tmp_path: Path) -> None:
    """As when the system has no process left for it: here its program is missing until that was said."""
    program, started = tmp_path / "program", tmp_path / "started"
    said: list[str] = []

    def say(name: str, line: str) -> None:
        said.append(f"{name} {line}")
        if not program.exists():
            program.write_text(f"#!/bin/sh\ntouch '{started}'\nexec sleep 60\n")
            program.chmod(0o700)

    async def live() -> None:
        child = Child("api", [str(program)], Surroundings(os.getpgrp(), os.environ, tmp_path, say))
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            tasks.create_task(child.keep())
            while not started.exists():
                await asyncio.sleep(0.01)
            await child.stop(10)

    asyncio.run(live())
    assert said == [f"api cannot be started: [Errno 2] No such file or directory: '{program}'; starting it again"]


def test_a_pulse_is_felt_only_while_it_is_fresh(tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    assert not health.has_pulse(pulse)
    pulse.touch()
    assert health.has_pulse(pulse)
    past = pulse.stat().st_mtime - health.PULSE_S - 1
    os.utime(pulse, (past, past))
    assert not health.has_pulse(pulse)


def test_passwords_are_made_once_and_the_settings_read_them(tmp_path: Path) -> None:
    for part in ("app", "postgres", "redis"):
        (tmp_path / part).mkdir()
    credentials.write(tmp_path)
    first = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    credentials.write(tmp_path)
    assert first == {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    password = first[tmp_path / "postgres" / "password"]
    assert len(password) >= 43  # 256 bits
    assert password != first[tmp_path / "redis" / "password"]
    settings = Settings(_secrets_dir=tmp_path / "app")  # type: ignore[call-arg]
    assert settings.database_url == f"postgresql+psycopg://gradmill:{password}@postgres:5432/gradmill"
    assert settings.redis_url == f"redis://:{first[tmp_path / 'redis' / 'password']}@redis:6379/0"
