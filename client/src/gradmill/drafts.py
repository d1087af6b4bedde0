"""Files that are there when they are whole."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gradmill.errors import BadInput


@contextmanager
def draft_of(path: Path) -> Iterator[BinaryIO]:
    """To write into; it takes the file's place when all is written, and is gone where that fails. Of a process that is killed
    it stays, hidden."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder; the file needs a name")
    draft = path.with_name(f".gradmill-{secrets.token_hex(8)}.part")  # which nobody else has
    try:
        with draft.open("xb") as file:
            yield file
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
