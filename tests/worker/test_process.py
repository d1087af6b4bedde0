"""What is true of a process that trains."""

import json
import os
import subprocess
import sys
from typing import Any

from core.blas import VARIABLES
from tests.faults.harness import ROOT

THREADS = """
import json, multiprocessing
import worker.app
import core.nn.warmup, scipy.linalg
from threadpoolctl import threadpool_info

def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

with multiprocessing.get_context("fork").Pool(1) as pool:
    print(json.dumps(pool.apply(threads)))
"""

THREADED = """
import hashlib, json, multiprocessing, os
import worker.app
import core.nn.warmup, scipy.linalg
from core.blas import threads
from tests.nn.networks import *

def trained(count):
    x, t = examples("mean_squared_error", 1024, 300, 1, "float32")
    fields = training_spec(epochs=3, batch_size=512, threads=count)
    run = training(network_spec(1024, 1, dtype="float32"), fields, x, t)
    with threads(count):
        list(run.epochs())
    return hashlib.sha256(run.theta).hexdigest(), len(os.listdir("/proc/self/task"))

with multiprocessing.get_context("fork").Pool(1) as pool:
    print(json.dumps([pool.apply(trained, [count]) for count in (1, 2, 2, 1)]))
"""

COMPILED = """
import json, worker
from numba.core import event
from core.nn.warmup import warm_up
from tests.nn.networks import *

warm_up()
recorder = event.RecordingListener()
event.register("numba:compile", recorder)
trained = 0

def train(dtype, loss, activation="relu", **fields):
    x, t = examples(loss, 20, 3, 2, dtype)
    network = network_spec(4, 2, activation=activation, last=LAST.get(loss, "identity"), dtype=dtype)
    run = training(network, training_spec(loss, epochs=2, **fields), x[:15], t[:15], (x[15:], t[15:]))
    return len(list(run.epochs()))

for dtype in ("float32", "float64"):
    for loss in LOSSES:
        trained += sum(train(dtype, loss, activation, batch_size=8) for activation in ACTIVATIONS)
    for optimizer in OPTIMIZERS:
        trained += train(dtype, "mean_squared_error", optimizer=optimizer, batch_size=8)
    for fields in ({"optimizer": "lbfgs"}, {"averaging": {}}, {"schedule": "cosine"}, {"gradient_clipping": {"norm": 1.0}}):
        trained += train(dtype, "mean_squared_error", **fields)
print(json.dumps([trained, len(recorder.buffer)]))
"""


def run_python(code: str) -> Any:
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | {
        "REDIS_URL": "redis://127.0.0.1:1"
    }
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(process.stdout)


def test_it_multiplies_matrices_with_one_thread() -> None:
    threads = run_python(THREADS)
    assert threads
    assert set(threads) == {1}


def test_it_multiplies_with_more_where_a_job_asks_and_equal_numbers_of_threads_give_equal_bits() -> None:
    (one, alone), (two, _), (two_again, beside), (one_again, _) = run_python(THREADED)
    assert beside > alone
    assert two == two_again
    assert one == one_again


def test_it_compiles_nothing_once_it_is_warm_whatever_it_trains() -> None:
    trained, compiled = run_python(COMPILED)
    assert trained > 100
    assert compiled == 0
