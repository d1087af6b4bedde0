"""A program reads a CSV file as the service does."""

import csv
import io
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.table import read_columns
from core.exports import Name
from core.exports.golden import Golden
from core.nn.predictor import Predictor
from core.nn.preparation.features import Boolean, Feature, Indicator, Number, Text
from core.nn.preparation.reading import AS_IT_LOOKS, MISSING, Reading, ToPredict
from core.nn.preparation.tables import Fitting
from core.nn.saving.model import SavedModel
from tests.data.files import read_here
from tests.exports.models import model
from tests.exports.programs import ENVIRONMENT, PROGRAMS, interpreter, run, written

FEATURES: tuple[Feature, ...] = (
    Number("Fläche", 50.0, 20.0, 61.0),
    Indicator("Fläche"),
    Text("Ort", ("Köln", "Bad Münster", "k.A.", "3,5", ' "Ulm"; am\nSee')),
    Boolean("neu", 0.25),
)
OWN = Reading(missing_values=("k.A.", "?!"))
GROUPED = Reading(numbers=("Fläche",), missing_values=("k.A.",))
COMMA, POINT = Reading(decimal="comma"), Reading(decimal="point")

# name → the file, and what was said of its cells
READ: dict[str, tuple[str, Reading]] = {
    "commas": ("Fläche,Ort,neu\n1.5,Köln,true\n-2e1,k.A.,False\n7,Rom,TRUE\n", AS_IT_LOOKS),
    "semicolons": ("Fläche;Ort;neu\n1,5;Köln;true\n-2,5e1;Bad Münster;false\n7;3,5;true\n+,5;Köln;true\n", AS_IT_LOOKS),
    "tabs and points": ("Fläche\tOrt\tneu\n1.500\tKöln\ttrue\n.5\t3,5\tfalse\n", AS_IT_LOOKS),
    "tabs and commas": ("Ort\tneu\tFläche\nKöln\ttrue\t1,500\nUlm\tfalse\t2\n", AS_IT_LOOKS),
    "the delimiter that the header has most of": ("Fläche;Ort;neu;a,b;c\n1,5;Köln;true;1;2\n3,25;Rom;false;1;2\n", AS_IT_LOOKS),
    "a delimiter in quotes counts for nothing": ('"a;b;c;d;e",Fläche,Ort,neu\n1,1.5,Köln,true\n2,2.5,Rom,false\n', AS_IT_LOOKS),
    "byte order mark and ends of lines": ("\ufeffFläche;Ort;neu\r\n1,5;Köln;true\r\n2,5;Rom;false", AS_IT_LOOKS),
    "empty lines": ("\n\nFläche;Ort;neu\n\n1,5;Köln;true\n\n\n2,5;Rom;false\n\n", AS_IT_LOOKS),
    "a delimiter that is named": ("sep=;\r\nFläche;Ort;neu;a,b,c,d,e\r\n1,5;Köln;true;\r\n2,5;Rom;false;\r\n", AS_IT_LOOKS),
    "a delimiter that is named in quotes": ('"sep=\t"\nOrt\tneu\tFläche\nKöln\ttrue\t1.5\nUlm\tfalse\t2\n', AS_IT_LOOKS),
    "quotes": ('"Fläche";"Ort";"neu"\n"1,5";" ""Ulm""; am\nSee";"true"\n" 2,5 ";"";"false"\n', AS_IT_LOOKS),
    "quotes within": ('Fläche,Ort,neu\n1.5,K"ö"ln,true\n2.5,"Kö"ln,false\n', AS_IT_LOOKS),
    "words for missing": (
        "Fläche;Ort;neu\n" + "".join(f"{word};{word.upper()};{word.title()}\n" for word in MISSING) + "1,5;Köln;true\n",
        AS_IT_LOOKS,
    ),
    "own words for missing": ("Fläche;Ort;neu\nk.A.;k.A.;k.A.\n1,5;?!;true\nN/A;Köln;false\n?!;K.A.;?!\n", OWN),
    "words for missing that nobody told": ("Fläche;Ort;neu\n1,5;k.A.;true\n2,5;Köln;false\n", AS_IT_LOOKS),
    "flags as numbers": ("Fläche,Ort,neu\n1,Köln,1\n2,Rom,0\n", AS_IT_LOOKS),
    "flags as numbers with a point": ("Fläche,Ort,neu\n1,Köln,1.0\n2,Rom,\n3,Rom,0.0\n", AS_IT_LOOKS),
    "flags as numbers of flags": ("Fläche,Ort,neu\ntrue,Köln,1\nFalse,Rom,true\n,Rom,0\n", AS_IT_LOOKS),
    "numbers that mean flags": ("Fläche;Ort;neu\ntrue;Köln;true\nfalse;Rom;false\n", GROUPED),
    "thousands beside what is blank": ("Fläche;Ort;neu\n1.234;Köln;true\n ;Rom;false\n", GROUPED),
    "thousands with a sign": ("Fläche;Ort;neu\n+1.234;Köln;true\n-2.500;Rom;false\n", GROUPED),
    "thousands by points": ("Fläche;Ort;neu\n1.234,5;Köln;true\n12.345.678;Rom;false\n7;Rom;true\nk.A.;Rom;true\n", GROUPED),
    "thousands by commas": ('Fläche,Ort,neu\n"1,234.5",Köln,true\n 7 ,Rom,false\n k.A. ,Rom,true\n', GROUPED),
    "thousands by apostrophes": ("Fläche;Ort;neu\n1'234.5;Köln;true\n7’000;Rom;false\n1\u202f000;Rom;true\n", GROUPED),
    "thousands and decimal commas": ("Fläche;Ort;neu\n1.234,5;Köln;true\n12,5;Rom;false\n1.000;Rom;true\n", AS_IT_LOOKS),
    "thousands of a file that had decimal commas": ("Fläche;Ort;neu\n1.234;Köln;true\n+12.500;3,5;false\n950;;true\n", COMMA),
    "decimal commas between commas": ('Fläche,Ort,neu\n"1.234,5",Köln,true\n"2,25",Rom,false\n', COMMA),
    "thousands of a file that shows commas elsewhere": (
        "Fläche;Ort;neu;x\n1.234;Köln;true;3,5\n2.500;Rom;false;\n",
        AS_IT_LOOKS,
    ),
    "thousands of a file that shows points elsewhere": (
        "Fläche;Ort;neu;x\n1,234;Köln;true;0.5\n2,500;Rom;false;7\n",
        AS_IT_LOOKS,
    ),
    "commas of a file that shows both": ("Fläche;Ort;neu;x\n1,25;Köln;true;0.5\n2,5;Rom;false;7\n", AS_IT_LOOKS),
    "points of a file that shows both": ("Fläche;Ort;neu;x;y\n1.234;Köln;true;0.5;1,5\n2.500;Rom;false;7;3,5\n", AS_IT_LOOKS),
    "points of a file that shows commas too": ("Fläche;Ort;neu;x\n0.5;Köln;true;1,5\n1.250;Rom;false;7,5\n", COMMA),
    "commas of a file that shows points too": ("Fläche;Ort;neu;x\n1,5;Köln;true;0.5\n2,5;Rom;false;7.5\n", POINT),
    "a few signs beside texts show nothing": ("Fläche;Ort;neu;x\n1.234;Köln;true;3,5\n2.500;Rom;false;Ulm\n", AS_IT_LOOKS),
    "thousands between commas": ('Fläche,Ort,neu,x\n1.234,Köln,true,"3,5"\n2.500,Rom,false,"0,5"\n', COMMA),
    "points beside commas between commas": ('Fläche,Ort,neu,x\n0.5,Köln,true,"3,5"\n2.5,Rom,false,"0,5"\n', COMMA),
    "groups that show commas": ("Fläche;Ort;neu;x\n1.234;Köln;true;1.234.567\n2.500;Rom;false;5\n", AS_IT_LOOKS),
    "nothing behind the comma": ("Fläche;Ort;neu\n5,;Köln;true\n2,5;Rom;false\n", AS_IT_LOOKS),
    "a plus between commas": ("Fläche,Ort,neu\n+5,Köln,true\n2.5,Rom,false\n", AS_IT_LOOKS),
    "thousands of a file that has decimal points": ("Fläche;Ort;neu\n1,234;Köln;true\n-2,500.5;Rom;false\n0.5;;true\n", POINT),
    "any thousands beside a comma that was said": (
        "Fläche;Ort;neu\n1.234;Köln;true\n1 234,5;Rom;false\nk.A.;Rom;true\n",
        replace(GROUPED, decimal="comma"),
    ),
    "a unit behind": ("Fläche;Ort;neu\n1.234,50 €;Köln;true\n-7€;Rom;false\nk.A.;Rom;true\n;Rom;true\n", GROUPED),
    "a unit before": ('Fläche,Ort,neu\n"$1,234.5",Köln,true\n-$7,Rom,false\n$ 3,Rom,true\n', GROUPED),
    "a code and per cent": ("Fläche;Ort;neu\nEUR 12,5;Köln %;true\n+7\u202fEUR;Rom;false\n", GROUPED),
    "no thousands where nothing tells so": ("Fläche;Ort;neu\n1.234;Köln;true\n2.5;Rom;false\n", GROUPED),
    "no thousands by commas alone": ("Fläche;Ort;neu\n1,234;Köln;true\n22,5;Rom;false\n", GROUPED),
}

