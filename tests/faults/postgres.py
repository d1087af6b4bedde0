"""A PostgreSQL server to be killed and started again, reached by a Unix socket."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
from psycopg import OperationalError, connect

from tests.faults.harness import PR_SET_PDEATHSIG
from tests.polling import until
from tests.postgres import server_in

_libc = ctypes.CDLL(None)


class Server:
    """Running from the start on; every commit is on the disk before it is answered.

    `data` and `wal`, which are made here, are where its files and those of its write-ahead log lie, if not in a directory of
    its own; `settings` are PostgreSQL's.
    """

    def __init__(self, data: Path | None = None, wal: Path | None = None, **settings: str) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="gradmill-postgres-"))
        self._directory.chmod(0o755)
        self._sockets = self._directory / "sockets"
        self._sockets.mkdir()
        self._sockets.chmod(0o777)
        data = data or self._directory / "data"
        server = server_in(data, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        if wal is not None:
            subprocess.run(["mv", str(data / "pg_wal"), str(wal)], check=True)  # with its owner, onto another disk too
            (data / "pg_wal").symlink_to(wal)
        self._user = server.system_user
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._command = [str(server.bin_path / "postgres"), "-D", str(data), "-h", "", "-k", str(self._sockets), *options]
        self._process: subprocess.Popen[bytes]
        self.start()
        with connect(self._dsn("postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE gradmill")

    @property
    def socket(self) -> Path:
        return self._sockets / ".s.PGSQL.5432"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/gradmill?host={self._sockets}"

    def url_by_port(self, port: int) -> str:
        """Through something that listens there and passes everything on to the socket."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{port}/gradmill"

    def start(self) -> None:
        """Returns when it takes connections; what it was doing when it was killed is recovered then."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                user=self._user,
                cwd=self._directory,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
            )
        until(self.answers, told=self.text)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def answers(self) -> bool:
        with suppress(OperationalError), connect(self._dsn("postgres")):
            return True
        return False

    def text(self) -> str:
        """What it has logged."""
        return (self._directory / "log").read_text()

    def kill(self) -> None:
        """`kill -9` of the server and all its sessions."""
        if not self.is_running():
            return
        sessions = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for session in sessions:
            with suppress(psutil.NoSuchProcess):
                session.kill()
        self._process.wait()
        psutil.wait_procs(sessions, timeout=10)

    def kill_session(self) -> bool:
        """`kill -9` of the session that a client of the service has; the server then ends all others and recovers."""
        with suppress(OperationalError), connect(self._dsn("gradmill")) as admin:
            found = admin.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'gradmill' AND pid <> pg_backend_pid()"
                " ORDER BY xact_start NULLS LAST LIMIT 1"
            ).fetchone()
            if found is not None:
                os.kill(found[0], signal.SIGKILL)
                return True
        return False

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _dsn(self, database: str) -> str:
        return f"host={self._sockets} user=postgres dbname={database} connect_timeout=5"
