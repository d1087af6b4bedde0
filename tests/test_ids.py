"""Ids tell their kind, sort by age and never repeat."""

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.ids import earliest_id, is_id, new_id, time_of


def test_an_id_is_a_uuid_of_version_7_that_tells_its_time() -> None:
    before = time.time_ns() // 1_000_000
    id = new_id("job")
    after = time.time_ns() // 1_000_000
    prefix, _, digits = id.partition("_")
    as_uuid = uuid.UUID(digits)
    assert prefix == "job"
    assert (as_uuid.version, as_uuid.variant) == (7, uuid.RFC_4122)
    assert before <= as_uuid.int >> 80 <= after + 1


def test_ids_of_one_process_sort_by_age_and_differ() -> None:
    ids = [new_id("job") for _ in range(10_000)]
    assert ids == sorted(set(ids))


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [id for ids in pool.map(lambda _: [new_id("ds") for _ in range(500)], range(8)) for id in ids]
    assert len(set(made)) == 4000


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the fork is the point, whatever threads there are
def test_a_forked_child_makes_ids_of_its_own() -> None:
    new_id("job")
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, new_id("job").encode())
        os._exit(0)
    own = new_id("job")
    theirs = os.read(reader, 100).decode()
    os.wait()
    os.close(reader)
    os.close(writer)
    assert is_id("job", theirs)
    assert theirs != own


def test_an_id_tells_its_time_and_sorts_among_those_of_any_time() -> None:
    for at in (0.0, 1.001, 1795426124.046621):
        id = new_id("job", at)
        assert is_id("job", id)
        assert at - 0.001 <= time_of(id) <= at
        assert earliest_id("job", at) <= id < earliest_id("job", at + 0.001)
        assert new_id("job", at) != id
    assert earliest_id("job", -1e12) == "job_" + "0" * 32
    assert earliest_id("job", 1e12) > new_id("job")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "job_",
        "job",
        "ds_" + "0" * 32,
        "job_" + "0" * 32,
        "ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b",
        "JOB_01936F2A7C3E7D0F8A5B4C3D2E1F0A9B",
        "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b0",
        "job_\x00",
    ],
)
def test_what_cannot_be_an_id_is_told_apart(text: str) -> None:
    assert is_id("job", new_id("job"))
    assert not is_id("job", text)
