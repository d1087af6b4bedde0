"""The bound on what a training may take."""

import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.settings import Settings
from core.store import Store
from tests.faults.jobs import XOR, submit
from worker.memory import allowed_bytes, limited

MUCH = 2**34  # more than what the tests before have left behind, and this process may give back meanwhile


def test_a_process_gets_so_much_beside_what_it_has_and_no_more() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limited(2**26):
        assert np.zeros(2**25, np.uint8).sum() == 0
        with pytest.raises(MemoryError):
            np.zeros(MUCH, np.uint8)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert np.zeros(2**27, np.uint8).sum() == 0


def test_the_limit_goes_whatever_ends_the_job() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(ZeroDivisionError), limited(2**26):
        1 / 0  # noqa: B018
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_limit_that_stands_is_not_widened() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limited(2**28), limited(2**30), pytest.raises(MemoryError):
        np.zeros(MUCH, np.uint8)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_job_gets_its_estimate_with_a_quarter_more_its_threads_and_the_margin(store: Store, tmp_path: Path) -> None:
    job = submit(store, tmp_path, XOR)
    options = Settings(max_training_bytes=2**20, job_margin_bytes=5)
    planned = replace(job, plan={"memory_bytes": 1000})
    assert allowed_bytes(planned, options) == 1250 + 2**26 + 5
    assert allowed_bytes(replace(job, plan={}), options) == 2**20 + 2**18 + 2**26 + 5
    threaded = replace(planned, spec={**job.spec, "training": {**job.spec["training"], "threads": 3}})
    assert allowed_bytes(threaded, options) == 1250 + 3 * 2**26 + 5
