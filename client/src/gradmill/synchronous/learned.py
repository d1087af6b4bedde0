"""What a job has learned: its weights, and how they came to be.

Made from asynchronous/learned.py by `python -m client.generate`; not to be edited.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from gradmill import safetensors
from gradmill.answering import model_of
from gradmill.answers import SnapshotAnswer, TraceAnswer
from gradmill.calls import get
from gradmill.spec import Form
from gradmill.synchronous.handle import Handle
from gradmill.synchronous.paging import pages

if TYPE_CHECKING:
    from numpy.typing import NDArray

Which = Literal["best", "last"] | int  # an epoch whose weights were kept: training.snapshots


class Learned(Handle):
    """Of the best epoch, of the last, or of one whose weights were kept."""

    def snapshots(self) -> list[SnapshotAnswer]:
        """The epochs whose weights were kept as it learned, where `snapshots` of its training asked for some."""
        return [model_of(SnapshotAnswer, each) for each in pages(self._transport, get(self._path("snapshots")))]

    def trace(self, row: int = 0, *, epoch: Which | None = None) -> TraceAnswer:
        """One row of its data on the way through the network, and the error on the way back: weighted sums, activations, loss,
        each node's error, each weight's gradient and step. Untraceable where the network has more than dense layers."""
        return model_of(TraceAnswer, self._transport.json(get(self._path("trace"), {"row": row, "epoch": epoch})))

    def weights(self, *, epoch: Which | None = None) -> "dict[str, NDArray[Any]]":
        """NumPy arrays by the names that `torch.nn.Sequential` has: `0.weight (outputs, inputs)`, `0.bias (outputs,)`. Of the
        best epoch, of the last, or of one that was kept."""
        return (self.tensors(epoch=epoch)).arrays

    def tensors(self, *, epoch: Which | None = None) -> safetensors.Tensors:
        """The same with the metadata, which say what inputs and outputs mean."""
        with TemporaryDirectory(prefix="gradmill") as folder:
            path = self.download(Path(folder, "weights"), epoch=epoch)
            return safetensors.read(path)

    def download(self, path: str | Path, *, format: Form | str = "safetensors", epoch: Which | None = None) -> Path:
        """The weights as a file, which is there when it is whole."""
        call = get(self._path("weights"), {"format": format, "epoch": epoch}, headers={"Accept": "*/*"})
        return self._transport.download(call, Path(path))
