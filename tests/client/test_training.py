"""A network in one call, from arrays and tables, on a real service."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gradmill
from gradmill import training, training_data

pytestmark = pytest.mark.xdist_group("client")

IRIS = pd.read_csv(Path(__file__).parents[2] / "examples" / "data" / "iris.csv")
X = IRIS.drop(columns="species")
LAYERS = [{"units": 8, "activation": "tanh"}, {"units": 3}]
OPTIONS = {
    "epochs": 40,
    "batch_size": 16,
    "optimizer": {"type": "adam", "learning_rate": 0.02},
    "loss": "softmax_cross_entropy",
}


def share(model, inputs, expected):
    return np.mean(model.predict(inputs) == expected)


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (X.to_numpy(), IRIS.species.to_numpy()),
        (X.to_numpy().tolist(), IRIS.species.tolist()),
        (X, IRIS.species),
        (X, IRIS.species.tolist()),
        (IRIS, "species"),
        ({name: X[name].tolist() for name in X}, IRIS.species),
    ],
    ids=["arrays", "lists", "frame", "frame and list", "name", "columns"],
)
def test_it_learns_whatever_the_data_are(client, inputs, targets):
    model = gradmill.train(LAYERS, inputs, targets, client=client, metadata={"mark": "train"}, seed=3, **OPTIONS)
    assert share(model, inputs, IRIS.species) > 0.9
    assert model.weights()["0.weight"].shape == (8, 4)
    assert model.job.metadata == {"mark": "train"}
    assert model.job.dataset["scaling"] == "standard"
    probabilities = model.predict_proba(inputs)
    assert probabilities.shape == (150, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_labels_that_are_numbers_stay_what_they_are(client):
    codes = IRIS.species.astype("category").cat.codes.to_numpy(int) * 10
    predicted = gradmill.train(LAYERS, X.to_numpy(), codes, client=client, **OPTIONS).predict(X.to_numpy())
    assert predicted.dtype.kind == "i"
    assert set(predicted) == {0, 10, 20}


def test_large_arrays_are_uploaded_and_give_the_same_weights(client, monkeypatch):
    def weights():
        return gradmill.train(LAYERS, X.to_numpy(), IRIS.species, client=client, seed=1, **OPTIONS).weights()

    inline = weights()
    monkeypatch.setattr(training_data, "INLINE_CELLS", 0)
    for name, array in weights().items():
        np.testing.assert_array_equal(array, inline[name])


def test_several_numbers_are_told_in_their_units(client):
    inputs = np.random.default_rng(0).normal(size=(200, 3))
    targets = np.stack([inputs.sum(axis=1) * 100, inputs[:, 0] - 5], axis=1)
    for rows, expected in ((inputs, targets), (pd.DataFrame(inputs, columns=["a", "b", "c"]), targets)):
        model = gradmill.train(
            [{"units": 2}], rows, expected, client=client, epochs=60, optimizer={"type": "adam", "learning_rate": 0.05}
        )
        assert model.predict(rows).shape == (200, 2)
        np.testing.assert_allclose(model.predict(rows), targets, atol=20)
        with pytest.raises(gradmill.BadInput, match="no probabilities"):
            model.predict_proba(rows)


def test_missing_values_and_images_are_taken(client):
    inputs = X.to_numpy().copy()
    inputs[::7, 1] = np.nan
    assert share(gradmill.train(LAYERS, inputs, IRIS.species, client=client, **OPTIONS), inputs, IRIS.species) > 0.8
    images = np.random.default_rng(0).normal(size=(60, 4, 4))
    bright = images.mean(axis=(1, 2)) > 0
    model = gradmill.train("auto", images, bright, client=client, epochs=30)
    assert model.predict(images).dtype == bool
    assert share(model, images, bright) > 0.8


def test_its_history_is_by_name(client, tmp_path):
    model = gradmill.train(
        LAYERS, X, IRIS.species, client=client, validation={"fraction": 0.2}, metrics=["accuracy"], **OPTIONS
    )
    assert set(model.history) == {"loss", "validation_loss", "accuracy"}
    assert [len(values) for values in model.history.values()] == [40] * 3
    assert model.save(tmp_path / "m.npz", format="npz").stat().st_size > 0
    assert model.job.id in repr(model)


def test_what_cannot_be_trained_is_told(client):
    with pytest.raises(gradmill.BadInput, match="150 rows, y has 3"):
        gradmill.train(LAYERS, X.to_numpy(), [1, 2, 3], client=client)
    with pytest.raises(gradmill.BadInput, match="rename it"):
        gradmill.train(LAYERS, IRIS, IRIS.species, client=client)
    with pytest.raises(gradmill.BadInput, match="without names"):
        gradmill.train(LAYERS, X.to_numpy(), "species", client=client)
    with pytest.raises(gradmill.JobFailed, match=r"infinite|NaN|diverged"):
        gradmill.train(
            [{"units": 30}, {"units": 1}],
            X,
            X.sepal_width.rename("y"),
            client=client,
            optimizer={"type": "sgd", "learning_rate": 1e6},
            epochs=50,
        )


def test_a_network_that_learned_nothing_is_warned_of_once(client, capfd):
    inputs = np.random.default_rng(0).normal(size=(60, 2))
    hopeless = {"epochs": 1, "optimizer": {"type": "sgd", "learning_rate": 1e-9}, "metrics": ["r2"], "client": client}
    hopeless["data"] = {"target_scaling": "none"}
    with pytest.warns(gradmill.GradmillWarning, match=r"^job job_\w+: r2 is -\d.* always saying the mean") as told:
        gradmill.train([{"units": 1}], inputs, inputs[:, 0] + 50, progress=True, **hopeless)
    assert [(each.filename, each.category.__mro__[1]) for each in told] == [(__file__, UserWarning)]
    assert "r2 is" not in capfd.readouterr().err  # where the progress is


def test_what_the_service_finds_strange_in_the_data_is_warned_of_before_they_are_learned(client):
    x = np.random.default_rng(0).normal(size=120)
    table = {"id": list(range(120)), "born": ["2024-01-01", "2024-01-02"] * 60, "x": x, "y": 2 * x}
    told_then = []
    with pytest.warns(gradmill.GradmillWarning) as told:
        model = gradmill.train(
            [{"units": 1}], table, "y", client=client, epochs=60, progress=lambda _: told_then.append(len(told))
        )
    *strange, note = model.job.warnings
    assert note.pointer == "/training/validation"
    assert [str(each.message) for each in told] == [f"job {model.job.id}: {each.message}" for each in strange]
    assert [words in str(each.message) for each, words in zip(told, ['"id" is left out', '"born"'], strict=True)] == [True] * 2
    assert {each.filename for each in told} == {__file__}
    assert set(told_then) == {2}


@pytest.mark.filterwarnings("ignore::gradmill.GradmillWarning")  # two epochs teach little
def test_rows_of_targets_go_with_a_table(client):
    targets = [[float(i), float(-i)] for i in range(30)]
    frame = pd.DataFrame(targets, columns=["up", "down"])
    table = {"a": [0.5 * i for i in range(30)], "b": [i % 7 for i in range(30)]}
    enough = {"epochs": 50, "optimizer": {"type": "adam", "learning_rate": 0.05}}  # to be better than always the mean
    listed = gradmill.train([{"units": 2}], table, targets, client=client, **enough)
    named = gradmill.train([{"units": 2}], pd.DataFrame(table), frame, client=client, **enough)
    assert listed.job.dataset["target"] == ["target0", "target1"]
    assert named.job.dataset["target"] == ["up", "down"]
    assert listed.predict(table).shape == (30, 2)


@pytest.mark.filterwarnings("ignore::gradmill.GradmillWarning")  # two epochs teach little
@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_learned_from_and_predicted_by_its_path(client, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    rows = [f"{'k.A.' if i == 3 else f'{i},5'};{i % 3};{2 * i + 1}" for i in range(30)]
    Path("rents.csv").write_text("\n".join(["area;zone;rent", *rows]) + "\n")
    read = {"numbers": ["area"], "texts": ["zone"], "missing_values": ["k.A."], "decimal": "comma"}
    model = gradmill.train("auto", kind("rents.csv"), "rent", client=client, epochs=2, **read)
    assert model.job.dataset["target"] == "rent"
    assert model.job.name == "rent from rents.csv"
    by_path = model.predict(kind("rents.csv"))
    assert by_path.shape == (30,)
    np.testing.assert_array_equal(by_path, model.predict(model.job.dataset["id"]))
    again = gradmill.train("auto", model.job.dataset["id"], "rent", client=client, epochs=2)
    assert again.job.dataset["id"] == model.job.dataset["id"]


def test_a_text_that_is_neither_a_file_nor_a_dataset_is_told_what_was_looked_for(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = client.jobs.create([{"units": 1}], {"inputs": [[1], [2]], "targets": [1, 2]}, {"epochs": 1}).wait()
    for given, told in (
        ("new", f"'new' is neither the path of a file nor the id of a dataset, ds_…: there is no file new in {tmp_path}"),
        ("new.csv", f"there is no file new.csv in {tmp_path}"),
        ("/nowhere/new.parquet", "there is no file /nowhere/new.parquet"),
    ):
        for use in (job.predict, lambda X: gradmill.train("auto", X, "leaves", client=client)):
            with pytest.raises(gradmill.BadInput) as refused:
                use(given)
            assert str(refused.value) == told
    with pytest.raises(gradmill.Invalid, match="there is no dataset"):
        job.predict("ds_none")
    with pytest.raises(gradmill.BadInput, match=r"y is a ndarray, but X is rents\.csv; y must name its column"):
        gradmill.train("auto", "rents.csv", np.zeros(3), client=client)
    with pytest.raises(gradmill.BadInput, match="X is neither"):
        gradmill.train("auto", np.zeros((3, 1)), [1, 2, 3], numbers=["input"], client=client)


@pytest.mark.filterwarnings("ignore::gradmill.GradmillWarning")  # one epoch teaches little
def test_what_is_trained_in_one_call_has_a_name_in_the_lists(client):
    table = {"size": list(range(30)), "price": [3 * i for i in range(30)]}

    def names(inputs, targets, **name) -> tuple[str | None, str | None]:
        job = gradmill.train([{"units": 1}], inputs, targets, client=client, epochs=1, **name).job
        stored = client.datasets.get(job.dataset["id"]).name if "id" in job.dataset else None
        return job.name, stored

    assert names(table, "price") == ("price from data of train()", "data of train()")
    assert names({**table, "rooms": [1, 2, 3] * 10}, "price", name="prices") == ("prices", "prices")
    assert names([[1.0], [2.0]], [1.0, 2.0])[0] == "train()"
    assert names([[1.0], [2.0]], [1.0, 2.0], name="two")[0] == "two"


def test_labels_are_never_taken_for_columns(client):
    table = {"cat": [1, 2, 3], "dog": [3, 1, 2]}
    with pytest.raises(gradmill.BadInput, match="both"):
        gradmill.train("auto", {**table, "cow": [1, 1, 2]}, ["cat", "dog", "cow"], client=client)
    model = gradmill.train([{"units": 2}], table, ["cat", "dog", "cat"], client=client, epochs=2, loss="softmax_cross_entropy")
    assert model.job.dataset["target"] == "target"


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ({"a": [1, 2]}, [], "X has 2 rows, y has 0"),
        ({"a": [1, 2]}, None, "y is None"),
        (X.to_numpy(), None, "y is None"),
        (X.to_numpy(), np.float64(3), "y is a single"),
        ([[1, "a"], [2, "b"]], [1, 2], "a table with names"),
        (np.array([[1.0, np.nan], [2.0, np.nan]]), [1, 2], "column 1 of X has no value"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), [1, 2], "two columns .*'a'"),
        ({1: [1, 2], "1": [3, 4]}, [1, 2], "two columns .*'1'"),
        (X.to_numpy()[:3], ["a", 1, "b"], "several kinds"),
        (X.to_numpy()[:3], [True, 2, 1], "several kinds"),
        (X.to_numpy()[:3], ["a", np.nan, "b"], "y misses 1 of 3 values, the first in row 1"),
        (X.to_numpy()[:3], [True, np.nan, False], "y misses 1 of 3 values, the first in row 1"),
        (X.to_numpy()[:3], [None, 2.0, None], "y misses 2 of 3 values, the first in row 0"),
        (X.to_numpy()[:3], np.array(["a", None, "b"], object), "y misses 1 of 3"),
        (X.to_numpy()[:3], pd.Series(["a", None, "b"]), "y misses 1 of 3"),
        ({"a": [1, 2]}, np.array([1, 2], "timedelta64[ns]"), "spans of time"),
    ],
)
def test_data_that_would_become_other_data_are_refused(client, inputs, targets, message):
    with pytest.raises(gradmill.BadInput, match=message):
        gradmill.train("auto", inputs, targets, client=client)


def test_without_a_client_it_is_that_of_the_environment(service, key, monkeypatch):
    monkeypatch.setenv("GRADMILL_URL", service.url())
    monkeypatch.setenv("GRADMILL_API_KEY", key)
    model = gradmill.train("auto", X, IRIS.species, epochs=2)
    assert model.client.base_url == service.url()
    assert training.default_client() is model.client


def test_what_an_array_of_predictions_cannot_hold_is_warned_of(client):
    table = {"of": ["a", "b"] * 20, "x": list(range(0, 80, 2)), "y": [i % 7 + 0.5 for i in range(40)]}
    job = (
        client.jobs.create([{"units": 1}], {"id": client.datasets.upload(table).id, "target": "y"}, {"epochs": 2})
        .wait()
        .check()
    )
    model = gradmill.Model(client, job)
    with pytest.warns(gradmill.GradmillWarning, match='holds a text that training never saw \\("c"\\)'):
        model.predict({"of": ["c"], "x": [1]})
