"""The tests of the store turn red when one of its guards is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.mutants import MUTANTS, Mutant, copy_of_the_tree, failed_tests, without_guard


@pytest.fixture(scope="module")
def tree() -> Iterator[Path]:
    with copy_of_the_tree() as tree:
        yield tree


def test_with_all_guards_they_are_green(tree: Path) -> None:
    modules = sorted({module for mutant in MUTANTS for module in mutant.tests})
    assert failed_tests(tree, tuple(modules)) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_without_a_guard_they_are_red(mutant: Mutant, tree: Path) -> None:
    with without_guard(tree, mutant):
        assert failed_tests(tree, mutant.tests) != []
