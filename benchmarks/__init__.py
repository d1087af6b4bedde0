"""Speed, side by side with the peers: `scripts/bench engine`, `scripts/bench service` and others.

What libraries read when they are loaded stands here, before any of them is.
"""

import os

from core.blas import use_one_thread

use_one_thread()
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
os.environ["KERAS_BACKEND"] = "jax"
