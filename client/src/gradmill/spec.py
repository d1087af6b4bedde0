"""The words of a request, typed: an editor completes them, a type checker finds what is misspelt.

All of them are plain dictionaries, so what the service documents may be sent as it stands there: `{"type": "relu"}` is
`ReLU(type="relu")`, and where nothing else is needed the bare name `"relu"`.

Made from the OpenAPI document of the service by `python -m client.generate`; not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Identity(TypedDict):
    """y = z"""

    type: Literal["identity"]


class Sigmoid(TypedDict):
    """y = 1 / (1 + e⁻ᶻ)"""

    type: Literal["sigmoid"]


class Tanh(TypedDict):
    """y = tanh z"""

    type: Literal["tanh"]


class ReLU(TypedDict):
    """y = max(0, z)"""

    type: Literal["relu"]


class LeakyReLU(TypedDict):
    """y = z where z > 0, else slope · z; Maas et al. 2013"""

    type: Literal["leaky_relu"]
    negative_slope: NotRequired[float]
    """Default: 0.01."""


class PReLU(TypedDict):
    """y = z where z > 0, else slope · z, with one learned slope for each unit or channel; He et al. 2015, eq. 1"""

    type: Literal["prelu"]
    initial_slope: NotRequired[float]
    """Default: 0.25."""


class ELU(TypedDict):
    """y = z where z > 0, else α (eᶻ − 1); Clevert et al. 2016, eq. 15"""

    type: Literal["elu"]
    alpha: NotRequired[float]
    """Default: 1.0."""


class SELU(TypedDict):
    """y = 1.0507 · z where z > 0, else 1.0507 · 1.6733 (eᶻ − 1); Klambauer et al. 2017, eq. 2"""

    type: Literal["selu"]


class GELU(TypedDict):
    """y = z Φ(z), Φ that of the normal distribution; with the approximation "tanh" y = z / 2 · (1 + tanh(√(2/π) (z +
    0.044715 z³))); Hendrycks and Gimpel 2016"""

    type: Literal["gelu"]
    approximation: NotRequired[Literal["none", "tanh"]]
    """Default: "none"."""


class SiLU(TypedDict):
    """y = z / (1 + e⁻ᶻ), also known as swish; Elfwing et al. 2018, eq. 2"""

    type: Literal["silu"]


class Softplus(TypedDict):
    """y = ln(1 + e^(β z)) / β; Dugas et al. 2001, eq. 1"""

    type: Literal["softplus"]
    beta: NotRequired[float]
    """Default: 1.0."""


class Softsign(TypedDict):
    """y = z / (1 + |z|); Bergstra et al. 2009"""

    type: Literal["softsign"]


class HardTanh(TypedDict):
    """y = min(max(z, minimum), maximum); Collobert 2004"""

    type: Literal["hard_tanh"]
    minimum: NotRequired[float]
    """Default: -1.0."""
    maximum: NotRequired[float]
    """Default: 1.0."""


class Softmax(TypedDict):
    """yⱼ = eᶻʲ / Σₖ eᶻᵏ, over the units of the layer; Bridle 1990"""

    type: Literal["softmax"]


class Zeros(TypedDict):
    """0"""

    type: Literal["zeros"]


class Constants(TypedDict):
    """value"""

    type: Literal["constant"]
    value: float


class Uniform(TypedDict):
    """U(−limit, limit)"""

    type: Literal["uniform"]
    limit: NotRequired[float]
    """Default: 0.05."""


class Normal(TypedDict):
    """N(0, deviation²)"""

    type: Literal["normal"]
    deviation: NotRequired[float]
    """Default: 0.05."""


class TruncatedNormal(TypedDict):
    """N(0, deviation²) without what lies beyond ±2 deviations"""

    type: Literal["truncated_normal"]
    deviation: NotRequired[float]
    """Default: 0.05."""


class GlorotUniform(TypedDict):
    """U(−a, a) with a = √(6 / (inputs + outputs)); Glorot and Bengio 2010, eq. 16"""

    type: Literal["glorot_uniform"]


class GlorotNormal(TypedDict):
    """N(0, 2 / (inputs + outputs)); Glorot and Bengio 2010, eq. 12"""

    type: Literal["glorot_normal"]


class HeUniform(TypedDict):
    """U(−a, a) with a = √(6 / inputs); He et al. 2015, eq. 10"""

    type: Literal["he_uniform"]


class HeNormal(TypedDict):
    """N(0, 2 / inputs); He et al. 2015, eq. 10"""

    type: Literal["he_normal"]


class LeCunUniform(TypedDict):
    """U(−a, a) with a = √(3 / inputs); LeCun et al. 1998, eq. 16"""

    type: Literal["lecun_uniform"]


class LeCunNormal(TypedDict):
    """N(0, 1 / inputs); LeCun et al. 1998, eq. 16"""

    type: Literal["lecun_normal"]


class Orthogonal(TypedDict):
    """gain · Q with orthonormal rows or columns, whichever are fewer, each such Q equally likely; Saxe et al. 2014"""

    type: Literal["orthogonal"]
    gain: NotRequired[float]
    """Default: 1.0."""


class Dense(TypedDict):
    """y = f(x W + b): every unit sums all inputs, each times its weight, adds its bias, and applies the activation."""

    type: NotRequired[Literal["dense"]]
    units: int
    """How many units, that is outputs, the layer has."""
    activation: NotRequired[Activation]
    """Default: "identity"."""
    bias: NotRequired[bool]
    """Default: true."""
    weight_initializer: NotRequired[Initializer]
    """Default: "glorot_uniform"."""
    bias_initializer: NotRequired[Initializer]
    """Default: "zeros"."""
    l1: NotRequired[float]
    """Adds l1 · Σ |W| to the loss. Default: 0.0."""
    l2: NotRequired[float]
    """Adds l2 · Σ W² to the loss. Default: 0.0."""
    max_norm: NotRequired[float | None]
    """After each step no unit's weights have a norm above this."""


