"""Bytes in chunks of 1 MiB, so that neither side ever holds a whole file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from core.errors import NotFound
from core.ids import new_id
from core.store.clock import now
from core.store.database import Database
from core.store.tables import blobs, uploads

CHUNK = 2**20
_BATCH = 8  # chunks per transaction of an upload: other writers get their turn in between


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

    def sweep(self, older_than_s: float = 3600.0) -> int:
        """Removes what uploads left behind that never ended; returns how many."""
        with self._database.reading() as reader:
            stale = reader.scalars(select(uploads.c.blob_id).where(uploads.c.started_at < now() - older_than_s)).all()
        for blob_id in stale:
            with self._database.writing() as writer:
                if writer.execute(delete(uploads).where(uploads.c.blob_id == blob_id)).rowcount:
                    delete_blob(writer, blob_id)
        return len(stale)


def write_blob(writer: Connection, data: bytes | memoryview) -> str:
    """Stores `data` in this transaction and returns the blob's id."""
    blob_id = new_id("blob")
    view = memoryview(data)
    _write_chunks(writer, blob_id, 0, [view[at : at + CHUNK] for at in range(0, max(len(view), 1), CHUNK)])
    return blob_id


def delete_blob(writer: Connection, blob_id: str) -> None:
    writer.execute(delete(blobs).where(blobs.c.blob_id == blob_id))


class Upload:
    """A file on its way into a blob that no row owns yet.

    What fits into one batch is written by `finish`, in the transaction of the row that will own it. More is written ahead, in
    transactions of its own; `abandon`, or `Blobs.sweep` after a crash, removes it again.
    """

    def __init__(self, database: Database, path: Path) -> None:
        self.blob_id = new_id("blob")
        self.size_bytes = 0
        self._database = database
        self._hash = hashlib.sha256()
        self._number = 0
        self._rest: list[bytes] = []
        self._is_announced = False
        self._read(path)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def finish(self, writer: Connection) -> None:
        """Call it once, in the transaction that makes the blob somebody's."""
        _write_chunks(writer, self.blob_id, self._number, self._rest or ([b""] if self._number == 0 else []))
        if self._is_announced and not writer.execute(delete(uploads).where(uploads.c.blob_id == self.blob_id)).rowcount:
            raise NotFound("the upload took so long that its beginning was swept away; send it again")

    def abandon(self) -> None:
        if self._is_announced:
            with self._database.writing() as writer:
                writer.execute(delete(uploads).where(uploads.c.blob_id == self.blob_id))
                delete_blob(writer, self.blob_id)
            self._is_announced = False

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    self._hash.update(chunk)
                    self.size_bytes += len(chunk)
                    if len(self._rest) == _BATCH:
                        self._write_ahead()
                    self._rest.append(chunk)
        except BaseException:
            self.abandon()
            raise

    def _write_ahead(self) -> None:
        with self._database.writing() as writer:
            if not self._is_announced:
                writer.execute(insert(uploads).values(blob_id=self.blob_id, started_at=now()))
            _write_chunks(writer, self.blob_id, self._number, self._rest)
        self._is_announced = True
        self._number += len(self._rest)
        self._rest = []


def _write_chunks(writer: Connection, blob_id: str, first: int, chunks: list[bytes] | list[memoryview]) -> None:
    # One statement per chunk: a statement of many would hold all of them once more.
    for number, data in enumerate(chunks, first):
        writer.execute(insert(blobs).values(blob_id=blob_id, number=number, data=data))
