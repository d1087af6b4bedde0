"""Where the compiled kernels are kept: beside their sources, under a hash of ALL of them and of the processor.

Numba looks at the one file in which a function stands; a formula changed in another file would go unnoticed. This is the one
module of `core.nn` that touches files.
"""

import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Self

import numba
import numba.core.config
from llvmlite import binding

config: Any = numba.core.config
HERE = Path(__file__).parent
NEIGHBOURS = ("engine", "geometry", "metrics", "optimizers", "program", "records", "schedules")
SOURCES = (*sorted(HERE.glob("*.py")), *(HERE.parent / f"{name}.py" for name in NEIGHBOURS))


@cache
def source_digest() -> str:
    """A hash of every source that compiled code depends on."""
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@cache
def processor() -> str:
    """What code is compiled for: this processor's name and a hash of its features, or what Numba was told instead."""
    name = config.CPU_NAME or binding.get_host_cpu_name()
    features = binding.get_host_cpu_features().flatten() if config.CPU_FEATURES is None else config.CPU_FEATURES
    return f"{platform.machine()} {name} {hashlib.sha256(features.encode()).hexdigest()[:8]}"


def interpreter() -> str:
    """What the sources are read by; Numba compiles its bytecode, which differs from one minor version to the next."""
    return f"{sys.implementation.cache_tag}{' uncompiled' if config.DISABLE_JIT else ''}"


@cache
def cache_directory() -> Path:
    """Beside the sources; where that folder is neither writable nor filled already, one of this user's for temporary files.

    What lies there will be run: a folder that belongs to somebody else is refused.
    """
    target = hashlib.sha256(f"{numba.__version__} {interpreter()} {processor()}".encode()).hexdigest()[:8]
    name = f"kernels-{source_digest()}-{target}"
    beside = HERE / "__pycache__" / name
    if beside.is_dir() or os.access(HERE, os.W_OK):
        return beside
    own = Path(tempfile.gettempdir()) / f"gradmill-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    if own.is_symlink() or own.stat().st_uid != os.getuid() or own.stat().st_mode & 0o077:
        raise PermissionError(f"{own} must be a folder of this user alone, since the code in it is run; remove it")
    return own / name


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
