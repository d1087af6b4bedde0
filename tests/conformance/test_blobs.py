"""Large checkpoints and weights, on every database: written piece by piece, and nobody waits for them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from core.errors import CoreError, LostLease, Unavailable
from core.jobs import State
from core.store import Claim, Job, Store, connect
from core.store.blobs import CHUNK, Upload
from core.store.database import Database
from core.store.tables import blobs, uploads
from tests.conformance.rows import ERROR, checkpoint, epoch_rows

LARGE = 20  # chunks; 8 are written at once

Snapshot = Callable[[], dict[str, list[tuple[object, ...]]]]
Write = Callable[[Store, Claim, Any], object]

WRITES: dict[str, Write] = {
    "checkpoint": lambda store, claim, content: store.jobs.record_epochs(claim, epoch_rows(1, 1), content),
    "succeed": lambda store, claim, content: store.jobs.succeed(claim, {}, {"best": content, "last": b"small"}),
    "fail": lambda store, claim, content: store.jobs.fail(claim, ERROR, {"best": content, "last": content}),
    "stop": lambda store, claim, content: store.jobs.stop(claim, {"last": content}),
}


class Pieces:
    """`count` pieces of 1 MiB and a bit; `between` is called before each, `read` counts them."""

    def __init__(self, between: Callable[[], object] = lambda: None, count: int = LARGE) -> None:
        self.read = 0
        self._between = between
        self._count = count

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._count):
            self._between()
            self.read += 1
            yield bytes([number]) * (CHUNK + 1)


@pytest.fixture
def other(database_url: str) -> Iterator[Store]:
    """Another process, as it were: on SQLite it cannot write while a transaction of `store` is open."""
    store = Store(connect(database_url))
    yield store
    store.close()


def wanted(write: str, store: Store, claim: Claim) -> None:
    if write == "stop":
        store.jobs.cancel("default", claim.job.id)


@pytest.mark.parametrize("write", WRITES)
def test_others_write_while_large_content_is_written(
    write: str, store: Store, other: Store, claimed: Callable[..., Claim], submit: Callable[..., Job]
) -> None:
    claim, queued = claimed(), submit()
    wanted(write, store, claim)

    def between() -> None:
        """The heartbeat of this job and the request of another client."""
        other.jobs.heartbeat(claim, 60)
        other.jobs.cancel("default", queued.id)

    WRITES[write](store, claim, Pieces(between))


@pytest.mark.parametrize("write", WRITES)
def test_large_content_of_a_zombie_leaves_nothing_behind(
    write: str, store: Store, claimed: Callable[..., Claim], snapshot: Snapshot
) -> None:
    claim = claimed(ttl_s=-1)
    wanted(write, store, claim)
    before: dict[str, list[tuple[object, ...]]] = {}

    def lose() -> None:
        if not before:
            store.jobs.reap(5)
            before.update(snapshot())

    with pytest.raises(LostLease):
        WRITES[write](store, claim, Pieces(lose))
    assert snapshot() == before


@pytest.mark.parametrize("write", WRITES)
def test_content_that_breaks_off_leaves_nothing_behind_and_can_be_sent_again(
    write: str, store: Store, claimed: Callable[..., Claim], snapshot: Snapshot
) -> None:
    claim = claimed()
    wanted(write, store, claim)
    before = snapshot()
    pieces = Pieces()

    def fail_once() -> None:
        if pieces.read == 19:
            raise Unavailable("away")

    pieces._between = fail_once
    with pytest.raises(Unavailable):
        WRITES[write](store, claim, pieces)
    assert snapshot() == before
    pieces._between = lambda: None
    WRITES[write](store, claim, pieces)
    assert snapshot()["uploads"] == []


def test_large_checkpoints_replace_each_other_and_go_with_the_end(
    store: Store, claimed: Callable[..., Claim], snapshot: Snapshot
) -> None:
    claim = claimed()
    for count in (LARGE, 1, LARGE, LARGE + 1):
        store.jobs.record_epochs(claim, [], Pieces(count=count))
        assert checkpoint(store, claim) == b"".join(Pieces(count=count))
        rows = snapshot()
        assert len(rows["blobs"]) == 1 + count + 1  # the dataset's, and the bits of the pieces
        assert rows["uploads"] == []
    store.jobs.succeed(claim, {}, {})
    assert len(snapshot()["blobs"]) == 1


def test_a_large_checkpoint_that_a_client_or_a_sweeper_ended_is_swept_away(
    store: Store, claimed: Callable[..., Claim], snapshot: Snapshot
) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, [], Pieces())
    store.jobs.release(claim)
    assert store.jobs.cancel("default", claim.job.id).state == State.CANCELLED
    assert store.jobs.checkpoint(claim.job.id) is None
    assert store.blobs.sweep() == 1
    assert store.blobs.sweep() == 0
    assert len(snapshot()["blobs"]) == 1


def test_weights_that_are_one_object_are_read_and_stored_once(store: Store, claimed: Callable[..., Claim]) -> None:
    claim, pieces = claimed(), Pieces()
    store.jobs.succeed(claim, {}, {"best": pieces, "last": pieces})
    assert pieces.read == LARGE
    best, last = (store.weights.get("default", claim.job.id, which) for which in ("best", "last"))
    assert best.blob_id == last.blob_id
    assert b"".join(store.blobs.read(best.blob_id, 0, best.size_bytes)) == b"".join(Pieces())


def test_large_weights_of_equal_bytes_are_stored_once(store: Store, claimed: Callable[..., Claim], snapshot: Snapshot) -> None:
    claim = claimed()
    store.jobs.succeed(claim, {}, {"best": Pieces(), "last": Pieces()})
    rows = snapshot()
    assert len(rows["blobs"]) == 1 + LARGE + 1
    assert rows["uploads"] == []


def test_an_upload_whose_commit_was_not_heard_of_keeps_its_bytes(engine: Engine) -> None:
    """The row that owns them may be there: only `uploads` tells."""
    database = Database(engine)

    def finish(upload: Upload) -> None:
        with upload:
            with database.writing() as writer:
                upload.finish(writer)
            raise Unavailable("the answer to the commit was lost")

    with pytest.raises(Unavailable):
        finish(Upload(database, Pieces()))
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(blobs)) == LARGE + 1


def test_an_upload_that_was_swept_away_under_way_cannot_be_finished(store: Store, engine: Engine) -> None:
    upload = Upload(Database(engine), Pieces())
    with engine.begin() as connection:
        connection.execute(update(uploads).values(started_at=uploads.c.started_at - 7200))
    assert store.blobs.sweep() == 1
    with pytest.raises(Unavailable), upload, Database(engine).writing() as writer:
        upload.finish(writer)


def test_an_upload_that_was_given_up_under_way_cannot_be_finished_though_its_bytes_are_still_there(engine: Engine) -> None:
    upload = Upload(Database(engine), Pieces())
    with engine.begin() as connection:
        connection.execute(update(uploads).values(started_at=0.0))
    with pytest.raises(Unavailable), upload, Database(engine).writing() as writer:
        upload.finish(writer)


def test_an_upload_that_takes_hours_is_not_swept_away(store: Store, engine: Engine) -> None:
    def age() -> None:
        assert store.blobs.sweep() == 0
        with engine.begin() as connection:
            connection.execute(update(uploads).values(started_at=uploads.c.started_at - 300))

    with Upload(Database(engine), Pieces(age)) as upload, Database(engine).writing() as writer:
        upload.finish(writer)


def test_a_checkpoint_says_how_many_epochs_are_complete_in_it(
    store: Store, claimed: Callable[..., Claim], snapshot: Snapshot
) -> None:
    """An attempt that trains recorded epochs again takes checkpoints that are behind the job."""
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 2), b"after two")
    assert snapshot()["checkpoints"][0][1] == 2
    store.jobs.record_epochs(claim, [], b"after one, once more", 1)
    assert snapshot()["checkpoints"][0][1] == 1


@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_a_damaged_large_checkpoint_is_our_fault(
    damage: str, store: Store, claimed: Callable[..., Claim], engine: Engine
) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, [], Pieces())
    with engine.begin() as connection:
        last = blobs.c.number == LARGE
        connection.execute(
            blobs.delete().where(last) if damage == "lost" else update(blobs).where(last).values(data=b"?" * LARGE)
        )
    with pytest.raises(CoreError, match="damaged") as raised:
        checkpoint(store, claim)
    assert raised.value.fault == "system"
