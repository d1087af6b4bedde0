"""Files of every kind with something wrong, through the whole service and its parsing child."""

from pathlib import Path

import pytest

from tests.api.spoilt import sent

COUNT, SEED = 12, 20_261_123


@pytest.mark.timeout(240)
def test_spoilt_files_are_read_or_refused_in_words_and_the_service_goes_on_as_before(tmp_path: Path) -> None:
    answered, wrong = sent(tmp_path, COUNT, SEED)
    assert wrong == []
    for kind, statuses in answered.items():
        assert sum(statuses.values()) == COUNT, kind
        assert statuses[422] > 0, kind
