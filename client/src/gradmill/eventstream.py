"""Reads server-sent events (WHATWG HTML, section 9.2.6)."""

import re
from dataclasses import dataclass

from gradmill.errors import UnexpectedAnswer

MEDIA_TYPE = "text/event-stream"
MOST_BYTES = 2**24  # of one event; none of Gradmill's comes near it

_END = re.compile(rb"\r\n|\n|\r")
_MARK = b"\xef\xbb\xbf"  # that a text is UTF-8


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is the place behind it, where the stream goes on after a cut."""

    id: str
    type: str
    data: str


class Parser:
    """One answer, piece by piece. `last_id` is the place that was reached, with an event or without, `retry_s` after how long
    one shall come again. An event whose end is missing has not come."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry_s: float | None = None
        self._id, self._type, self._data = last_id, "", bytearray()
        self._rest = b""
        self._is_first, self._is_behind_return = True, False

    def feed(self, piece: bytes) -> list[Message]:
        """The events that have ended by now."""
        if not piece:
            return []
        # A line may end with two characters, which may come in two pieces.
        fresh = piece[1:] if self._is_behind_return and piece.startswith(b"\n") else piece
        self._is_behind_return = piece.endswith(b"\r")
        *lines, self._rest = _END.split(self._rest + fresh)
        found = []
        for line in lines:
            line = line.removeprefix(_MARK) if self._is_first else line
            self._is_first = False
            if line:
                self._take(line)
            elif (message := self._ended()) is not None:
                found.append(message)
        if len(self._rest) + len(self._data) > MOST_BYTES:
            raise UnexpectedAnswer(f"an event of the stream has more than {MOST_BYTES >> 20} MiB")
        return found

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"id" if b"\0" not in value:
                self._id = value.decode(errors="replace")
            case b"event":
                self._type = value.decode(errors="replace")
            case b"data":
                self._data += value + b"\n"
            case b"retry" if value.isdigit() and len(value) < 10:
                self.retry_s = int(value) / 1000

    def _ended(self) -> Message | None:
        """Without data it has told its place alone."""
        self.last_id = self._id
        type, data = self._type or "message", self._data
        self._type, self._data = "", bytearray()
        return Message(self._id, type, data[:-1].decode(errors="replace")) if data else None
