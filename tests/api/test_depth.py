"""How deep a body may be nested, and how little of it is looked at one by one."""

import pytest

from api.bodies import MOST_DEPTH, parsed
from api.errors import Refused

FORMS = [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")]


@pytest.mark.parametrize(("opening", "closing"), FORMS)
def test_what_is_nested_too_deeply_is_refused_and_what_is_not_is_read(opening: bytes, closing: bytes) -> None:
    each = opening.count(b"[") + opening.count(b"{")
    most = MOST_DEPTH // each
    assert parsed(opening * most + b"1" + closing * most) is not None
    for more in (most + 2, 2 * most, 10_000):
        with pytest.raises(Refused, match="levels deep"):
            parsed(opening * (more + 1) + b"1" + closing * (more + 1))


def test_brackets_in_texts_count_for_nothing() -> None:
    for text in (b"[" * 100, b"{" * 100, rb"\"{" * 100, b"{}[" * 100):
        assert parsed(b'{"a":"%b","b":[{}]}' % text)["b"] == [{}]
