"""The table of guards in docs/faults.md has all of them; that each is noticed is tests/faults/test_mutants.py's."""

from collections import Counter

import pytest

from tests.faults.mutants import DOCUMENT, MUTANTS, NOTHING, ROOT, Mutant, rows, table, with_guard, with_rows


def test_every_guard_stands_in_the_table_of_the_document_with_what_notices_it() -> None:
    documented = rows(DOCUMENT.read_text())
    assert list(documented) == [mutant.guard for mutant in MUTANTS], "python -m tests.faults.mutants --write"
    assert [guard for guard, noticed in documented.items() if NOTHING in noticed] == []


def test_no_two_guards_have_one_name() -> None:
    assert [name for name, count in Counter(mutant.guard for mutant in MUTANTS).items() if count > 1] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_a_guard_stands_where_its_mutant_takes_it_away(mutant: Mutant) -> None:
    with_guard(ROOT, mutant)
    assert mutant.instead != mutant.text


def test_a_table_is_replaced_and_nothing_around_it() -> None:
    guard = MUTANTS[0].guard
    text = f"before\n\n{table({guard: 'one'})}\nafter\n"
    assert rows(text) == {guard: "one"}
    assert with_rows(text, {guard: "another", "gone": "no more"}) == text.replace("| one |", "| another |")