# name → the file, what was said of its cells, and what the program tells of it
REFUSED: dict[str, tuple[str, Reading, list[str]]] = {
    "a word that means nothing": (
        "Fläche;Ort;neu\n1,5;Köln;true\n\nk.a.;Köln;true\n",
        OWN,
        ["row 1 (line 4 of the file)", "Fläche", "k.a.", "such as 1.5, or in the whole column such as 1,5", "-, --, k.A., ?!"],
    ),
    "commas and points": (
        "Fläche;Ort;neu\n1,5;Köln;true\n3,5;Köln;true\n2.5;Köln;true\n",
        AS_IT_LOOKS,
        ["row 2 (line 4", "2.5"],
    ),
    "a thousand that nobody told": (
        'Fläche,Ort,neu\n"1,500",Köln,true\n1,Rom,false\n',
        AS_IT_LOOKS,
        ["row 0 (line 2", "1,500"],
    ),
    "a decimal point where commas are": (
        "Fläche;Ort;neu\n12.34;Köln;true\n",
        COMMA,
        ["row 0 (line 2", "12.34", "such as 1,5;"],
    ),
    "a decimal comma where points are": (
        "Fläche;Ort;neu\n12,34;Köln;true\n",
        POINT,
        ["row 0 (line 2", "12,34", "such as 1.5;"],
    ),
    "no flag": ("Fläche,Ort,neu\n1,Köln,yes\n", AS_IT_LOOKS, ["row 0 (line 2", "neu", "yes", "true or false is expected"]),
    "several units": ("Fläche,Ort,neu\n5 €,Köln,true\n$7,Rom,false\n", GROUPED, ["row 0 (line 2", "5 €"]),
    "a unit where numbers were": ("Fläche,Ort,neu\n5 €,Köln,true\n", AS_IT_LOOKS, ["row 0 (line 2", "5 €"]),
    "infinite": ("Fläche,Ort,neu\n1e400,Köln,true\n", AS_IT_LOOKS, ["1e400", "a finite number is expected"]),
    "digits of another script": ("Fläche,Ort,neu\n٣,Köln,true\n1_000,Köln,true\n", AS_IT_LOOKS, ["٣"]),
    "too few cells": ("Fläche;Ort;neu\n1;Köln;true\n1;Köln\n", AS_IT_LOOKS, ["row 1 (line 3", "has 2", "3, with", ";"]),
    "a column that is not there": ("Flaeche;Ort;neu\n1;Köln;true\n", AS_IT_LOOKS, ["there is no column", "Fläche", "Flaeche"]),
    "a column twice": ("Fläche;Ort;neu;Ort\n1;Köln;true;Köln\n", AS_IT_LOOKS, ["two columns are named", "Ort"]),
    "an open quote": ('Fläche;Ort;neu\n1;"Köln";true\n1;"Köln;true\n2;Rom;true\n', AS_IT_LOOKS, ["line 3", "quotes are wrong"]),
    "nothing": ("\n", AS_IT_LOOKS, ["it is empty", "a first line with the names of the columns is expected"]),
}