class Convolution1D(TypedDict):
    """Every filter is a window of weights over all channels, moved over the signal; (C, L) becomes (filters, L') with
    L' = ⌊(L + 2p − k) / s⌋ + 1 for the kernel k, stride s and padding p. Waibel et al. 1989"""

    type: Literal["convolution_1d"]
    filters: int
    """How many filters, that is output channels, the layer has."""
    kernel: int
    stride: NotRequired[int]
    """Default: 1."""
    padding: NotRequired[int | Literal["same", "valid"]]
    """How many zeros stand on each side; "same" keeps the length where the stride is 1, "valid" is 0. Default: 0."""
    activation: NotRequired[Activation]
    """Default: "identity"."""
    bias: NotRequired[bool]
    """Default: true."""
    weight_initializer: NotRequired[Initializer]
    """Default: "glorot_uniform"."""
    bias_initializer: NotRequired[Initializer]
    """Default: "zeros"."""
    l1: NotRequired[float]
    """Default: 0.0."""
    l2: NotRequired[float]
    """Default: 0.0."""
    max_norm: NotRequired[float | None]


class Convolution2D(TypedDict):
    """Every filter is a window of weights over all channels, moved over the image; (C, H, W) becomes (filters, H', W')
    with H' = ⌊(H + 2p − k) / s⌋ + 1. `kernel`, `stride` and `padding` are [height, width], or one number for both.
    LeCun et al. 1998"""

    type: Literal["convolution_2d"]
    filters: int
    """How many filters, that is output channels, the layer has."""
    kernel: int | Sequence[int]
    stride: NotRequired[int | Sequence[int]]
    """Default: 1."""
    padding: NotRequired[int | Sequence[int] | Literal["same", "valid"]]
    """How many zeros stand on each side; "same" keeps the extent where the stride is 1, "valid" is 0. Default: 0."""
    activation: NotRequired[Activation]
    """Default: "identity"."""
    bias: NotRequired[bool]
    """Default: true."""
    weight_initializer: NotRequired[Initializer]
    """Default: "glorot_uniform"."""
    bias_initializer: NotRequired[Initializer]
    """Default: "zeros"."""
    l1: NotRequired[float]
    """Default: 0.0."""
    l2: NotRequired[float]
    """Default: 0.0."""
    max_norm: NotRequired[float | None]


class MaxPooling1D(TypedDict):
    """y = the highest x in a window that moves over the signal, channel by channel; (C, L) becomes (C, L') with L' =
    ⌊(L + 2p − size) / s⌋ + 1; what is padded is never the highest"""

    type: Literal["max_pooling_1d"]
    size: int
    stride: NotRequired[int | None]
    """By how much the window moves; by its own size where it is null."""
    padding: NotRequired[int]
    """Places added on each side, at most half of the size. Default: 0."""


