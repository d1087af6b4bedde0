"""PyTorch's optimizers by our specs, and Lion, which it has not, in the words of its paper."""

from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")


@pytest.fixture(autouse=True)
def in_double_precision():
    """PyTorch keeps counters and products of its optimizers in the default dtype, whatever that of the parameters."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr})
        self.betas, self.weight_decay = betas, weight_decay

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for theta in group["params"]:
                m = self.state[theta].setdefault("m", torch.zeros_like(theta))
                c = self.betas[0] * m + (1 - self.betas[0]) * theta.grad
                theta -= group["lr"] * (torch.sign(c) + self.weight_decay * theta)
                m.copy_(self.betas[1] * m + (1 - self.betas[1]) * theta.grad)


def torch_optimizer(optimizer, parameters):
    """The optimizer that PyTorch's users would take for the spec."""
    fields = optimizer.model_dump()
    kind, rate = fields.pop("type"), fields.pop("learning_rate")
    if "beta1" in fields:
        fields["betas"] = (fields.pop("beta1"), fields.pop("beta2"))
    names = {"epsilon": "eps", "initial_accumulator": "initial_accumulator_value"}
    names["rho"] = "alpha" if kind == "rmsprop" else "rho"
    kinds = {
        "sgd": torch.optim.SGD,
        "adagrad": torch.optim.Adagrad,
        "adadelta": torch.optim.Adadelta,
        "rmsprop": torch.optim.RMSprop,
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "nadam": torch.optim.NAdam,
        "lion": Lion,
    }
    return kinds[kind](parameters, lr=rate, **{names.get(name, name): value for name, value in fields.items()})
