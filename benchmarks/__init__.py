"""Speed, side by side with the peers: `scripts/bench engine`, `scripts/bench service`."""

from core.blas import use_one_thread

use_one_thread()
