"""The estimators keep scikit-learn's rules, by scikit-learn's own checks, with a real service behind them."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import parametrize_with_checks

import gradmill
from core.jobs import MOST_NAME
from gradmill import training_data
from gradmill.sklearn import GradmillClassifier, GradmillRegressor

pytestmark = pytest.mark.xdist_group("client")


@pytest.fixture(autouse=True)
def environment(service, key, monkeypatch):
    monkeypatch.setenv("GRADMILL_URL", service.url())
    monkeypatch.setenv("GRADMILL_API_KEY", key)


@pytest.mark.filterwarnings("ignore::gradmill.GradmillWarning")  # of some checks' noise nothing can be learned
@parametrize_with_checks([GradmillClassifier(), GradmillRegressor()])
def test_each_rule_of_scikit_learn_is_kept(estimator, check):
    check(estimator)


def test_flowers_are_told_apart_across_folds():
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"], object)[y]
    assert cross_val_score(GradmillClassifier(random_state=0), X, names, cv=3).mean() > 0.9


def test_it_stands_in_pipelines_and_searches():
    X, y = load_diabetes(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(PolynomialFeatures(1), GradmillRegressor(epochs=20, learning_rate=0.003, random_state=0)),
        {"gradmillregressor__layers": ["auto", (), (16,)], "gradmillregressor__l2": [0.0, 0.01]},
        cv=2,
    ).fit(X, y)
    assert search.best_score_ > 0.3


def test_what_nobody_chose_is_chosen_as_for_a_training_in_one_call(client):
    X, y = load_diabetes(return_X_y=True)
    learned, new = slice(0, 300), slice(300, None)
    fitted = GradmillRegressor(random_state=0, client=client).fit(X[learned], y[learned])
    chosen = gradmill.train("auto", X[learned], y[learned], client=client).job.chosen
    job = client.jobs.get(fitted.job_id_)
    assert fitted.score(X[new], y[new]) > 0.4
    assert set(job.chosen) >= set(chosen) - {"/training/loss", "/training/metrics"}
    assert {pointer: job.chosen[pointer] for pointer in chosen.keys() & job.chosen.keys()} == {
        pointer: value for pointer, value in chosen.items() if pointer in job.chosen
    }
    assert job.network["dtype"] == "float64"


@pytest.mark.parametrize(
    ("given", "pointer", "value"),
    [
        ({"l2": 0.01}, "/network/layers", {"units": 32, "l2": 0.01, "activation": {"type": "relu"}}),
        ({"activation": "tanh"}, "/network/layers", {"units": 32, "l2": 0.0, "activation": {"type": "tanh"}}),
        ({"learning_rate": 0.02}, "/training/optimizer", {"type": "adamw", "learning_rate": 0.02, "weight_decay": 0.3}),
        ({"optimizer": "adam"}, "/training/optimizer", {"type": "adam", "learning_rate": 0.003}),
    ],
)
def test_a_part_that_is_given_changes_what_is_chosen_by_that_part_alone(client, given, pointer, value):
    X, y = load_diabetes(return_X_y=True)
    job = client.jobs.get(GradmillRegressor(**given, patience=1, random_state=0, client=client).fit(X, y).job_id_)
    found = job.network["layers"][0] if pointer == "/network/layers" else job.training["optimizer"]
    assert {name: found[name] for name in value} == value
    assert job.training["early_stopping"]["patience"] == 1


@pytest.mark.filterwarnings("ignore::gradmill.GradmillWarning")  # one epoch teaches little
def test_estimators_are_told_apart_in_the_list_of_jobs(client, monkeypatch):
    monkeypatch.setattr(training_data, "INLINE_CELLS", 0)
    fitted = GradmillRegressor((4,), epochs=1, random_state=0, client=client).fit([[0.0], [1.0]], [0.0, 1.0])
    job = client.jobs.get(fitted.job_id_)
    assert job.name == "GradmillRegressor(epochs=1, layers=(4,), random_state=0)"
    assert client.datasets.get(job.dataset["id"]).name == "data of GradmillRegressor"
    fitted.set_params(layers=[1] * 90).fit([[0.0], [1.0]], [0.0, 1.0])
    assert len(client.jobs.get(fitted.job_id_).name) == MOST_NAME


def test_one_class_is_refused_by_its_own_name():
    for label in ("yes", 0.0):
        with pytest.raises(ValueError, match=f"y has one class, {label!r};"):
            GradmillClassifier().fit([[0.0], [1.0]], [label, label])


def test_layers_that_are_no_units_are_refused():
    with pytest.raises(ValueError, match='"auto" or the units'):
        GradmillRegressor("64").fit([[0.0], [1.0]], [0.0, 1.0])


def test_equal_seeds_give_equal_networks_and_others_others(client):
    X, y = load_iris(return_X_y=True)
    first, second, other = (GradmillClassifier(epochs=5, random_state=seed, client=client).fit(X, y) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_a_client_of_ones_own_is_kept_by_clones_and_never_pickled(client):
    X, y = load_iris(return_X_y=True)
    mine = GradmillClassifier(epochs=2, client=client).fit(X, y)
    assert clone(mine).client is client
    with pytest.raises(TypeError, match="key"):
        pickle.dumps(mine)
    usual = GradmillClassifier(epochs=2).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(usual)).predict(X), usual.predict(X))


def test_an_optimizer_without_a_learning_rate_is_taken(client):
    x = np.linspace(-1, 1, 40)[:, None]
    fitted = GradmillRegressor(layers=(4,), activation="tanh", optimizer="lbfgs", batch_size="full", client=client).fit(
        x, x[:, 0] ** 2
    )
    assert fitted.score(x, x[:, 0] ** 2) > 0.9


def test_an_estimator_that_learned_nothing_is_warned_of(client):
    x = np.linspace(-1, 1, 40)[:, None]
    hopeless = GradmillRegressor((), optimizer="sgd", learning_rate=1e-9, epochs=1, random_state=0, client=client)
    with pytest.warns(gradmill.GradmillWarning, match="r2 is -") as told:
        hopeless.fit(x, np.tile([-1.0, 1.0], 20))
    assert [each.filename for each in told] == [__file__]
