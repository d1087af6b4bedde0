"""What the service keeps is closed to the others on its machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.folders import keep_private, make_private
from core.store import Store, connect, upgrade


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def lax() -> Iterator[None]:
    """The usual umask, which lets everybody read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_folder_and_those_above_it_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "var" / "demo")
    assert (mode(tmp_path / "var"), mode(tmp_path / "var" / "demo")) == (0o700, 0o700)


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    make_private(tmp_path / "shared")
    make_private(tmp_path / "shared" / "data")
    assert (mode(tmp_path / "shared"), mode(tmp_path / "shared" / "data")) == (0o755, 0o700)


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "var")


def test_a_folder_in_the_place_of_a_file_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o755)
    keep_private(tmp_path / "folder")
    assert mode(tmp_path / "folder") == 0o755


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o640), (0o666, 0o660), (0o600, 0o600), (0o660, 0o660)])
def test_a_file_that_is_there_is_closed_to_all_but_its_owner_and_group(tmp_path: Path, before: int, after: int) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    file.chmod(before)
    keep_private(file)
    assert (mode(file), file.read_text()) == (after, "kept")


def test_a_database_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    upgrade(url)
    store = Store(connect(url))
    store.keys.all()
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"new.db"}
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    store.close()


def test_whoever_opens_a_missing_database_first_makes_it_for_its_owner_alone(tmp_path: Path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path}/new.db"))
    assert not store.is_at_head()
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    store.close()
