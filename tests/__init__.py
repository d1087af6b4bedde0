"""The tests mirror the source; `conformance` runs on every database, `faults` on real processes that are killed."""

from core.blas import use_one_thread

use_one_thread()
