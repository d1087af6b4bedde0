"""Weights that clients sent, on every database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import pytest
from sqlalchemy import Engine, func, select

from core.errors import Conflict, NotFound
from core.ids import is_id
from core.store import Dataset, NewJob, SentWeightsSummary, Store
from core.store.tables import blobs, uploads

TENSORS = {"0.weight": {"dtype": "F32", "shape": [2, 3]}}


def starting(store: Store, dataset: Dataset, start: str) -> str:
    return store.jobs.submit("default", NewJob({}, dataset.id, 3, start_id=start)).id


def test_weights_read_back_as_they_were_sent(store: Store) -> None:
    sent, is_new = store.sent_weights.add("default", "a" * 64, TENSORS, b"bytes")
    assert is_new
    assert is_id("wt", sent.id)
    assert (sent.tensors, sent.size_bytes, sent.sha256) == (TENSORS, 5, "a" * 64)
    assert store.sent_weights.get("default", sent.id) == store.sent_weights.known("default", "a" * 64) == sent
    assert b"".join(store.blobs.read(sent.blob_id, 0, 5)) == b"bytes"


def test_the_same_bytes_sent_at_once_are_stored_once_for_each_tenant(store: Store, engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: store.sent_weights.add("default", "b" * 64, TENSORS, bytes(9 * 2**20)), range(8)))
    assert len({sent.id for sent, _ in added}) == 1
    assert sum(is_new for _, is_new in added) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count(func.distinct(blobs.c.blob_id)))) == 1
        assert connection.scalar(select(func.count()).select_from(uploads)) == 0
    assert store.sent_weights.add("other", "b" * 64, TENSORS, b"")[1]


def test_of_the_same_bytes_each_tenant_knows_its_own(store: Store) -> None:
    sent = {tenant: store.sent_weights.add(tenant, "a" * 64, TENSORS, b"bytes")[0] for tenant in ("default", "other")}
    known = {tenant: store.sent_weights.known(tenant, "a" * 64) for tenant in sent}
    assert {tenant: each and each.id for tenant, each in known.items()} == {tenant: each.id for tenant, each in sent.items()}


def test_another_tenant_does_not_see_them(store: Store) -> None:
    sent, _ = store.sent_weights.add("default", "a" * 64, TENSORS, b"bytes")
    for ask in (store.sent_weights.get, store.sent_weights.delete):
        with pytest.raises(NotFound):
            ask("other", sent.id)


def test_they_are_listed_from_the_newest_to_the_oldest(store: Store) -> None:
    sent = [store.sent_weights.add("default", digit * 64, TENSORS, b"bytes")[0] for digit in "abcde"]
    store.sent_weights.add("other", "f" * 64, TENSORS, b"bytes")
    first = store.sent_weights.page("default", limit=3)
    second = store.sent_weights.page("default", cursor=first.next_cursor, limit=3)
    assert [*first.items, *second.items] == [SentWeightsSummary(*astuple(each)[:-1]) for each in sent[::-1]]
    assert second.next_cursor is None


def test_weights_that_a_job_starts_from_go_only_after_it(
    store: Store, add_dataset: Callable[..., Dataset], engine: Engine
) -> None:
    dataset = add_dataset()
    sent, _ = store.sent_weights.add("default", "a" * 64, TENSORS, b"bytes")
    job = starting(store, dataset, sent.id)
    with pytest.raises(Conflict, match=job):
        store.sent_weights.delete("default", sent.id)
    claim = store.jobs.claim("worker", 60)
    assert claim is not None
    with pytest.raises(Conflict, match=job):
        store.sent_weights.delete("default", sent.id)
    store.jobs.fail(claim, {"fault": "user", "code": "diverged", "message": ""})
    store.sent_weights.delete("default", sent.id)
    with pytest.raises(NotFound):
        store.sent_weights.get("default", sent.id)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(blobs).where(blobs.c.blob_id == sent.blob_id)) == 0


def test_a_job_cannot_start_from_what_is_not_there(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    dataset = add_dataset()
    gone, _ = store.sent_weights.add("default", "a" * 64, TENSORS, b"bytes")
    store.sent_weights.delete("default", gone.id)
    for start in (gone.id, "job_" + gone.id.removeprefix("wt_")):
        with pytest.raises(NotFound):
            starting(store, dataset, start)
    assert store.jobs.queue_length("default") == 0
