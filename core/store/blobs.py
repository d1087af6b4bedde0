"""Bytes in chunks of 1 MiB, so that neither side ever holds a whole file, and no transaction writes or removes many of them.

A row of `uploads` says that nobody owns a blob: not yet, or, where `started_at` is 0, never again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from core.errors import CoreError, NotFound, Unavailable
from core.ids import new_id
from core.store.clock import now
from core.store.database import Database
from core.store.tables import blobs, uploads

CHUNK = 2**20
_BATCH = 8  # chunks per transaction: other writers get their turn in between
SMALL_BYTES = _BATCH * CHUNK
_GIVEN_UP = 0.0

Content = bytes | Iterable[bytes | memoryview]  # the pieces may be asked for more than once


class Blobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, blob_id: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces of at most 1 MiB.

        Nothing is held open between two pieces, however slow the reader is. NotFound when the blob is gone, also in the middle,
        or ends before `stop`.
        """
        position = start
        while position < stop:
            number, offset = divmod(position, CHUNK)
            end = min(CHUNK, offset + stop - position)
            with self._database.reading() as reader:
                data = reader.scalar(select(blobs.c.data).where(blobs.c.blob_id == blob_id, blobs.c.number == number))
            if data is None or len(data) < end:
                raise NotFound(f"{blob_id} is gone, or shorter than {stop} bytes")
            yield data[offset:end]
            position += end - offset

    def spans(self, blob_id: str, size_bytes: int) -> "Spans":
        """For parts of a blob, here and there."""
        return Spans(self, blob_id, size_bytes)

    def sweep(self, older_than_s: float = 3600.0) -> int:
        """Removes what nobody owns: uploads that never ended, and large blobs that lost their owner; returns how many."""
        with self._database.reading() as reader:
            stale = reader.scalars(select(uploads.c.blob_id).where(uploads.c.started_at < now() - older_than_s)).all()
        for blob_id in stale:
            remove(self._database, blob_id)
        return len(stale)


class Spans:
    """Short parts of one blob. The chunk of the last is kept, so that in order each is read once."""

    def __init__(self, blobs: Blobs, blob_id: str, size_bytes: int) -> None:
        self._blobs = blobs
        self._blob_id = blob_id
        self._size_bytes = size_bytes
        self._start, self._bytes = 0, b""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`. NotFound as `Blobs.read` says it."""
        if not self._start <= start <= stop <= self._start + len(self._bytes):
            first = start - start % CHUNK
            last = min(-(-stop // CHUNK) * CHUNK, self._size_bytes)
            self._bytes = b"".join(self._blobs.read(self._blob_id, first, last))
            self._start = first
        return self._bytes[start - self._start : stop - self._start]


def discard(writer: Connection, blob_id: str, size_bytes: int) -> str | None:
    """Takes the blob from its owner, in the transaction that ends the ownership.

    A small one is gone with it. A large one's id is returned, for `remove` after the commit, or for `Blobs.sweep`.
    """
    if size_bytes <= SMALL_BYTES:
        writer.execute(delete(blobs).where(blobs.c.blob_id == blob_id))
        return None
    writer.execute(insert(uploads).values(blob_id=blob_id, started_at=_GIVEN_UP))
    return blob_id


def remove(database: Database, blob_id: str) -> None:
    """Removes a blob, unless somebody owns it by now."""
    with database.writing() as writer:
        given_up = update(uploads).where(uploads.c.blob_id == blob_id).values(started_at=_GIVEN_UP)
        if not writer.execute(given_up).rowcount:
            return
    last = select(func.max(blobs.c.number)).where(blobs.c.blob_id == blob_id)
    while True:
        with database.writing() as writer:
            number = writer.scalar(last)
            if number is None:
                writer.execute(delete(uploads).where(uploads.c.blob_id == blob_id))
                return
            writer.execute(delete(blobs).where(blobs.c.blob_id == blob_id, blobs.c.number > number - _BATCH))


def remove_if_it_works(database: Database, blob_id: str | None) -> None:
    """As `remove`, after work that is done already; what fails here `Blobs.sweep` does later."""
    if blob_id is not None:
        with suppress(CoreError):
            remove(database, blob_id)


class Upload:
    """A context: bytes on their way into a blob that no row owns yet.

    What fits into one batch is written by `finish`, in the transaction of the row that will own it. More is written ahead, in
    transactions of its own, and removed again where the block ends without that row; after a crash, by `Blobs.sweep`.
    """

    def __init__(self, database: Database, content: Content) -> None:
        self.blob_id = new_id("blob")
        self.size_bytes = 0
        self._database = database
        self._hash = hashlib.sha256()
        self._number = 0
        self._rest: list[bytearray] = []
        self._is_announced = False
        self._is_finished = False
        try:
            for chunk in _chunks([content] if isinstance(content, bytes) else content):
                self._add(chunk)
        except BaseException:
            self._abandon()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None or not self._is_finished:
            self._abandon()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def finish(self, writer: Connection) -> None:
        """Call it once, in the transaction that makes the blob somebody's."""
        _write_chunks(writer, self.blob_id, self._number, self._rest or ([b""] if self._number == 0 else []))
        if self._is_announced and not writer.execute(delete(uploads).where(*self._announcement)).rowcount:
            raise _swept_away()
        self._is_finished = True

    def _add(self, chunk: bytearray) -> None:
        if len(self._rest) == _BATCH:
            self._write_ahead()
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        self._rest.append(chunk)

    def _write_ahead(self) -> None:
        with self._database.writing() as writer:
            if not self._is_announced:
                writer.execute(insert(uploads).values(blob_id=self.blob_id, started_at=now()))
            elif not writer.execute(update(uploads).where(*self._announcement).values(started_at=now())).rowcount:
                raise _swept_away()
            self._is_announced = True
            _write_chunks(writer, self.blob_id, self._number, self._rest)
        self._number += len(self._rest)
        self._rest = []

    @property
    def _announcement(self) -> tuple[ColumnElement[bool], ...]:
        return uploads.c.blob_id == self.blob_id, uploads.c.started_at > _GIVEN_UP

    def _abandon(self) -> None:
        remove_if_it_works(self._database, self.blob_id if self._is_announced else None)


def _swept_away() -> Unavailable:
    return Unavailable("the upload paused for so long that its beginning was swept away; send it again")


def _chunks(pieces: Iterable[bytes | memoryview]) -> Iterator[bytearray]:
    """The same bytes, 1 MiB at a time."""
    chunk = bytearray()
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            room = CHUNK - len(chunk)
            chunk += rest[:room]
            rest = rest[room:]
            if len(chunk) == CHUNK:
                yield chunk
                chunk = bytearray()
    if chunk:
        yield chunk


def _write_chunks(writer: Connection, blob_id: str, first: int, chunks: Sequence[bytes | bytearray]) -> None:
    # One statement per chunk: a statement of many would hold all of them once more.
    for number, data in enumerate(chunks, first):
        writer.execute(insert(blobs).values(blob_id=blob_id, number=number, data=data))
