"""Layers that look at an image, or at a signal, through a window: convolution and pooling.

Shapes are channels first, as in PyTorch: an image is (C, H, W), a signal (C, L).
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.nn.spec.activations import Activation, Identity
from core.nn.spec.base import Flag, Penalty, Positive, Spec
from core.nn.spec.initializers import GlorotUniform, Initializer, Zeros

Extent = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Extents = tuple[Extent, Extent]
Margin = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Margins = tuple[Margin, Margin]
Padding = Literal["same", "valid"]


class Convolution(Spec):
    """What the convolutions share."""

    type: str
    filters: int = Field(strict=True, ge=1, le=100_000, description="How many filters, that is output channels, the layer has.")
    kernel: Extent | Extents
    stride: Extent | Extents = 1
    padding: Margin | Margins | Padding = Field(
        0, description='How many zeros stand on each side; "same" keeps the extent where the stride is 1, "valid" is 0.'
    )
    activation: Activation = Identity()
    bias: Flag = True
    weight_initializer: Initializer = GlorotUniform()
    bias_initializer: Initializer = Zeros()
    l1: Penalty = 0.0
    l2: Penalty = 0.0
    max_norm: Positive | None = None

    @model_validator(mode="after")
    def _same_needs_stride_1(self) -> Self:
        if self.padding == "same" and self.stride not in (1, (1, 1)):
            raise ValueError('padding is "same", which needs stride 1; for another stride give the padding as a number')
        return self


class Convolution1D(Convolution):
    """Every filter is a window of weights over all channels, moved over the signal; (C, L) becomes (filters, L') with
    L' = ⌊(L + 2p − k) / s⌋ + 1 for the kernel k, stride s and padding p. Waibel et al. 1989"""

    type: Literal["convolution_1d"] = "convolution_1d"
    kernel: Extent
    stride: Extent = 1
    padding: Margin | Padding = Field(
        0, description='How many zeros stand on each side; "same" keeps the length where the stride is 1, "valid" is 0.'
    )


class Convolution2D(Convolution):
    """Every filter is a window of weights over all channels, moved over the image; (C, H, W) becomes (filters, H', W') with
    H' = ⌊(H + 2p − k) / s⌋ + 1. `kernel`, `stride` and `padding` are [height, width], or one number for both. LeCun et al.
    1998"""

    type: Literal["convolution_2d"] = "convolution_2d"


class Pooling(Spec):
    """What the poolings share: the window's size, by how much it moves (its size, where nothing is said) and the padding."""

    type: str
    size: Extent | Extents
    stride: Extent | Extents | None = Field(None, description="By how much the window moves; by its own size where it is null.")
    padding: Margin | Margins = Field(0, description="Places added on each side, at most half of the size.")

    @model_validator(mode="after")
    def _padding_is_at_most_half_of_the_size(self) -> Self:
        sizes, paddings = ((value, value) if isinstance(value, int) else value for value in (self.size, self.padding))
        if any(2 * padding > size for size, padding in zip(sizes, paddings, strict=True)):
            raise ValueError(f"padding is {_shown(self.padding)}; it must be at most half of the size {_shown(self.size)}")
        return self


class _Pooling1D(Pooling):
    size: Extent
    stride: Extent | None = Field(None, description="By how much the window moves; by its own size where it is null.")
    padding: Margin = Field(0, description="Places added on each side, at most half of the size.")


class MaxPooling1D(_Pooling1D):
    """y = the highest x in a window that moves over the signal, channel by channel; (C, L) becomes (C, L') with
    L' = ⌊(L + 2p − size) / s⌋ + 1; what is padded is never the highest"""

    type: Literal["max_pooling_1d"] = "max_pooling_1d"


class MaxPooling2D(Pooling):
    """y = the highest x in a window that moves over the image, channel by channel. `size`, `stride` and `padding` are
    [height, width], or one number for both; what is padded is never the highest"""

    type: Literal["max_pooling_2d"] = "max_pooling_2d"


class AveragePooling1D(_Pooling1D):
    """y = the mean of x in a window that moves over the signal, channel by channel; what is padded counts as 0"""

    type: Literal["average_pooling_1d"] = "average_pooling_1d"


class AveragePooling2D(Pooling):
    """y = the mean of x in a window that moves over the image, channel by channel; what is padded counts as 0. `size`, `stride`
    and `padding` are [height, width], or one number for both"""

    type: Literal["average_pooling_2d"] = "average_pooling_2d"


def _shown(value: int | tuple[int, int]) -> str:
    return str(value) if isinstance(value, int) else f"[{value[0]}, {value[1]}]"
