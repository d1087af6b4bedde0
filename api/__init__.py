"""The REST API: one process, whose threads run one network each."""

from core.blas import use_one_thread

use_one_thread()
