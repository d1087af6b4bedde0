"""Which bytes an answer holds, by the rules of HTTP."""

import pytest

from api.negotiation import Unsatisfiable, byte_range, is_match, preferred, preferred_wait_s

OFFERED = ["application/json", "text/csv"]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0.5, */*", "application/json"),
        ("text/csv, application/json", "application/json"),
        ("text/csv;q=0, text/*", None),
        ("application/json;q=0, */*", "text/csv"),
        ("text/html", None),
        ("text/csv;q=oops", None),
    ],
)
def test_the_form_is_the_one_that_the_client_likes_best(accept: str, chosen: str | None) -> None:
    assert preferred(accept, OFFERED) == chosen


@pytest.mark.parametrize(
    ("header", "is_same"),
    [
        (None, False),
        ("", False),
        ('"1"', True),
        ('W/"1"', True),
        ('"2", "1"', True),
        ("*", True),
        ('"11"', False),
        ("1", False),
    ],
)
def test_tags_are_compared_weakly(header: str | None, is_same: bool) -> None:
    assert is_match(header, '"1"') is is_same


@pytest.mark.parametrize(
    ("header", "piece"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=2-4", (2, 5)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=9-900", (9, 10)),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
    ],
)
def test_a_range_is_a_half_open_interval(header: str | None, piece: tuple[int, int] | None) -> None:
    assert byte_range(header, None, '"a"', 10) == piece


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_given(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        byte_range(header, None, '"a"', 10)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("wait=30", 30),
        ("respond-async, WAIT = 5", 5),
        ('wait="7"; x', 7),
        ("await=3", None),
        ("wait=x", None),
        ("wait=-1", None),
    ],
)
def test_the_wait_is_read_out_of_the_preferences(header: str | None, seconds: float | None) -> None:
    assert preferred_wait_s(header) == seconds