class MaxPooling2D(TypedDict):
    """y = the highest x in a window that moves over the image, channel by channel. `size`, `stride` and `padding` are
    [height, width], or one number for both; what is padded is never the highest"""

    type: Literal["max_pooling_2d"]
    size: int | Sequence[int]
    stride: NotRequired[int | Sequence[int] | None]
    """By how much the window moves; by its own size where it is null."""
    padding: NotRequired[int | Sequence[int]]
    """Places added on each side, at most half of the size. Default: 0."""


class AveragePooling1D(TypedDict):
    """y = the mean of x in a window that moves over the signal, channel by channel; what is padded counts as 0"""

    type: Literal["average_pooling_1d"]
    size: int
    stride: NotRequired[int | None]
    """By how much the window moves; by its own size where it is null."""
    padding: NotRequired[int]
    """Places added on each side, at most half of the size. Default: 0."""


class AveragePooling2D(TypedDict):
    """y = the mean of x in a window that moves over the image, channel by channel; what is padded counts as 0. `size`,
    `stride` and `padding` are [height, width], or one number for both"""

    type: Literal["average_pooling_2d"]
    size: int | Sequence[int]
    stride: NotRequired[int | Sequence[int] | None]
    """By how much the window moves; by its own size where it is null."""
    padding: NotRequired[int | Sequence[int]]
    """Places added on each side, at most half of the size. Default: 0."""


class BatchNormalisation(TypedDict):
    """y = γ (x − μ) / √(σ² + ε) + β; μ and σ² of each unit, or channel, over the batch, and outside of training their
    running means, of which each step replaces the share `momentum`. Ioffe and Szegedy 2015"""

    type: Literal["batch_normalisation"]
    momentum: NotRequired[float]
    """Default: 0.1."""
    epsilon: NotRequired[float]
    """Default: 1e-05."""


class LayerNormalisation(TypedDict):
    """y = γ (x − μ) / √(σ² + ε) + β; μ and σ² of each row over all its values. Ba et al. 2016"""

    type: Literal["layer_normalisation"]
    epsilon: NotRequired[float]
    """Default: 1e-05."""


class Dropout(TypedDict):
    """y = x / (1 − rate), or 0 with the probability `rate`, drawn anew for each value of each step; y = x outside of
    training. Srivastava et al. 2014"""

    type: Literal["dropout"]
    rate: float
    """The share of the values that a step leaves out."""


class Embedding(TypedDict):
    """y = the row of a learned table that the input numbers. Without `vocabulary` every text column of the data has a
    table of its own and the numbers pass as they are; with it every input is a number below it, and one table serves
    all. Bengio et al. 2003"""

    type: Literal["embedding"]
    dimension: int
    """How many numbers stand for one value."""
    vocabulary: NotRequired[int | None]
    weight_initializer: NotRequired[Initializer]
    """Default: "uniform"."""


class Flatten(TypedDict):
    """The same values as one row: (C, H, W) becomes (C · H · W,)"""

    type: Literal["flatten"]


class Reshape(TypedDict):
    """The same values in another shape, such as [channels, height, width]"""

    type: Literal["reshape"]
    shape: Sequence[int]


class Residual(TypedDict):
    """y = x + f(x), where f are the layers within, whose output has the shape of their input. He et al. 2016"""

    type: Literal["residual"]
    layers: Sequence[Layer]


class NetworkRequest(TypedDict):
    """Layers in the order the inputs run through them; those that are left out or "auto" are chosen from the data."""

    layers: NotRequired[Literal["auto"] | Sequence[Layer]]
    """Default: "auto"."""
    dtype: NotRequired[Literal["float32", "float64"]]
    """Default: "float32"."""