def learned(reading: Reading) -> SavedModel:
    made = model([{"units": 5, "activation": "tanh"}, {"units": 1}], FEATURES)
    return replace(made, card=replace(made.card, reading=reading))


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("form", PROGRAMS)
def test_it_predicts_of_a_file_what_the_service_predicts_of_it(form: Name, name: str, tmp_path: Path) -> None:
    content, reading = READ[name]
    agrees(form, learned(reading), content, reading, tmp_path)


@pytest.mark.parametrize("form", PROGRAMS)
def test_numbers_between_commas_have_points_whatever_the_training_data_had(form: Name, tmp_path: Path) -> None:
    for content in (
        "Fläche,Ort,neu\n1.234,Köln,true\n12.5,Rom,false\n",
        'Fläche,Ort,neu,x\n1.234,Köln,true,"3,5"\n2.5,Rom,false,Ulm\n',  # a number with a comma is no column of them
        'Fläche,Ort,neu,x\n1.234,Köln,true,"3,5"\n1.234,Köln,true,"3,5"\n2.500,Rom,false,Ulm\n',  # nor are two of a kind
    ):
        agrees(form, learned(COMMA), content, ToPredict(learned=COMMA), tmp_path)


@pytest.mark.parametrize("form", PROGRAMS)
def test_numbers_in_quotes_have_the_commas_that_the_training_data_had(form: Name, tmp_path: Path) -> None:
    meant = replace(GROUPED, decimal="comma")
    reading = ToPredict(numbers=meant.numbers, missing_values=meant.missing_values, learned=meant)
    for cells in (('"1,234 €"', '"961,85 €"'), ('"1,234"', '"1 234,5"'), ('"1,234"', "7"), ("7", "8")):
        content = "Fläche,Ort,neu\n" + "".join(f"{cell},Köln,true\n" for cell in cells)
        agrees(form, learned(meant), content, reading, tmp_path)


