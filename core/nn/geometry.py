"""How a window stands in an image: the whole numbers that the kernels of convolution and pooling run by."""

from typing import NamedTuple, Self

from core.nn.spec.convolution import Convolution, Pooling

Pair = tuple[int, int]

BAND = 48 * 1024  # elements of the image unfolded at once: they stay in the processor's cache
SLACK = 8  # elements beyond, since rows are copied in blocks
WIDE = 1024  # weights in a row of the windows, from which on dz is turned for the product of its places with the image's


class Geometry(NamedTuple):
    """A signal (C, L) is an image (C, 1, L). The padding is that above and on the left; what stands below and on the right
    follows from how many places the window has."""

    channels: int
    height: int
    width: int
    filters: int  # of a pooling: its channels
    kernel_height: int
    kernel_width: int
    stride_height: int
    stride_width: int
    padding_height: int
    padding_width: int
    out_height: int
    out_width: int
    band_height: int  # so many rows of places are reckoned at once

    @classmethod
    def of(cls, layer: Convolution | Pooling, shape: tuple[int, ...]) -> Self:
        """`shape` is (C, L) or (C, H, W), as the layer's name says. `out_height` or `out_width` is below 1 where the window is
        larger than the image with its padding."""
        channels, height, width = shape if len(shape) == 3 else (shape[0], 1, shape[1])

        def pair(value: int | Pair, of_no_height: int) -> Pair:
            if not isinstance(value, int):
                return value
            return (value if len(shape) == 3 else of_no_height), value

        if isinstance(layer, Convolution):
            filters, kernel = layer.filters, pair(layer.kernel, 1)
        else:
            filters, kernel = channels, pair(layer.size, 1)
        stride = kernel if layer.stride is None else pair(layer.stride, 1)
        if layer.padding == "same":  # an odd zero stands below, or on the right
            before, after = ((kernel[0] - 1) // 2, (kernel[1] - 1) // 2), (kernel[0] // 2, kernel[1] // 2)
        else:
            before = after = pair(0 if layer.padding == "valid" else layer.padding, 0)
        out_height = (height + before[0] + after[0] - kernel[0]) // stride[0] + 1
        out_width = (width + before[1] + after[1] - kernel[1]) // stride[1] + 1
        per_row = max(1, channels * kernel[1] * min(stride[0], kernel[0]) * out_width)
        band_height = max(1, min(out_height, BAND // per_row - (kernel[0] - 1) // stride[0]))
        return cls(channels, height, width, filters, *kernel, *stride, *before, out_height, out_width, band_height)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the outputs: (filters, height, width)."""
        return self.filters, self.out_height, self.out_width

    @property
    def places(self) -> int:
        """S: where the window stands."""
        return self.out_height * self.out_width

    @property
    def workspace(self) -> int:
        """How many elements a convolution needs beside its inputs and outputs."""
        rows = min(self.stride_height, self.kernel_height) * (self.band_height + (self.kernel_height - 1) // self.stride_height)
        n = self.channels * self.kernel_width
        turned = self.filters * self.band_height * self.out_width if self.filters * n >= WIDE else 0
        return self.filters * self.inputs_per_place + n * rows * self.out_width + SLACK + turned

    @property
    def inputs_per_place(self) -> int:
        """K: how many weights a filter has."""
        return self.channels * self.kernel_height * self.kernel_width