class StoredData(TypedDict):
    """Columns of an uploaded dataset."""

    target: str | Sequence[str]
    features: NotRequired[Sequence[str] | None]
    """Default: every usable column that has no other part."""
    weight: NotRequired[str | None]
    """The column of numbers that says how much each row counts: 0 or more, in any unit."""
    class_weights: NotRequired[Literal["balanced"] | Mapping[str, float] | None]
    scaling: NotRequired[Literal["auto", "standard", "min_max", "robust", "none"]]
    """A numeric feature becomes (value − shift) / scale: the mean and the standard deviation, the least and the
    greatest less the least, or the median and the interquartile range; "none" leaves it as it is, "auto" is "standard".
    Default: "standard"."""
    missing: NotRequired[Literal["mean", "median", "indicator"]]
    """What a missing number or boolean becomes; an indicator is the mean, and one more input for each column that
    misses values, 1 where it does. A missing text is a row of zeros, or with embedding a code of its own. Default:
    "mean"."""
    categories: NotRequired[Literal["one_hot", "embedding"]]
    """A text becomes one input for each of its column's values, or for an embedding layer one input that holds its
    code: 0 … v − 1, and v where it is missing or unseen. Default: "one_hot"."""
    target_scaling: NotRequired[Literal["auto", "standard", "min_max", "none"]]
    """Of numeric targets, undone in predictions and metrics. "auto" standardises them where the features are scaled and
    the last layer is linear. Default: "auto"."""
    id: str
    """The id that the upload answered."""


class InlineData(TypedDict):
    """Rows in the request itself: `inputs[i]` is a row of numbers, `targets[i]` what the network shall answer to it.
    Targets are numbers, rows of numbers, or the labels of classes (texts, numbers, booleans)."""

    inputs: Sequence[Any]
    targets: Sequence[Any]
    weights: NotRequired[Sequence[Any] | None]
    """How much each row counts: 0 or more, in any unit."""
    class_weights: NotRequired[Literal["balanced"] | Mapping[str, float] | None]
    scaling: NotRequired[Literal["auto", "standard", "min_max", "robust", "none"]]
    """Where the layers are chosen from the data "auto" is the default. Default: "none"."""
    target_scaling: NotRequired[Literal["auto", "standard", "min_max", "none"]]
    """Default: "auto"."""


class MeanSquaredError(TypedDict):
    """L = mean (y − t)², over rows and outputs"""

    type: Literal["mean_squared_error"]


class MeanAbsoluteError(TypedDict):
    """L = mean |y − t|, over rows and outputs"""

    type: Literal["mean_absolute_error"]


class Huber(TypedDict):
    """L = mean of e² / 2 where |e| ≤ δ, else δ (|e| − δ / 2), e = y − t, over rows and outputs; Huber 1964"""

    type: Literal["huber"]
    delta: NotRequired[float]
    """Default: 1.0."""


class LogCosh(TypedDict):
    """L = mean ln cosh(y − t), over rows and outputs; Saleh and Saleh 2022, eq. 1"""

    type: Literal["log_cosh"]


class BinaryCrossEntropy(TypedDict):
    """L = −mean (t ln p + (1 − t) ln(1 − p)), p = sigmoid z; the last layer's activation is sigmoid, or identity for
    logits"""

    type: Literal["binary_cross_entropy"]


class SoftmaxCrossEntropy(TypedDict):
    """L = −mean ln p[class], p = softmax z; with label smoothing ε every class counts ε / classes, the row's own 1 − ε
    more: Szegedy et al. 2016, section 7. The last layer's activation is softmax, or identity for logits"""

    type: Literal["softmax_cross_entropy"]
    label_smoothing: NotRequired[float]
    """Default: 0.0."""


class Poisson(TypedDict):
    """L = mean (eʸ − t y), over rows and outputs: outputs are logarithms of rates, targets counts or other numbers from
    0 on; Nelder and Wedderburn 1972"""

    type: Literal["poisson"]


