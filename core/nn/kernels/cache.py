"""Where the compiled kernels are kept: beside their sources, under a hash of ALL of them.

Numba looks at the one file in which a function stands; a formula changed in another file would go unnoticed.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
SOURCES = (*sorted(HERE.glob("*.py")), HERE.parent / "engine.py", HERE.parent / "program.py")


@cache
def source_digest() -> str:
    """A hash of every source that compiled code depends on."""
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_directory() -> Path:
    """Beside the sources; where that folder is neither writable nor filled already, in the folder for temporary files."""
    beside = HERE / "__pycache__" / f"kernels-{source_digest()}"
    if beside.is_dir() or os.access(HERE, os.W_OK):
        return beside
    return Path(tempfile.gettempdir()) / f"gradmill-{os.getuid()}" / beside.name


class KernelCache:
    """Numba's protocol of a cache locator."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._lineno = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> Self:
        return cls(function, file)

    def get_cache_path(self) -> str:
        path = cache_directory()
        path.mkdir(parents=True, exist_ok=True)
        return str(path)

    ensure_cache_path = get_cache_path

    def get_source_stamp(self) -> str:
        return source_digest()

    def get_disambiguator(self) -> str:
        return str(self._lineno)
