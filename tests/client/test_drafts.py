"""Files that are there when they are whole, wherever their path leads."""

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

import gradmill
from gradmill.cli.output import into
from gradmill.drafts import draft_of


def write(path: Path, content: bytes = b"new") -> None:
    with draft_of(path) as file:
        file.write(content)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"old")
    with pytest.raises(TypeError), draft_of(tmp_path / "mine") as file:
        file.writelines([b"half", 1])
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("mine", b"old")]


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o755])
def test_a_file_that_is_written_over_keeps_its_mode(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(kept)
    with draft_of(path) as file:
        (draft,) = (each for each in tmp_path.iterdir() if each != path)
        assert mode(draft) == kept  # before anything stands in it
        file.write(b"new")
    assert (mode(path), path.read_bytes()) == (kept, b"new")


@pytest.mark.parametrize("is_there", [True, False])
def test_of_a_link_the_target_is_written(tmp_path: Path, is_there: bool) -> None:
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    target.parent.mkdir()
    if is_there:
        target.write_bytes(b"old")
    link.symlink_to(target)
    write(link)
    assert (link.is_symlink(), target.is_symlink(), target.read_bytes()) == (True, False, b"new")
    assert [each.name for each in target.parent.iterdir()] == ["target"]


def test_a_pipe_and_a_device_stay_what_they_are(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with into(str(pipe)) as text:
        text.write("all of it")
    reader.join(60)
    assert (read, pipe.is_fifo(), [each.name for each in tmp_path.iterdir()]) == ([b"all of it"], True, ["pipe"])
    null = Path(os.devnull)
    write(null)
    assert null.is_char_device()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(gradmill.BadInput, match="is a folder"):
        write(tmp_path)
