"""Normalisation: y = γ x̂ + β with x̂ = (x − μ) / √(σ² + ε), over the batch or over the row.

Sums are taken of differences from a value near their mean, so that a large mean costs no digits of the deviation (Chan, Golub
and LeVeque 1983). `inverse` is 1 / √(σ² + ε).
"""

import math
from typing import Any

from core.nn.kernels.compile import inlined, kernel, reduction
from core.nn.kernels.copying import clear


@kernel
def batch_training(
    x: Any,
    gamma: Any,
    beta: Any,
    running_mean: Any,
    running_variance: Any,
    momentum: float,
    epsilon: float,
    mean: Any,
    inverse: Any,
    y: Any,
) -> None:
    """Each channel by its mean and deviation over the rows and places of the batch. Ioffe and Szegedy 2015, algorithm 1.

    x and y (B, C·S), the others (C,). Overwrites y, mean and inverse; of the running mean and variance the share `momentum` is
    replaced by those of this batch, the variance by Σ (x − μ)² / (N − 1), or 0 where there is but one value.
    """
    C, N = gamma.size, x.size // gamma.size
    S = x.shape[1] // C
    for c in range(C):
        mean[c] = x[0, c * S]
    clear(inverse)
    add_differences(x, mean, inverse)
    for c in range(C):
        mean[c] += inverse[c] / x.dtype.type(N)
    clear(inverse)
    add_squares(x, mean, inverse)
    share, rest, eps = x.dtype.type(momentum), x.dtype.type(1.0 - momentum), x.dtype.type(epsilon)
    for c in range(C):
        running_mean[c] = rest * running_mean[c] + share * mean[c]
        running_variance[c] = rest * running_variance[c] + share * (inverse[c] / x.dtype.type(max(N - 1, 1)))
        inverse[c] = x.dtype.type(1) / math.sqrt(inverse[c] / x.dtype.type(N) + eps)
    normalise(x, mean, inverse, gamma, beta, y)


@kernel
def batch_inference(
    x: Any, gamma: Any, beta: Any, running_mean: Any, running_variance: Any, epsilon: float, inverse: Any, y: Any
) -> None:
    """Each channel by its running mean and variance. Overwrites y and inverse (C,)."""
    for c in range(gamma.size):
        inverse[c] = x.dtype.type(1) / math.sqrt(running_variance[c] + x.dtype.type(epsilon))
    normalise(x, running_mean, inverse, gamma, beta, y)


