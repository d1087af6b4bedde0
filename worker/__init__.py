"""Trains queued jobs: one job per process, one thread per job."""

from core.blas import use_one_thread

use_one_thread()
