"""The whole document, explored by a tool that knows nothing of the service but the document."""

from pathlib import Path

import pytest

from tests.api.explorer import explored

SEED = 20_261_123
COMBED = ("create_job", "check_network")  # a body of so many fields that to comb through it takes minutes


@pytest.mark.timeout(240)
def test_every_answer_to_drawn_requests_and_what_follows_from_them_is_as_documented(tmp_path: Path) -> None:
    status, said = explored(tmp_path, 10, SEED, "--phases", "examples,fuzzing,stateful")
    assert status == 0, said[-20_000:]
    assert "No tests were run" not in said


@pytest.mark.timeout(240)
def test_every_answer_at_the_edges_of_each_field_is_as_documented(tmp_path: Path) -> None:
    left_out = (word for id in COMBED for word in ("--exclude-operation-id", id))
    status, said = explored(tmp_path, 1, SEED, "--phases", "coverage", *left_out)
    assert status == 0, said[-20_000:]
    assert "No tests were run" not in said
