"""Networks as estimators of scikit-learn, trained on the service: `pip install 'gradmill[sklearn]'`.

What is fitted stays on the service, under the estimator's `job_id_`; a copy or a pickle of the estimator refers to it.
"""

from collections.abc import Sequence
from inspect import signature
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gradmill.predictions import Predictions
from gradmill.spec import Activation, Optimizer
from gradmill.synchronous.client import Client
from gradmill.training import default_client, ended
from gradmill.training_data import Sender

AUTO: Literal["auto"] = "auto"
Auto = Literal["auto"]

MOST_NAME = 200  # letters of a job's name, as the service has it


class _Network(BaseEstimator):  # type: ignore[misc]
    """What is "auto" the service chooses from the data, as for `gradmill.train("auto", X, y)`: how many hidden layers there are
    and how wide, the optimizer and its learning rate, the epochs and the batch size. With the epochs it chooses too which share
    of the rows is held out, where they are 20 or more, and after how many epochs without a lower loss there the training ends
    (`patience`); where the epochs are given, all rows are trained on in all of them, unless these two are given as well. None
    is without either.

    `layers` are the units of the hidden layers and `activation` theirs, `l2` the penalty of all. Equal `random_state`s give
    equal networks. Without a `client` it is that of the environment.
    """

    def __init__(
        self,
        layers: Sequence[int] | Auto = AUTO,
        *,
        activation: Activation | Auto = AUTO,
        optimizer: Optimizer | Auto = AUTO,
        learning_rate: float | Auto = AUTO,
        epochs: int | Auto = AUTO,
        batch_size: int | str = AUTO,
        l2: float = 0.0,
        validation_fraction: float | Auto | None = AUTO,
        patience: int | Auto | None = AUTO,
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
        training: dict[str, Any] = {
            "loss": loss,
            "optimizer": self._optimizer(),
            "metrics": [metric],  # by which the service tells that nothing was learned
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "seed": int(check_random_state(self.random_state).randint(2**31 - 1)),
        }
        if self.validation_fraction != AUTO:
            training["validation"] = None if self.validation_fraction is None else {"fraction": self.validation_fraction}
        if self.patience != AUTO:
            training["early_stopping"] = None if self.patience is None else {"patience": self.patience}
        network: dict[str, Any] = {"dtype": "float64"}  # in which rows are predicted alone as they are among others
        if not self._has_open_layers():
            network["layers"] = self._layers(self.layers, outputs)
        service = self._service()
        dataset = Sender(service, None, {}, f"data of {type(self).__name__}").dataset(X, y, {"scaling": "standard", **data})
        self._change_choice(service, network, dataset, training, outputs)
        self.job_id_ = ended(service.jobs.create(network, dataset, training, name=self._name())).id
        return self

    def _name(self) -> str:
        """As one writes it, so that those of a search are told apart: with what is not as it is by default."""
        usual = {name: repr(each.default) for name, each in signature(type(self)).parameters.items()}
        given = {name: repr(value) for name, value in self.get_params(deep=False).items() if name != "client"}
        told = [f"{name}={value}" for name, value in given.items() if value != usual[name]]
        name = "".join(letter for letter in f"{type(self).__name__}({', '.join(told)})" if letter.isprintable())
        return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"

    def _change_choice(
        self, service: Client, network: dict[str, Any], dataset: dict[str, Any], training: dict[str, Any], outputs: int
    ) -> None:
        """Where a part is given of what is open, the choice is asked for and changed."""
        changes_layers = self._has_open_layers() and (self.activation != AUTO or bool(self.l2))
        changes_rate = training["optimizer"] == AUTO and self.learning_rate != AUTO
        if not changes_layers and not changes_rate:
            return
        chosen = service.networks.check(network, dataset, training).chosen
        if changes_layers:
            network["layers"] = self._layers([layer["units"] for layer in chosen["/network/layers"][:-1]], outputs)
        if changes_rate:
            training["optimizer"] = {**chosen["/training/optimizer"], "learning_rate": self.learning_rate}

    def _has_open_layers(self) -> bool:
        if not isinstance(self.layers, str):
            return False
        if self.layers != AUTO:
            raise ValueError(
                f'layers is {self.layers!r}; it must be "auto" or the units of each hidden layer, such as (64, 32)'
            )
        return True

    def _layers(self, hidden: Sequence[int] | str, outputs: int) -> list[dict[str, Any]]:
        # As the service chooses them.
        activation = {"activation": "relu", "weight_initializer": "he_normal"}
        if self.activation != AUTO:
            activation = {"activation": self.activation}  # type: ignore[dict-item]
        penalty = {"l2": self.l2} if self.l2 else {}
        return [*({"units": int(units), **activation, **penalty} for units in hidden), {"units": outputs, **penalty}]

    def _optimizer(self) -> Any:
        if self.optimizer == AUTO:
            return AUTO
        given: dict[str, Any] = {"type": self.optimizer} if isinstance(self.optimizer, str) else dict(self.optimizer)
        is_without = given.get("type") == "lbfgs" and self.learning_rate == AUTO  # a learning rate
        return given if is_without else {"learning_rate": self.learning_rate, **given}

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
            raise ValueError(f"y has one class, {self.classes_.tolist()[0]!r}; a classifier needs two or more")
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
