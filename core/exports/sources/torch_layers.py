"""Layers that torch.nn has not."""

import torch
from torch import nn


class Residual(nn.Sequential):
    """y = x + f(x)"""

    def forward(self, x):
        return x + super().forward(x)


class Lookup(nn.Embedding):
    """Every input is the number of a row of the table; the rows follow one another."""

    def forward(self, x):
        return super().forward(x.long()).flatten(1)


class Lookups(nn.ModuleList):
    """Inputs that are numbers of rows of tables of their own, each column of `rows` one; the others pass as they are."""

    def __init__(self, rows, dimension):
        super().__init__(nn.Embedding(count, dimension) for count in rows.values())
        self.columns = list(rows)

    def forward(self, x):
        tables = dict(zip(self.columns, self, strict=True))
        parts = [tables[i](x[:, i].long()) if i in tables else x[:, i : i + 1] for i in range(x.shape[1])]
        return torch.cat(parts, 1)


class SoftmaxOfAll(nn.Module):
    """Over all values of a row, whatever their shape."""

    def forward(self, x):
        return x.flatten(1).softmax(1).reshape(x.shape)