@kernel
def d_batch(x: Any, gamma: Any, mean: Any, inverse: Any, dy: Any, dgamma: Any, dbeta: Any, dx: Any) -> None:
    """dβ = Σ dy, dγ = Σ dy x̂, dx = γ (dy − dβ / N − x̂ dγ / N) / √(σ² + ε). Overwrites them; dx may be dy."""
    C, N = gamma.size, x.dtype.type(x.size // gamma.size)
    S = x.shape[1] // C
    clear(dgamma)
    clear(dbeta)
    add_gradients(x, mean, inverse, dy, dgamma, dbeta)
    for i in range(x.shape[0]):
        if S == 1:
            for c in range(C):
                x_hat = (x[i, c] - mean[c]) * inverse[c]
                dx[i, c] = gamma[c] * inverse[c] * (dy[i, c] - (dbeta[c] + x_hat * dgamma[c]) / N)
            continue
        for c in range(C):
            x_c, dy_c, dx_c = channel(x, i, c, S), channel(dy, i, c, S), channel(dx, i, c, S)
            middle, scale, shift, slope = mean[c], gamma[c] * inverse[c], dbeta[c] / N, inverse[c] * dgamma[c] / N
            for s in range(S):
                dx_c[s] = scale * (dy_c[s] - shift - (x_c[s] - middle) * slope)


@reduction
def layer(x: Any, gamma: Any, beta: Any, epsilon: float, statistics: Any, y: Any) -> None:
    """Each row by its own mean and deviation. Ba, Kiros and Hinton 2016, eq. 3.

    x and y (B, n), gamma and beta (n,). Overwrites y and statistics (B, 2): each row's mean and inverse.
    """
    n = x.dtype.type(x.shape[1])
    for i in range(x.shape[0]):
        near, total, squares = x[i, 0], x.dtype.type(0), x.dtype.type(0)
        for j in range(x.shape[1]):
            total += x[i, j] - near
        mean = near + total / n
        for j in range(x.shape[1]):
            squares += (x[i, j] - mean) * (x[i, j] - mean)
        inverse = x.dtype.type(1) / math.sqrt(squares / n + x.dtype.type(epsilon))
        for j in range(x.shape[1]):
            y[i, j] = (x[i, j] - mean) * inverse * gamma[j] + beta[j]
        statistics[i, 0], statistics[i, 1] = mean, inverse


@reduction
def d_layer(x: Any, gamma: Any, statistics: Any, dy: Any, dgamma: Any, dbeta: Any, dx: Any) -> None:
    """dβ = Σ dy, dγ = Σ dy x̂ over the rows; dx = (γ dy − mean γ dy − x̂ mean γ dy x̂) / √(σ² + ε), the means over each row.

    Overwrites dgamma, dbeta and dx, which may be dy.
    """
    n = x.dtype.type(x.shape[1])
    clear(dgamma)
    clear(dbeta)
    for i in range(x.shape[0]):
        mean, inverse = statistics[i, 0], statistics[i, 1]
        shift, slope = x.dtype.type(0), x.dtype.type(0)
        for j in range(x.shape[1]):
            x_hat = (x[i, j] - mean) * inverse
            dbeta[j] += dy[i, j]
            dgamma[j] += dy[i, j] * x_hat
            shift += gamma[j] * dy[i, j]
            slope += gamma[j] * dy[i, j] * x_hat
        shift, slope = shift / n, slope / n
        for j in range(x.shape[1]):
            dx[i, j] = inverse * (gamma[j] * dy[i, j] - shift - (x[i, j] - mean) * inverse * slope)


@inlined
def channel(x: Any, i: int, c: int, S: int) -> Any:
    """The S values of channel c in row i."""
    return x[i, c * S : (c + 1) * S]


@kernel
def normalise(x: Any, mean: Any, inverse: Any, gamma: Any, beta: Any, y: Any) -> None:
    """y = γ (x − μ) / √(σ² + ε) + β, channel by channel. Overwrites y."""
    C = gamma.size
    S = x.shape[1] // C
    for i in range(x.shape[0]):
        if S == 1:
            for c in range(C):
                y[i, c] = (x[i, c] - mean[c]) * inverse[c] * gamma[c] + beta[c]
            continue
        for c in range(C):
            x_c, y_c = channel(x, i, c, S), channel(y, i, c, S)
            middle, scale, shift = mean[c], inverse[c] * gamma[c], beta[c]
            for s in range(S):
                y_c[s] = (x_c[s] - middle) * scale + shift


# A dense layer has one place for each channel, S = 1: the sums then run beside one another, not one after the other.


@reduction
def add_differences(x: Any, near: Any, total: Any) -> None:
    """total (C,) += Σ (x − near), channel by channel."""
    C = total.size
    S = x.shape[1] // C
    for i in range(x.shape[0]):
        if S == 1:
            for c in range(C):
                total[c] += x[i, c] - near[c]
            continue
        for c in range(C):
            x_c, middle, part = channel(x, i, c, S), near[c], x.dtype.type(0)
            for s in range(S):
                part += x_c[s] - middle
            total[c] += part


@reduction
def add_squares(x: Any, mean: Any, total: Any) -> None:
    """total (C,) += Σ (x − μ)², channel by channel."""
    C = total.size
    S = x.shape[1] // C
    for i in range(x.shape[0]):
        if S == 1:
            for c in range(C):
                total[c] += (x[i, c] - mean[c]) * (x[i, c] - mean[c])
            continue
        for c in range(C):
            x_c, middle, part = channel(x, i, c, S), mean[c], x.dtype.type(0)
            for s in range(S):
                part += (x_c[s] - middle) * (x_c[s] - middle)
            total[c] += part


@reduction
def add_gradients(x: Any, mean: Any, inverse: Any, dy: Any, dgamma: Any, dbeta: Any) -> None:
    """dγ += Σ dy x̂, dβ += Σ dy, channel by channel."""
    C = dgamma.size
    S = x.shape[1] // C
    for i in range(x.shape[0]):
        if S == 1:
            for c in range(C):
                dbeta[c] += dy[i, c]
                dgamma[c] += dy[i, c] * (x[i, c] - mean[c]) * inverse[c]
            continue
        for c in range(C):
            x_c, dy_c, middle = channel(x, i, c, S), channel(dy, i, c, S), mean[c]
            scale, shift = x.dtype.type(0), x.dtype.type(0)
            for s in range(S):
                shift += dy_c[s]
                scale += dy_c[s] * (x_c[s] - middle)
            dbeta[c] += shift
            dgamma[c] += scale * inverse[c]
