"""Memory for vectors that the compiled loop runs over."""

from typing import Any

import numpy as np
import numpy.typing as npt

CACHE_LINE = 64  # bytes


def aligned(size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """A vector of zeros that starts on a cache line; the operating system gives its pages when they are first touched."""
    width = np.dtype(dtype).itemsize
    raw = np.zeros(size * width + CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    return raw[start : start + size * width].view(dtype)


def aligned_rows(count: int, size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """So many rows of at least `size` zeros, each of which starts on a cache line."""
    lanes = CACHE_LINE // np.dtype(dtype).itemsize
    width = -(-size // lanes) * lanes
    return aligned(count * width, dtype).reshape(count, width)


def records(count: int, dtype: np.dtype[np.void]) -> Any:
    """Records of zeros whose fields are attributes, in compiled code and in plain Python alike."""
    return np.zeros(count, dtype).view(np.recarray)
