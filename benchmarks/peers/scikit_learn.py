"""scikit-learn's MLPClassifier."""

import time
import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.networks import LEARNING_RATE, Network
from benchmarks.peers import Run


def build(network: Network) -> Run:
    x, c = network.data()

    def run(epochs: int) -> float:
        model = MLPClassifier(
            network.units[:-1],
            activation=network.activation,
            batch_size=network.batch_size,
            learning_rate_init=LEARNING_RATE,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=10**9,
            alpha=0.0,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            began = time.perf_counter()
            model.fit(x, c)
            return time.perf_counter() - began

    return run
