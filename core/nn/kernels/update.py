"""One step of the optimizer that a record names."""

from typing import Any

from core.nn.kernels import optimizers
from core.nn.kernels.compile import kernel
from core.nn.optimizers import ADADELTA, ADAGRAD, ADAM, LION, NADAM, RMSPROP


@kernel
def update(optimizer: Any, rate: float, state: Any, theta: Any, grad: Any, slots: Any) -> None:
    """Overwrites theta and the slots; the state counts this step already. `grad` is as long as theta, each slot at least."""
    step = state.earlier_updates + state.updates
    beta1, beta2, epsilon, decay = optimizer.beta1, optimizer.beta2, optimizer.epsilon, optimizer.weight_decay
    if optimizer.code == ADAM:
        if optimizer.amsgrad:
            optimizers.amsgrad(theta, grad, slots[0], slots[1], slots[2], step, rate, beta1, beta2, epsilon, decay)
        else:
            optimizers.adam(theta, grad, slots[0], slots[1], step, rate, beta1, beta2, epsilon, decay)
    elif optimizer.code == NADAM:
        psi, product = optimizer.momentum_decay, state.momentum_product
        state.momentum_product = optimizers.nadam(
            theta, grad, slots[0], slots[1], step, product, rate, beta1, beta2, epsilon, psi
        )
    elif optimizer.code == LION:
        optimizers.lion(theta, grad, slots[0], rate, beta1, beta2, decay)
    elif optimizer.code == ADAGRAD:
        optimizers.adagrad(theta, grad, slots[0], rate, epsilon)
    elif optimizer.code == ADADELTA:
        optimizers.adadelta(theta, grad, slots[0], slots[1], rate, optimizer.rho, epsilon)
    elif optimizer.code == RMSPROP:
        rmsprop(optimizer, rate, theta, grad, slots)
    elif optimizer.momentum:
        optimizers.momentum(theta, grad, slots[0], rate, optimizer.momentum, optimizer.nesterov != 0)
    else:
        optimizers.gradient_descent(theta, grad, rate)


@kernel
def rmsprop(optimizer: Any, rate: float, theta: Any, grad: Any, slots: Any) -> None:
    """Each of its four forms keeps a slot more for the mean of the gradients, and one for the momentum."""
    rho, mu, epsilon = optimizer.rho, optimizer.momentum, optimizer.epsilon
    if optimizer.centered and mu:
        optimizers.rmsprop_centered_momentum(theta, grad, slots[0], slots[1], slots[2], rate, rho, mu, epsilon)
    elif optimizer.centered:
        optimizers.rmsprop_centered(theta, grad, slots[0], slots[1], rate, rho, epsilon)
    elif mu:
        optimizers.rmsprop_momentum(theta, grad, slots[0], slots[1], rate, rho, mu, epsilon)
    else:
        optimizers.rmsprop(theta, grad, slots[0], rate, rho, epsilon)