def agrees(form: Name, made: SavedModel, content: str, reading: Reading, tmp_path: Path) -> None:
    """The program with the service, which reads the file so."""
    schema = read_here(content.encode(), "csv", tmp_path, reading=reading).schema
    fitting = Fitting(schema, made.card.preprocessing, np.float64)
    table = read_columns(tmp_path / "table", fitting.names)
    expected = Predictor(made).predict(fitting.block(table, 0, schema.rows)).values["price"]
    done = run(form, written(form, made, tmp_path, Golden.none()), str(tmp_path / "source"))
    assert (done.returncode, done.stderr) == (0, "")
    found = [float(row["price"]) for row in csv.DictReader(io.StringIO(done.stdout))]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("form", PROGRAMS)
def test_it_says_in_a_line_what_it_cannot_read(form: Name, name: str, tmp_path: Path) -> None:
    content, reading, told = REFUSED[name]
    (tmp_path / "rows.csv").write_text(content, encoding="utf-8")
    done = run(form, written(form, learned(reading), tmp_path, Golden.none()), str(tmp_path / "rows.csv"))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    for words in ("rows.csv: ", *told):
        assert words in done.stderr


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_file_that_is_not_there_or_no_text_is_told_in_a_line(form: Name, tmp_path: Path) -> None:
    file = written(form, learned(AS_IT_LOOKS), tmp_path, Golden.none())
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "latin.csv").write_bytes("Fläche;Ort;neu\n1;Köln;true\n".encode("latin-1"))
    absent = "cannot be read: No such file or directory"
    for name, told in (("none.csv", absent), ("folder.csv", "cannot be read"), ("latin.csv", "is not UTF-8")):
        done = run(form, file, str(tmp_path / name))
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        assert name in done.stderr
        assert told in done.stderr


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_file_may_be_written_as_the_training_data_were(form: Name, tmp_path: Path) -> None:
    file = written(form, learned(Reading(encoding="windows-1252")), tmp_path, Golden.none())
    text = "Fläche;Ort;neu;€\n1,5;Köln;true;1\n2;Bad Münster;false;2\n"
    told = []
    for encoding in ("utf-8", "cp1252"):
        (tmp_path / "rows.csv").write_bytes(text.encode(encoding))
        done = run(form, file, str(tmp_path / "rows.csv"))
        assert (done.returncode, done.stderr) == (0, "")
        told.append(done.stdout)
    assert told[0] == told[1] != ""


@pytest.mark.parametrize("form", PROGRAMS)
def test_every_character_of_windows_is_read(form: Name, tmp_path: Path) -> None:
    letters = bytes(code for code in range(0x80, 0x100) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)).decode("cp1252")
    made = model([{"units": 1}], (Text("letter", tuple(letters)),))
    program = written(form, replace(made, card=replace(made.card, reading=Reading(encoding="windows-1252"))), tmp_path)
    told = []
    for encoding in ("utf-8", "cp1252"):
        (tmp_path / "rows.csv").write_bytes("\n".join(["letter", *letters]).encode(encoding))
        done = run(form, program, str(tmp_path / "rows.csv"))
        assert (done.returncode, done.stderr) == (0, "")
        told.append(done.stdout.splitlines())
    assert told[0] == told[1]
    assert len(set(told[0])) > 100


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_reader_that_has_seen_enough_ends_it_without_a_word(form: Name, tmp_path: Path) -> None:
    file = written(form, learned(AS_IT_LOOKS), tmp_path, Golden.none())
    (tmp_path / "rows.csv").write_text("Fläche;Ort;neu\n" + "1,5;Köln;true\n" * 20_000, encoding="utf-8")
    command = [*interpreter(form), str(file), str(tmp_path / "rows.csv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "price\n"
        program.stdout.close()
        assert program.stderr is not None
        assert program.stderr.read() == ""
