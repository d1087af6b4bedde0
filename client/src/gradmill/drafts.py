"""Files that are there when they are whole."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from gradmill.errors import BadInput


@contextmanager
def draft_of(path: Path) -> Iterator[BinaryIO]:
    """To write into; it takes the file's place when all is written, with the file's mode, and is gone where that fails. Of a
    link it is the place that the link leads to. A pipe or a device stays, and all is written into it."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder; the file needs a name")
    if path.exists() and not path.is_file():
        with TemporaryDirectory(prefix="gradmill") as folder:
            draft = Path(folder, "draft")
            with draft.open("xb") as file:
                yield file
            with draft.open("rb") as whole, path.open("wb") as into:
                shutil.copyfileobj(whole, into)
    else:
        with _beside(Path(os.path.realpath(path))) as file:
            yield file


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """Of a process that is killed it stays, hidden."""
    draft = path.with_name(f".gradmill-{secrets.token_hex(8)}.part")  # which nobody else has
    try:
        with draft.open("xb") as file:
            if path.exists():
                shutil.copymode(path, draft)
            yield file
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
