"""Units of numbers stand in four places, none of which may import another: the service, its client and both programs."""

import re
from pathlib import Path

import gradmill.readings
from core.data import units
from core.exports import sources

SIGNS = re.compile(r"\[(\$€[^]]*)\]")
CODES = re.compile(r"AUD(?:\|[A-Z]{3})+")


def test_all_of_them_know_the_same_units() -> None:
    files = [Path(units.__file__), Path(gradmill.readings.__file__)]
    files += [Path(sources.__file__ or "").with_name(name) for name in ("program.py", "program.mjs")]
    found = {(SIGNS.findall(text)[0], CODES.findall(text)[0]) for text in (file.read_text() for file in files)}
    assert len(found) == 1
    signs, codes = found.pop()
    for unit in (*signs, *codes.split("|")):
        assert units.parted(f"5 {unit}") == units.parted(f"{unit}5") == ("5", unit)
