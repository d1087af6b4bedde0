"""What a job has learned: its weights, and how they came to be."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from gradmill import safetensors
from gradmill.answering import model_of
from gradmill.answers import SnapshotAnswer, TraceAnswer
from gradmill.asynchronous.handle import AsyncHandle
from gradmill.asynchronous.paging import pages
from gradmill.calls import get
from gradmill.spec import Form

if TYPE_CHECKING:
    from numpy.typing import NDArray

Which = Literal["best", "last"] | int  # an epoch whose weights were kept: training.snapshots


class AsyncLearned(AsyncHandle):
    """Of the best epoch, of the last, or of one whose weights were kept."""

    async def snapshots(self) -> list[SnapshotAnswer]:
        """The epochs whose weights were kept as it learned, where `snapshots` of its training asked for some."""
        return [model_of(SnapshotAnswer, each) async for each in pages(self._transport, get(self._path("snapshots")))]

    async def trace(self, row: int = 0, *, epoch: Which | None = None) -> TraceAnswer:
        """One row of its data on the way through the network, and the error on the way back: weighted sums, activations, loss,
        each node's error, each weight's gradient and step. Untraceable where the network has more than dense layers."""
        return model_of(TraceAnswer, await self._transport.json(get(self._path("trace"), {"row": row, "epoch": epoch})))

    async def weights(self, *, epoch: Which | None = None) -> "dict[str, NDArray[Any]]":
        """NumPy arrays by the names that `torch.nn.Sequential` has: `0.weight (outputs, inputs)`, `0.bias (outputs,)`. Of the
        best epoch, of the last, or of one that was kept."""
        return (await self.tensors(epoch=epoch)).arrays

    async def tensors(self, *, epoch: Which | None = None) -> safetensors.Tensors:
        """The same with the metadata, which say what inputs and outputs mean."""
        with TemporaryDirectory(prefix="gradmill") as folder:
            path = await self.download(Path(folder, "weights"), epoch=epoch)
            return await asyncio.to_thread(safetensors.read, path)

    async def download(self, path: str | Path, *, format: Form | str = "safetensors", epoch: Which | None = None) -> Path:
        """The weights as a file, which is there when it is whole."""
        call = get(self._path("weights"), {"format": format, "epoch": epoch}, headers={"Accept": "*/*"})
        return await self._transport.download(call, Path(path))