class GradientDescent(TypedDict):
    """θ ← θ − η g; with momentum v ← μ v + g, θ ← θ − η v; Nesterov: θ ← θ − η (g + μ v). Sutskever et al. 2013"""

    type: Literal["sgd"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 0.01."""
    momentum: NotRequired[float]
    """Default: 0.0."""
    nesterov: NotRequired[bool]
    """Default: false."""


class AdaGrad(TypedDict):
    """v ← v + g², θ ← θ − η g / (√v + ε); v begins as `initial_accumulator`. Duchi, Hazan and Singer 2011"""

    type: Literal["adagrad"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 0.01."""
    initial_accumulator: NotRequired[float]
    """Default: 0.0."""
    epsilon: NotRequired[float]
    """Default: 1e-10."""


class AdaDelta(TypedDict):
    """v ← ρ v + (1 − ρ) g², Δ = g √(u + ε) / √(v + ε), u ← ρ u + (1 − ρ) Δ², θ ← θ − η Δ. Zeiler 2012, algorithm 1"""

    type: Literal["adadelta"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 1.0."""
    rho: NotRequired[float]
    """Default: 0.9."""
    epsilon: NotRequired[float]
    """Default: 1e-06."""


class RMSprop(TypedDict):
    """v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε), Tieleman and Hinton 2012; centered: √(v − m²) for √v, where m ← ρ m
    + (1 − ρ) g, Graves 2013, eqs. 38-45; with momentum b ← μ b + g / (√v + ε), θ ← θ − η b"""

    type: Literal["rmsprop"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 0.01."""
    rho: NotRequired[float]
    """Default: 0.99."""
    momentum: NotRequired[float]
    """Default: 0.0."""
    centered: NotRequired[bool]
    """Default: false."""
    epsilon: NotRequired[float]
    """Default: 1e-08."""


class Adam(TypedDict):
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
    Kingma and Ba 2015, algorithm 1; amsgrad: the highest v so far for v, Reddi, Kale and Kumar 2018, algorithm 2"""

    type: Literal["adam"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 0.001."""
    beta1: NotRequired[float]
    """Default: 0.9."""
    beta2: NotRequired[float]
    """Default: 0.999."""
    epsilon: NotRequired[float]
    """Default: 1e-08."""
    amsgrad: NotRequired[bool]
    """Default: false."""


class AdamW(TypedDict):
    """θ ← (1 − η λ) θ, then as adam; λ is `weight_decay`, and biases decay too. Loshchilov and Hutter 2019, algorithm 2"""

    type: Literal["adamw"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 0.001."""
    beta1: NotRequired[float]
    """Default: 0.9."""
    beta2: NotRequired[float]
    """Default: 0.999."""
    epsilon: NotRequired[float]
    """Default: 1e-08."""
    weight_decay: NotRequired[float]
    """Default: 0.01."""
    amsgrad: NotRequired[bool]
    """Default: false."""


class NAdam(TypedDict):
    """As adam with Nesterov's momentum: m̂ = μₜ₊₁ m / (1 − μ₁…μₜ₊₁) + (1 − μₜ) g / (1 − μ₁…μₜ), μₜ = β₁ (1 − 0.96^(t ψ)
    / 2); ψ is `momentum_decay`. Dozat 2016"""

    type: Literal["nadam"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 0.002."""
    beta1: NotRequired[float]
    """Default: 0.9."""
    beta2: NotRequired[float]
    """Default: 0.999."""
    epsilon: NotRequired[float]
    """Default: 1e-08."""
    momentum_decay: NotRequired[float]
    """Default: 0.004."""


class Lion(TypedDict):
    """θ ← θ − η (sign(β₁m + (1 − β₁)g) + λ θ), m ← β₂m + (1 − β₂)g; λ is `weight_decay`. Chen et al. 2023, algorithm 2"""

    type: Literal["lion"]
    learning_rate: NotRequired[Literal["auto"] | float]
    """Default: 0.0001."""
    beta1: NotRequired[float]
    """Default: 0.9."""
    beta2: NotRequired[float]
    """Default: 0.99."""
    weight_decay: NotRequired[float]
    """Default: 0.0."""


class LBFGS(TypedDict):
    """θ ← θ − α H g, where H is the inverse curvature that the last `memory` steps tell, and a line search finds α; an
    epoch is one such step over all rows. Stops where the largest |gᵢ| is at most `gradient_tolerance`, or the loss
    falls by a share of at most `loss_tolerance`. Liu and Nocedal 1989; Byrd et al. 1995"""

    type: Literal["lbfgs"]
    memory: NotRequired[int]
    """Default: 10."""
    gradient_tolerance: NotRequired[float]
    """Default: 1e-05."""
    loss_tolerance: NotRequired[float]
    """Default: 2.220446049250313e-09."""
    line_search_evaluations: NotRequired[int]
    """Default: 20."""


class Warmup(TypedDict):
    """The first `steps` or `epochs`: the k-th of n steps has k / n of the rate with which the schedule then begins."""

    steps: NotRequired[int | None]
    epochs: NotRequired[int | None]


class ConstantRate(TypedDict):
    """η = η₀"""

    warmup: NotRequired[Warmup | None]
    type: Literal["constant"]


class StepDecay(TypedDict):
    """η = η₀ · factor^⌊e / every⌋"""

    warmup: NotRequired[Warmup | None]
    type: Literal["step"]
    every: int
    factor: NotRequired[float]
    """Default: 0.1."""


class ExponentialDecay(TypedDict):
    """η = η₀ · factorᵉ"""

    warmup: NotRequired[Warmup | None]
    type: Literal["exponential"]
    factor: float


class PolynomialDecay(TypedDict):
    """η = end + (η₀ − end) · (1 − u / U)^power"""

    warmup: NotRequired[Warmup | None]
    type: Literal["polynomial"]
    power: NotRequired[float]
    """Default: 1.0."""
    end: NotRequired[float]
    """Default: 0.0."""


class CosineRestarts(TypedDict):
    """η = minimum + (η₀ − minimum) (1 + cos(π · share of the period)) / 2; the first period lasts `period` epochs, by
    default to the end, every next one `multiplier` times as long. Loshchilov and Hutter 2017, eq. 5"""

    warmup: NotRequired[Warmup | None]
    type: Literal["cosine"]
    period: NotRequired[int | None]
    multiplier: NotRequired[int]
    """Default: 1."""
    minimum: NotRequired[float]
    """Default: 0.0."""


class OneCycle(TypedDict):
    """Along half a cosine from η₀ / start_divisor up to η₀ in the share `rise` of the steps, then along another down to
    η₀ / (start_divisor · end_divisor). Smith and Topin 2018"""

    warmup: NotRequired[Warmup | None]
    type: Literal["one_cycle"]
    rise: NotRequired[float]
    """Default: 0.3."""
    start_divisor: NotRequired[float]
    """Default: 25.0."""
    end_divisor: NotRequired[float]
    """Default: 10000.0."""


class ReduceOnPlateau(TypedDict):
    """η ← max(minimum, factor · η) when for more than `patience` epochs the validation loss (without validation the
    training loss) has not fallen by more than `min_delta`"""

    warmup: NotRequired[Warmup | None]
    type: Literal["reduce_on_plateau"]
    factor: NotRequired[float]
    """Default: 0.1."""
    patience: NotRequired[int]
    """Default: 10."""
    min_delta: NotRequired[float]
    """Default: 0.0001."""
    minimum: NotRequired[float]
    """Default: 0.0."""


class GradientClipping(TypedDict):
    """Before every step g ← g · min(1, norm / ‖g‖), over all parameters at once, and then each gᵢ into [−value, value].
    Pascanu, Mikolov and Bengio 2013, algorithm 1"""

    norm: NotRequired[float | None]
    value: NotRequired[float | None]


class Averaging(TypedDict):
    """After every step a ← decay · a + (1 − decay) · θ, the first a being θ; a is what is validated, kept and
    delivered. Polyak and Juditsky 1992, exponentially weighted"""

    decay: NotRequired[float]
    """Default: 0.999."""


class FractionValidation(TypedDict):
    """A share of the rows, drawn by the seed and kept away from training."""

    fraction: float
    stratify: NotRequired[bool | None]
    """Draw the share from every class alike; default: where the loss has classes."""


class RowsValidation(TypedDict):
    """Rows by their numbers, from 0, kept away from training."""

    rows: Sequence[int]


class DatasetValidation(TypedDict):
    """All rows of another stored dataset that has the same columns."""

    dataset: str
    """The id that the upload answered."""


class InlineValidation(TypedDict):
    """Rows in the request itself, beside those to train on."""

    inputs: Sequence[Any]
    targets: Sequence[Any]
    weights: NotRequired[Sequence[Any] | None]


class EarlyStopping(TypedDict):
    """Stop when what is monitored has not improved by more than `min_delta` for `patience` epochs; the best weights
    stay."""

    monitor: NotRequired[str]
    """"validation_loss", or one of the `metrics` by its name; it decides what is best. Default: "validation_loss"."""
    patience: NotRequired[int]
    """Default: 5."""
    min_delta: NotRequired[float]
    """Default: 0.0."""


class Start(TypedDict):
    """Weights to start from: those that another job has learned, or those of a file that was sent. Names and shapes
    must be those of this network."""

    job: NotRequired[str | None]
    """A job that has ended with weights."""
    weights: NotRequired[str | None]
    """The id that POST /v1/weights answered."""
    epoch: NotRequired[Literal["best", "last"]]
    """Which weights of the job. Default: "best"."""
    preprocessing: NotRequired[bool]
    """Whether columns become numbers as they did in that job, whose weights mean nothing else. Otherwise, and with
    weights that were sent, that is fitted anew. Default: true."""
    optimizer_state: NotRequired[bool]
    """Whether the optimizer goes on with what it kept of the job's gradients: of a job with `keep_optimizer_state`, its
    last weights, the same network and optimizer. Default: false."""


class Accuracy(TypedDict):
    """The share of the rows whose likeliest class is the true one; of several flags their average"""

    type: Literal["accuracy"]


class TopKAccuracy(TypedDict):
    """The share of the rows whose true class is among the k likeliest; of equal ones the first counts as likelier. With
    k = 5 its key is `top_5_accuracy`"""

    type: Literal["top_k_accuracy"]
    k: NotRequired[int]
    """Default: 5."""


class Precision(TypedDict):
    """TP / (TP + FP), 0 where nothing is taken for the class"""

    type: Literal["precision"]


class Recall(TypedDict):
    """TP / (TP + FN), 0 where there is nothing of the class"""

    type: Literal["recall"]


class F1(TypedDict):
    """2 TP / (2 TP + FP + FN), 0 where none of them occurs; van Rijsbergen 1979, chapter 7"""

    type: Literal["f1"]


class AreaUnderCurve(TypedDict):
    """The probability that a row of the class has a higher score for it than a row of another, a tie counting half;
    Hanley and McNeil 1982"""

    type: Literal["roc_auc"]


class ConfusionMatrix(TypedDict):
    """How many rows of each true class (row) are taken for each class (column); only in the job's `result`"""

    type: Literal["confusion_matrix"]


class SquaredError(TypedDict):
    """mean (y − t)², over rows and outputs"""

    type: Literal["mean_squared_error"]


class RootSquaredError(TypedDict):
    """√ mean (y − t)², over rows and outputs"""

    type: Literal["root_mean_squared_error"]


class AbsoluteError(TypedDict):
    """mean |y − t|, over rows and outputs"""

    type: Literal["mean_absolute_error"]


class R2(TypedDict):
    """1 − Σ (y − t)² / Σ (t − mean t)², averaged over the targets that are not constant"""

    type: Literal["r2"]


class TrainingRequest(TypedDict):
    """How the network learns. What is left out or "auto" is chosen from the data; with the epochs a validation split
    and early stopping too, with the loss a metric, unless they are given."""

    loss: NotRequired[Literal["auto"] | Loss]
    """Default: "auto"."""
    optimizer: NotRequired[Literal["auto"] | Optimizer]
    """Default: "auto"."""
    schedule: NotRequired[Schedule]
    """Default: "constant"."""
    gradient_clipping: NotRequired[GradientClipping | None]
    averaging: NotRequired[Averaging | None]
    epochs: NotRequired[Literal["auto"] | int]
    """Default: "auto"."""
    budget_s: NotRequired[float | None]
    """Seconds for training and evaluation; the worker finds out how many epochs fit, at most `epochs`."""
    max_seconds: NotRequired[float | None]
    """Seconds that workers may spend on the job, in all attempts; one that takes longer fails, and keeps the weights
    that it has."""
    batch_size: NotRequired[Literal["auto"] | int | Literal["full"]]
    """Rows per step of gradient descent; "full" takes all training rows in every step. Default: "auto"."""
    shuffle: NotRequired[bool]
    """Default: true."""
    validation: NotRequired[FractionValidation | RowsValidation | DatasetValidation | InlineValidation | None]
    early_stopping: NotRequired[EarlyStopping | None]
    start: NotRequired[Start | None]
    keep_optimizer_state: NotRequired[bool]
    """So that another job may go on with it: the state takes one to three times the room of the weights. Default:
    false."""
    snapshots: NotRequired[int]
    """Of so many epochs the weights are kept as it learns: of epoch 0, before the first step, and of others up to
    `epochs`, each about as many times the one before. Default: 0."""
    metrics: NotRequired[Sequence[Metric]]
    """Default: []."""
    seed: NotRequired[int]
    """Default: 0."""
    threads: NotRequired[int]
    """For matrix products, worth it for large ones. Equal numbers give equal bits. Default: 1."""


class JobRequest(TypedDict):
    """A network to train, the data to train it on, and how."""

    network: NotRequired[Literal["auto"] | NetworkRequest]
    """Default: "auto"."""
    dataset: StoredData | InlineData
    training: NotRequired[TrainingRequest]
    """Default: {}."""
    priority: NotRequired[int]
    """Of your own jobs those of the highest priority are started first, of equal ones the oldest. Default: 0."""
    name: NotRequired[str | None]
    """What the job is called where it is shown; by default by its targets and its dataset, if that has a name."""
    metadata: NotRequired[Mapping[str, str]]
    """Up to 50 texts of your own, kept with the job; jobs are listed by them. Default: {}."""


ActivationName: TypeAlias = Literal[
    "elu",
    "gelu",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "prelu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]
Activation: TypeAlias = (
    ActivationName
    | ELU
    | GELU
    | HardTanh
    | Identity
    | LeakyReLU
    | PReLU
    | ReLU
    | SELU
    | Sigmoid
    | SiLU
    | Softmax
    | Softplus
    | Softsign
    | Tanh
)

InitializerName: TypeAlias = Literal[
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "zeros",
]
Initializer: TypeAlias = (
    InitializerName
    | Constants
    | GlorotNormal
    | GlorotUniform
    | HeNormal
    | HeUniform
    | LeCunNormal
    | LeCunUniform
    | Normal
    | Orthogonal
    | TruncatedNormal
    | Uniform
    | Zeros
)

LayerName: TypeAlias = Literal[
    "average_pooling_1d",
    "average_pooling_2d",
    "batch_normalisation",
    "convolution_1d",
    "convolution_2d",
    "dense",
    "dropout",
    "elu",
    "embedding",
    "flatten",
    "gelu",
    "hard_tanh",
    "identity",
    "layer_normalisation",
    "leaky_relu",
    "max_pooling_1d",
    "max_pooling_2d",
    "prelu",
    "relu",
    "reshape",
    "residual",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]
Layer: TypeAlias = (
    LayerName
    | AveragePooling1D
    | AveragePooling2D
    | BatchNormalisation
    | Convolution1D
    | Convolution2D
    | Dense
    | Dropout
    | ELU
    | Embedding
    | Flatten
    | GELU
    | HardTanh
    | Identity
    | LayerNormalisation
    | LeakyReLU
    | MaxPooling1D
    | MaxPooling2D
    | PReLU
    | ReLU
    | Reshape
    | Residual
    | SELU
    | Sigmoid
    | SiLU
    | Softmax
    | Softplus
    | Softsign
    | Tanh
)

LossName: TypeAlias = Literal[
    "binary_cross_entropy", "huber", "log_cosh", "mean_absolute_error", "mean_squared_error", "poisson", "softmax_cross_entropy"
]
Loss: TypeAlias = (
    LossName | BinaryCrossEntropy | Huber | LogCosh | MeanAbsoluteError | MeanSquaredError | Poisson | SoftmaxCrossEntropy
)

OptimizerName: TypeAlias = Literal["adadelta", "adagrad", "adam", "adamw", "lbfgs", "lion", "nadam", "rmsprop", "sgd"]
Optimizer: TypeAlias = OptimizerName | AdaDelta | AdaGrad | Adam | AdamW | LBFGS | Lion | NAdam | RMSprop | GradientDescent

ScheduleName: TypeAlias = Literal["constant", "cosine", "exponential", "one_cycle", "polynomial", "reduce_on_plateau", "step"]
Schedule: TypeAlias = (
    ScheduleName | ConstantRate | CosineRestarts | ExponentialDecay | OneCycle | PolynomialDecay | ReduceOnPlateau | StepDecay
)

MetricName: TypeAlias = Literal[
    "accuracy",
    "confusion_matrix",
    "f1",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "r2",
    "recall",
    "roc_auc",
    "root_mean_squared_error",
    "top_k_accuracy",
]
Metric: TypeAlias = (
    MetricName
    | Accuracy
    | ConfusionMatrix
    | F1
    | AbsoluteError
    | SquaredError
    | Precision
    | R2
    | Recall
    | AreaUnderCurve
    | RootSquaredError
    | TopKAccuracy
)

Form: TypeAlias = Literal["safetensors", "npz", "json", "onnx", "torch", "keras", "python", "javascript"]
WebhookEvent: TypeAlias = Literal[
    "job.submitted",
    "job.claimed",
    "job.epochs_fixed",
    "job.fingerprint_changed",
    "job.begun_anew",
    "job.released",
    "job.reaped",
    "job.pause_requested",
    "job.paused",
    "job.resumed",
    "job.cancel_requested",
    "job.succeeded",
    "job.failed",
    "job.cancelled",
]
