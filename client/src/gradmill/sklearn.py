"""Networks as estimators of scikit-learn, trained on the service: `pip install 'gradmill[sklearn]'`.

What is fitted stays on the service, under the estimator's `job_id_`; a copy or a pickle of the estimator refers to it.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gradmill.predictions import Predictions
from gradmill.spec import Activation, Optimizer
from gradmill.synchronous.client import Client
from gradmill.training import default_client, train

LEARNING_RATE = 0.01  # of adam, unless another is given; other optimizers have their own


class _Network(BaseEstimator):  # type: ignore[misc]
    """Hidden layers of so many units each, and what training them takes. Without a `client` it is that of the environment."""

    def __init__(
        self,
        layers: Sequence[int] = (32,),
        *,
        activation: Activation = "relu",
        optimizer: Optimizer = "adam",
        learning_rate: float | None = None,
        epochs: int = 100,
        batch_size: int | str = "auto",
        l2: float = 0.0,
        validation_fraction: float | None = None,
        patience: int | None = None,
        random_state: Any = None,
        client: Client | None = None,
    ) -> None:
        self.layers = layers
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.client = client

    def _train(self, X: NDArray[Any], y: NDArray[Any], outputs: int, loss: str, metric: str, data: dict[str, Any]) -> Self:
        penalty = {"l2": self.l2} if self.l2 else {}
        hidden = [{"units": int(units), "activation": self.activation, **penalty} for units in self.layers]
        network = {"layers": [*hidden, {"units": outputs, **penalty}], "dtype": "float64"}
        optimizer: Any = {"type": self.optimizer} if isinstance(self.optimizer, str) else dict(self.optimizer)
        if self.learning_rate is not None:
            optimizer = {"learning_rate": self.learning_rate, **optimizer}
        elif optimizer == {"type": "adam"}:
            optimizer["learning_rate"] = LEARNING_RATE
        training: dict[str, Any] = {
            "loss": loss,
            "optimizer": optimizer,
            "metrics": [metric],  # by which the service tells that nothing was learned
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "validation": None if self.validation_fraction is None else {"fraction": self.validation_fraction},
            "early_stopping": None if self.patience is None else {"patience": self.patience},
            "seed": int(check_random_state(self.random_state).randint(2**31 - 1)),
        }
        model = train(network, X, y, data=data, client=self._service(), **training)
        self.job_id_ = model.job.id
        return self

    def _predictions(self, X: Any) -> Predictions:
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        return self._service().predict(self.job_id_, rows)

    def _service(self) -> Client:
        return self.client or default_client()


class GradmillClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """Tells classes, with softmax and cross-entropy."""

    def fit(self, X: Any, y: Any) -> Self:
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]!r}; a classifier needs two or more")
        return self._train(X, codes, len(self.classes_), "softmax_cross_entropy", "accuracy", {})

    def predict(self, X: Any) -> NDArray[Any]:
        likeliest = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[likeliest]
        return labels

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """(N, classes), in the order of `classes_`."""
        return self._predictions(X).probability_array()


class GradmillRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """Tells numbers, one or several for each row, with the mean squared error."""

    def fit(self, X: Any, y: Any) -> Self:
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = np.asarray(y, np.float64)
        outputs, scaled = 1 if y.ndim == 1 else y.shape[1], {"target_scaling": "standard"}
        return self._train(X, targets, outputs, "mean_squared_error", "r2", scaled)

    def predict(self, X: Any) -> NDArray[Any]:
        """(N,), or (N, targets)."""
        return self._predictions(X).array()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
