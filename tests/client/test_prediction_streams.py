"""Predictions that are read as they come, however they are cut into pieces."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradmill
from core.errors import Problem
from core.nn.preparation.strange import strange
from core.nn.preparation.unseen import unseen
from gradmill.answers import PredictionsAnswer
from gradmill.predictionstream import Parser

WARNING = {"pointer": "/rows/0", "message": 'column "a" has "]}" and ü'}
ABOUT = {"object": "predictions", "job": "job_1", "epoch": 1, "targets": ["predictions"], "classes": ["a]", '"predictions":[']}
ROWS = [
    {"values": {"predictions": label}, "probabilities": {"a]": p, '"predictions":[': None}}
    for label, p in (("a]", 0.5), ('"predictions":[', 1e-300), ("ü\n\\", None), ("{", 1.0))
]


def answer(rows: list[object], count: int | None = None) -> bytes:
    said = {**ABOUT, "rows": len(rows) if count is None else count, "predictions": rows, "warnings": [WARNING]}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(0, len(ROWS)))
def test_however_an_answer_is_cut_into_pieces_it_says_the_same(sizes: list[int], count: int) -> None:
    content, parser, found, start = answer(ROWS[:count]), Parser(), gradmill.Predictions(), 0
    for size in [*sizes, len(content)]:
        if (said := parser.feed(content[start : start + size])) is not None:
            found.add(said)
        start += size
    found.add(parser.end())
    assert found.values.get("predictions", []) == [row["values"]["predictions"] for row in ROWS[:count]]
    assert found.probabilities.get("a]", []) == [row["probabilities"]["a]"] for row in ROWS[:count]]
    assert (found.targets, found.classes) == (ABOUT["targets"], ABOUT["classes"])
    assert [warning.model_dump() for warning in found.warnings] == [WARNING]


def test_what_several_requests_warn_of_alike_is_told_once() -> None:
    def said(rows: int, texts: list[str], count: int) -> PredictionsAnswer:
        warnings = strange({"note": (1, count)}, [])
        warnings.append(Problem("/rows/0/kind", unseen("kind", rows, texts)))
        told = [{"pointer": warning.pointer, "message": warning.message} for warning in warnings]
        return PredictionsAnswer.model_validate({**ABOUT, "rows": 0, "predictions": [], "warnings": told})

    found = gradmill.Predictions()
    for place, each in enumerate([said(2, ["z"], 1000), said(1, ["z"], 1), said(5, ["q"], 1000)]):
        found.add(each, place * 1000)
    assert [(warning.pointer, warning.message[:25]) for warning in found.warnings] == [
        ("/rows/1/note", 'column "note": 1,000 rows'),
        ("/rows/0/kind", 'column "kind": 2 rows hol'),
        ("/rows/2000/kind", 'column "kind": 5 rows hol'),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\xff",
        b'[{"predictions":[]}]',
        answer(ROWS)[:-3],
        answer(ROWS).partition(b'"warnings"')[0],
        answer(ROWS)[:100],
        answer(ROWS, 5),
        answer([*ROWS, {"values": 3}]),
        answer(ROWS).replace(b"{", b"(", 3),
    ],
)
def test_what_are_no_predictions_or_not_all_is_told(content: bytes) -> None:
    parser = Parser()

    def read() -> None:
        parser.feed(content)
        parser.end()

    with pytest.raises(gradmill.UnexpectedAnswer):
        read()


def test_no_more_is_kept_than_a_piece() -> None:
    content, size, count = answer(ROWS * 10_000), 2**14, 0
    parser = Parser()
    tracemalloc.start()
    try:
        for start in range(0, len(content), size):
            said = parser.feed(content[start : start + size])
            count += len(said.predictions) if said else 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert parser.end().rows == count == 40_000
    assert peak < len(content) / 4
