"""Files that are not UTF-8, trained on and predicted, against a real service."""

import csv
import io

import pytest

import gradmill

pytestmark = pytest.mark.xdist_group("client")

NAMES = ("Möbelträger", "Größe")


def table(rows, encoding):
    """With umlauts in its header and its cells."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([(*NAMES, "Preis €"), *rows])
    return text.getvalue().encode(encoding)


ROWS = [(f"Straße {'ÄÖÜ'[i % 3]}", f"{i},5", 2 * i + 3) for i in range(30)]


@pytest.fixture
def files(tmp_path):
    """The same table, as a German spreadsheet saves it and in UTF-8."""
    for encoding in ("cp1252", "utf-8"):
        (tmp_path / f"{encoding}.csv").write_bytes(table(ROWS, encoding))
    return tmp_path


def test_what_a_file_was_written_in_is_said_once_and_counts_for_new_files(client, files):
    with pytest.raises(gradmill.InvalidData, match="encoding=windows-1252"):
        gradmill.train("auto", files / "cp1252.csv", "Preis €", client=client, epochs=2)
    model = gradmill.train("auto", files / "cp1252.csv", "Preis €", client=client, epochs=40, encoding="windows-1252")
    expected = model.job.predict([dict(zip(NAMES, (name, float(x.replace(",", "."))), strict=True)) for name, x, _ in ROWS])
    for name in ("cp1252", "utf-8"):
        found = model.job.predict(files / f"{name}.csv")
        assert (found.values, found.warnings) == (expected.values, expected.warnings)
    (files / "mac.csv").write_bytes(table(ROWS, "mac_roman"))
    assert model.job.predict(files / "mac.csv", encoding="macintosh").values == expected.values


def test_the_command_line_says_it_too(gradmill_, files):
    refused = gradmill_("datasets", "upload", "cp1252.csv", code=3)
    assert "--encoding windows-1252, where a Windows spreadsheet" in refused.stderr
    learned = ("--target", "Preis €", "--epochs", "2", "--encoding", "windows-1252")
    id = gradmill_("submit", "cp1252.csv", *learned, "--watch").stdout.split()[0]
    assert gradmill_("predict", id, "cp1252.csv").stdout == gradmill_("predict", id, "utf-8.csv").stdout
    unknown = gradmill_("datasets", "upload", "cp1252.csv", "--encoding", "ansi", code=3)
    assert "--encoding" in unknown.stderr
    assert "windows-1252" in unknown.stderr
