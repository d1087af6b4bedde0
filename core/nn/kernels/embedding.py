"""Embedding: a learned row of a table stands for each value of a categorical column. Bengio et al. 2003.

x (B, n) holds the indices in `count` columns from the `first` on; table (V, d), and y takes d columns for each of these, from
`place` on.
"""

from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import clear


@kernel
def lookup(x: Any, first: int, count: int, table: Any, y: Any, place: int) -> None:
    """y = table[x]. Overwrites those columns of y."""
    d = table.shape[1]
    for i in range(x.shape[0]):
        for k in range(count):
            index, start = int(x[i, first + k]), place + k * d
            for j in range(d):
                y[i, start + j] = table[index, j]


@kernel
def d_lookup(x: Any, first: int, count: int, dy: Any, place: int, dtable: Any) -> None:
    """dtable[v] = Σ dy where x = v. Overwrites dtable."""
    d = dtable.shape[1]
    clear(dtable.ravel())
    for i in range(x.shape[0]):
        for k in range(count):
            index, start = int(x[i, first + k]), place + k * d
            for j in range(d):
                dtable[index, j] += dy[i, start + j]


@kernel
def pass_through(x: Any, first: int, count: int, y: Any, place: int) -> None:
    """Copies `count` columns of x from the `first` on to the columns of y from `place` on; backward from dy to dx."""
    for i in range(x.shape[0]):
        for j in range(count):
            y[i, place + j] = x[i, first + j]
