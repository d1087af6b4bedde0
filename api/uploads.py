"""An upload's way: counted and hashed into a file while it streams in, read by a limited child process, stored as a table."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import anyio.to_thread
import orjson
from fastapi import Request

from api.bodies import announced_bytes, content_type, stream
from api.deps import Service
from api.errors import Refused
from api.limits.quotas import check_rows, quotas_of
from core.data.parse import Format, parse_upload
from core.data.parsed import Parsed
from core.errors import CapacityError, Conflict, InvalidData, NotFound
from core.nn.preparation.reading import AS_IT_LOOKS, Reading
from core.settings import Settings
from core.store import Dataset, Idempotency

BUFFER = 2**20

_TEXTS: tuple[Format, ...] = ("csv", "jsonl", "json")

MEDIA_TYPES: dict[str, Format] = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/json": "json",
    "application/vnd.apache.parquet": "parquet",
    "application/x-npy": "npy",
    "application/x-npz": "npz",
}


async def stored(
    request: Request,
    service: Service,
    tenant: str,
    format: Format | None,
    name: str | None,
    key: str | None,
    reading: Reading = AS_IT_LOOKS,
    file_name: str | None = None,
) -> tuple[Dataset, bool]:
    """The dataset, and whether it is a new one. The same key with the same request gives the dataset of the first time.
    `file_name` is what one without a name is called.

    Raises InvalidData, TooLarge, IdempotencyMismatch or Refused; the file is gone afterwards.
    """
    format = format_of(request, format)
    async with received(request, service, tenant, service.settings.max_dataset_bytes) as upload:
        source, size = upload.file, upload.size
        sha256, table = _hash_of(upload.sha256, reading), source.with_name("table")
        idempotency = None if key is None else Idempotency(key, _fingerprint(sha256, format, name))

        def store() -> tuple[Dataset, bool]:
            known = service.store.datasets.known(tenant, sha256, format, idempotency, name)
            if known is not None and known.name is None and file_name is not None:
                known = service.store.datasets.known(tenant, sha256, format, None, file_name)
            if known is not None:
                return known, False
            read = parsed(source, format, table, service.settings, reading)
            quotas = quotas_of(service, tenant)
            check_rows(quotas, read.schema.rows)
            schema = read.schema.model_dump(mode="json")
            called, stored_bytes = name or file_name, quotas.stored_bytes
            try:
                return service.store.datasets.add(
                    tenant, sha256, format, schema, read.preview, size, called, "upload", table, idempotency, stored_bytes
                )
            except NotFound as error:  # the beginning of the upload was swept away before its end
                raise Conflict(error.message) from None

        async with service.parsing.turn(tenant):
            return await anyio.to_thread.run_sync(store)


def parsed(source: Path, format: Format, table: Path, settings: Settings, reading: Reading) -> Parsed:
    """What the file holds, with its columns in the new file `table`. InvalidData, TooLarge or Refused."""
    try:
        return parse_upload(source, format, table, settings, reading)
    except CapacityError as error:
        raise Refused("capacity", error.message) from None
    except InvalidData as error:
        raise InvalidData(f"{error.message}{_hint(source, format)}") from None


def _hint(source: Path, format: Format) -> str:
    """Of a file that was called JSON and begins as none does, which is mostly CSV."""
    if format not in ("json", "jsonl"):
        return ""
    with source.open("rb") as file:
        first = file.read(100).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return "" if first in (b"{", b"[") else "; the file begins with neither { nor [: if it is CSV, its Content-Type is text/csv"


def _hash_of(sha256: str, reading: Reading) -> str:
    """The same bytes that are read otherwise are another dataset."""
    return hashlib.sha256(orjson.dumps([sha256, reading.to_json()])).hexdigest() if reading else sha256


def _fingerprint(sha256: str, format: Format, name: str | None) -> str:
    """A hash of all that makes one upload another request than the next."""
    return hashlib.sha256(orjson.dumps([sha256, format, name])).hexdigest()


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that has come to its end, and lies in a file of a directory of its own."""

    file: Path
    sha256: str
    size: int


@asynccontextmanager
async def received(
    request: Request, service: Service, tenant: str, limit: int, *, is_kept: bool = True
) -> AsyncIterator[Upload]:
    """The body; its directory is gone afterwards. QuotaExceeded where it is to be kept, and the tenant has no room for as many
    bytes as it announces, or as have come; InvalidData where it is empty; else raises what `stream` does."""
    most = (await anyio.to_thread.run_sync(quotas_of, service, tenant)).stored_bytes if is_kept else None
    room = None
    if "content-length" in request.headers:
        await anyio.to_thread.run_sync(service.store.quotas.check_upload, tenant, announced_bytes(request), most)
    else:
        room = await anyio.to_thread.run_sync(service.store.quotas.room, tenant, 0, most)
    with service.arrivals.arrival(tenant) as arrival, TemporaryDirectory(dir=service.files) as directory:
        path, digest, size = Path(directory, "source"), hashlib.sha256(), 0
        with path.open("wb") as file:
            pieces: list[bytes] = []
            waiting = 0
            async for piece in stream(request, limit, arrival):
                pieces.append(piece)
                waiting += len(piece)
                if room is not None and size + waiting > room:
                    room = await anyio.to_thread.run_sync(service.store.quotas.room, tenant, size + waiting, most)
                if waiting >= BUFFER:
                    await anyio.to_thread.run_sync(_write, file, digest, pieces)
                    size, waiting, pieces = size + waiting, 0, []
            _write(file, digest, pieces)
        if size + waiting == 0:
            raise InvalidData("the body is empty; it must be the file itself")
        yield Upload(path, digest.hexdigest(), size + waiting)


def _write(file: BinaryIO, digest: "hashlib._Hash", pieces: list[bytes]) -> None:
    for piece in pieces:
        digest.update(piece)
        file.write(piece)


def format_of(request: Request, said: Format | None) -> Format:
    """That is said, or else the one of the Content-Type; Refused where that is of none, or names another charset of a text
    than UTF-8."""
    given = content_type(request)
    header = request.headers.get("content-type", "")
    if said is None and given not in MEDIA_TYPES:
        has = f"Content-Type is {given[:100]}" if given else "Content-Type is missing"
        hint = "; send the file as the body itself, not as a form" if given.startswith("multipart/") else ""
        allowed = ", ".join(MEDIA_TYPES)
        raise Refused(
            "unsupported_media_type",
            f"{has}; it must be one of {allowed}, or ?format= must name the format{hint}",
            headers={"Accept-Post": allowed},
        )
    format = said or MEDIA_TYPES[given]
    charset = header.lower().partition("charset=")[2].split(";")[0].strip(' "')
    if format in _TEXTS and charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Refused(
            "unsupported_media_type",
            f"charset is {charset[:60]}; it must be utf-8, or be left out: encoding= says how a file is written that is not",
        )
    return format
