"""The forms in which weights are given."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import pytest

from core.errors import TooLarge, Unexportable
from core.exports import FORMS, STORED, Name, check_size, exporter, javascript, python
from core.exports.pieces import needed, pieces
from core.exports.steps import steps_of
from core.nn.spec.base import Spec
from tests.exports.models import problem

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()


def test_every_form_that_is_not_stored_has_an_exporter() -> None:
    assert set(FORMS) == set(get_args(Name))
    for name in FORMS:
        assert name == STORED or callable(exporter(name))


def test_no_two_forms_have_the_same_media_type_or_suffix() -> None:
    assert len({form.media_type for form in FORMS.values()}) == len({form.suffix for form in FORMS.values()}) == len(FORMS)


@pytest.mark.parametrize("name", FORMS)
def test_the_reference_tells_of_every_form(name: Name) -> None:
    form = FORMS[name]
    size = "any size" if form.most_bytes is None else f"{form.most_bytes // 2**20} MiB"
    assert re.search(rf"^\| `{name}` \| `{re.escape(form.media_type)}` \| .* \| {size} \|$", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_takes_weights_up_to_its_size(name: Name) -> None:
    most = FORMS[name].most_bytes
    if most is None:
        check_size(name, 2**50)
        return
    check_size(name, most)
    with pytest.raises(TooLarge) as refused:
        check_size(name, most + 1)
    assert f"the weights have {most + 1:,} bytes; as {name} they are given up to {most // 2**20} MiB" in refused.value.message
    takers = refused.value.message.rpartition(": ")[2].split(", ")
    assert STORED in takers
    assert name not in takers


class Strange(Spec):
    type: Literal["strange"] = "strange"


def test_a_layer_that_programs_do_not_know_is_named_with_its_place() -> None:
    card = problem("a number").card
    network = card.network.model_construct(layers=(*card.network.layers, Strange()), dtype="float32")
    with pytest.raises(Unexportable, match="no layer of the type strange") as refused:
        steps_of(replace(card, network=network))
    assert [problem.pointer for problem in refused.value.problems] == ["/network/layers/2"]


@pytest.mark.parametrize("files", [python.SOURCES, javascript.SOURCES])
def test_every_function_of_the_sources_is_found_with_what_it_calls(files: tuple[str, ...]) -> None:
    found: dict[str, str] = {name: text for file in files for name, text in pieces(file).items()}
    assert {"dense", "convolution", "sigmoid", "value", "numeral", "main"} <= found.keys()
    for name, text in found.items():
        others = needed(files, f"{name}(")
        assert text in others
        for other in others:
            assert set(needed(files, other)) <= set(others)
