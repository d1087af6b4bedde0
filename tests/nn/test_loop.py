"""Properties of the compiled loop itself."""

import os
import subprocess
import sys

import numpy as np
from numba.core.runtime import _nrt_python, rtsys

from tests.nn.networks import examples, network_spec, training, training_spec

PLAIN_PYTHON = """
from tests.nn.networks import *
x, t = examples("softmax_cross_entropy", 12, 3, 3)
for activation in ACTIVATIONS:
    fields = training_spec("softmax_cross_entropy", epochs=2, batch_size=5)
    run = training(network_spec(4, 3, activation=activation), fields, x, t)
    for result in run.epochs():
        print(result.loss.hex())
"""


def run_python(code, **environment):
    process = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return [float.fromhex(line) for line in process.stdout.split()]


def test_the_loop_allocates_nothing():
    x, t = examples("softmax_cross_entropy", 300, 20, 3, "float32")
    spec = network_spec(64, 16, 3, activation="relu", dtype="float32")
    fields = training_spec("softmax_cross_entropy", epochs=400, validation={"fraction": 0.1}, metrics=["accuracy"])
    run = training(spec, fields, x[:250], t[:250], (x[250:], t[250:]))
    epochs = run.epochs()
    next(epochs)
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    consumed = sum(1 for _ in epochs)
    after = rtsys.get_allocation_stats()
    _nrt_python.memsys_disable_stats()
    assert consumed == 399
    assert after.alloc == before.alloc


def test_the_kernels_run_as_plain_python_and_give_the_same_losses():
    plain = run_python(PLAIN_PYTHON, NUMBA_DISABLE_JIT="1")
    compiled = run_python(PLAIN_PYTHON, NUMBA_DISABLE_JIT="0")
    assert len(plain) == 12
    np.testing.assert_allclose(plain, compiled, rtol=1e-12)


def test_what_the_api_imports_does_not_bring_numba():
    code = "import sys, core.nn.spec, core.nn.plan, core.nn.weights; print(int('numba' in sys.modules), float(0).hex())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()[0] == "0"
