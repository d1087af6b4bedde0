"""Random faults of every kind, and the judgement of what became of the jobs; the long run is `python -m tests.faults`."""

import pytest

from tests.conftest import KINDS as DATABASES
from tests.faults.campaign import run
from tests.faults.kinds import KINDS
from tests.faults.zombies import ZOMBIE


@pytest.mark.parametrize("database", DATABASES)
def test_nothing_is_lost_doubled_or_changed_by_random_faults(database: str, kernels: None) -> None:
    report = run(database, faults=25, seed=7, kinds=list(KINDS))
    assert not report.violations, f"{report.markdown()}\n{report.logs}"
    assert report.made == 25


@pytest.mark.parametrize("database", DATABASES)
def test_every_zombie_is_fenced(database: str, kernels: None) -> None:
    report = run(database, faults=3, seed=7, kinds=list(ZOMBIE))
    assert not report.violations, f"{report.markdown()}\n{report.logs}"
    assert report.woken == report.fenced == 3
