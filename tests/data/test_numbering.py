"""Columns of whole numbers that only number the rows, told from quantities."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.numbering import numbering
from core.nn.preparation.column import NUMBERING, Column
from core.nn.preparation.reading import Reading
from tests.data.files import read, read_here


def column_of(name: str, values: Any, tmp_path: Path) -> Column:
    lines = [f"{name},size", *(f"{value},{i % 7}" for i, value in enumerate(values))]
    found, _ = read("\n".join(lines).encode(), "csv", tmp_path)
    return found.schema.columns[0]


def shuffled(rows: int) -> list[int]:
    """Different numbers in no order."""
    return [7919 * i % 104729 for i in range(rows)]


@pytest.mark.parametrize(
    "name",
    [
        *("id", "ID", "Id", "customer_id", "CustomerID", "orderId", "PassengerId", "customer id", "customerid", "id_client"),
        *("No", "No.", "Invoice No.", "InvoiceNo", "house_no", "N°", "Nr", "Nr.", "Objekt-Nr", "Kd.-Nr.", "Artikelnr"),
        *("Kundennummer", "Nummer", "order number", "OrderNumber", "numéro", "Unnamed: 0", "index", "rownames", "user_key"),
    ],
)
def test_different_numbers_under_the_name_of_an_id_only_number_the_rows(name: str, tmp_path: Path) -> None:
    column = column_of(name, shuffled(300), tmp_path)
    assert (column.numbering, column.warning) == ("named", NUMBERING["named"])


@pytest.mark.parametrize(
    "name",
    [
        *("price", "population", "income", "Miete EUR", "year", "humid", "paid", "bid", "grid", "Volcano", "piano", "monkey"),
        *("price_index", "index of prices", "no of rooms", "number of rooms", "Nonsense", "whiskey", "idle", "Anruf", "ideal"),
    ],
)
def test_different_numbers_under_another_name_are_quantities(name: str, tmp_path: Path) -> None:
    column = column_of(name, shuffled(300), tmp_path)
    assert (column.numbering, column.warning) == (None, None)


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("t", range(20), "rising"),
        ("year", range(1990, 2020), "rising"),
        ("t", range(19), None),  # a small table may be sorted by what it tells
        ("t", [*range(18), 18, 18, 20], None),
        ("t", range(40, 0, -1), None),
        ("t", [i + 0.5 for i in range(40)], None),
        ("id", range(3), "named"),
        ("id", range(2), None),
        ("customer_id", [5, 9, 7, 8, 1], "named"),
        ("number", [10, 20, 30, 40], None),  # a name that quantities have too
        ("house_no", shuffled(19), None),
        ("house_no", shuffled(20), "named"),
        ("id", [5, 9, 7, 8, 1, 3, 2, 4, 6, 6], "named"),
        ("id", [5, 9, 7, 8, 1, 3, 2, 6, 6, 6], None),
        ("shop_id", [i % 7 for i in range(300)], None),
        ("id", [i + 0.5 for i in range(300)], None),
        ("id", ["", *shuffled(99)], "named"),
        ("id", shuffled(30_000), "named"),
        ("id", [*range(25_000), *(i % 5_000 for i in range(50_000))], None),
    ],
)
def test_it_takes_nine_of_ten_different_ones_or_that_they_rise_by_1(
    name: str, values: Any, found: str | None, tmp_path: Path
) -> None:
    column = column_of(name, values, tmp_path)
    assert column.numbering == found
    assert column.warning == (None if found is None else NUMBERING[column.numbering or "named"])


@pytest.mark.parametrize(
    ("lines", "warning"), [(["7", "8"], None), (["1 007", "8"], 'its thousands are separated: "1 007" is read as 1007')]
)
def test_a_column_that_is_said_to_be_numbers_is_meant(lines: list[str], warning: str | None, tmp_path: Path) -> None:
    content = "\n".join(["id;x", *(f"{line};1" for line in [*lines, *map(str, shuffled(30))])]).encode()
    [column, _] = read_here(content, "csv", tmp_path, reading=Reading(numbers=("id",))).schema.columns
    assert (column.numbering, column.warning) == (None, warning)


def test_the_ends_of_the_integers_are_no_neighbours() -> None:
    x = np.full(20, 2**63 - 1)
    x[0] = -(2**63)
    assert numbering("x", x, 2) is None


def test_a_matrix_has_no_names_and_is_meant_as_it_is(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.stack([np.arange(40), np.arange(40) % 7], axis=1))
    found, _ = read((tmp_path / "x.npy").read_bytes(), "npy", tmp_path)
    assert [column.numbering for column in found.schema.columns] == [None, None]
    np.savez(tmp_path / "x.npz", input=np.arange(80).reshape(2, 40).T, t=np.arange(40))
    found, _ = read((tmp_path / "x.npz").read_bytes(), "npz", tmp_path)
    assert [column.numbering for column in found.schema.columns] == [None, None, "rising"]
