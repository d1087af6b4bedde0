"""What the children say: all of it to a log file of bounded size, errors to the terminal too."""

import re
from collections import deque
from collections.abc import Callable
from logging import INFO, LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

_LOG_BYTES = 10 * 2**20
_KEPT_LINES = 20
_ERROR = re.compile(r"^(\[[^\]]*\b)?(ERROR|CRITICAL)\b")
_TRACEBACK = re.compile(r"^\s*(Traceback \(most recent call last\)|Exception Group Traceback)")


class Errors:
    """Whether the next line belongs to an error or a traceback."""

    def __init__(self) -> None:
        self._in_traceback = False

    def __call__(self, line: str) -> bool:
        if _TRACEBACK.match(line):
            self._in_traceback = True
            return True
        if self._in_traceback:
            # The exception itself is the first line that is not indented.
            self._in_traceback = not line or line[0].isspace()
            return True
        return bool(_ERROR.match(line))


class Output:
    """Takes the bytes of one child as they come; `show` gets the lines that `is_shown` picks."""

    def __init__(self, path: Path, show: Callable[[str], None], is_shown: Callable[[str], bool]) -> None:
        self.path = path
        self.last: deque[str] = deque(maxlen=_KEPT_LINES)
        self._file = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8", errors="replace")
        self._show = show
        self._is_shown = is_shown
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line.decode("utf-8", "replace").rstrip("\r"))

    def close(self) -> None:
        if self._rest:
            self.feed(b"\n")
        self._file.close()

    def _take(self, line: str) -> None:
        self.last.append(line)
        self._file.emit(LogRecord("", INFO, "", 0, line, None, None))
        if self._is_shown(line):
            self._show(line)
