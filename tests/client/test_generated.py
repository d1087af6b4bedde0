"""What is made by the generator is what it makes, and says what the service says."""

import inspect
import typing

import pytest

import gradmill
from api.errors import PROBLEMS
from client.generate.__main__ import PACKAGE, made
from core import exports
from core.nn import spec as words
from gradmill import errors, spec
from gradmill.cli.jobs import SUFFIXES

MADE = dict(made())
UNIONS = {
    spec.Layer: words.AnyLayer,
    spec.Activation: words.AnyActivation,
    spec.Initializer: words.AnyInitializer,
    spec.Loss: words.AnyLoss,
    spec.Optimizer: words.AnyOptimizer,
    spec.Schedule: words.AnySchedule,
    spec.Metric: words.AnyMetric,
}


@pytest.mark.parametrize("path", MADE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_generated_files_are_as_the_generator_makes_them(path):
    assert path.read_text() == MADE[path], "python -m client.generate"


@pytest.mark.parametrize(("typed", "union"), UNIONS.items(), ids=[typing.get_args(each)[1].__name__ for each in UNIONS])
def test_every_word_of_the_specs_has_its_type_with_its_fields(typed, union):
    names, *members = typing.get_args(typed)
    theirs = {member.model_fields["type"].default: member for member in typing.get_args(union)}
    ours = {typing.get_args(typing.get_type_hints(member)["type"])[0]: member for member in members}
    assert set(typing.get_args(names)) == ours.keys() == theirs.keys()
    for tag, member in ours.items():
        assert set(typing.get_type_hints(member)) == set(theirs[tag].model_fields)


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_has_a_class_of_its_own(code):
    status, title = PROBLEMS[code]
    document = {"code": code, "status": status, "title": title, "detail": "so it is", "request_id": "req_1"}
    error = errors.refusal(status, document)
    assert type(error).codes == (code,)
    assert (error.status, error.code, error.detail, error.request_id) == (status, code, "so it is", "req_1")
    assert getattr(gradmill, type(error).__name__) is type(error)


def test_a_code_of_a_newer_service_is_told_apart_by_its_status():
    kinds = {status: type(errors.refusal(status, {"code": "new"})) for status in (418, 422, 500)}
    assert kinds == {418: gradmill.APIError, 422: gradmill.InvalidRequest, 500: gradmill.ServerError}


def test_every_error_is_exported():
    for name, each in vars(errors).items():
        if inspect.isclass(each) and issubclass(each, gradmill.GradmillError):
            assert name in gradmill.__all__
            assert getattr(gradmill, name) is each


def test_both_clients_have_the_same_shape():
    pairs = [(gradmill.AsyncClient, gradmill.Client), (gradmill.AsyncJob, gradmill.Job)]
    with gradmill.Client("http://127.0.0.1:1") as client:
        asynchronous = gradmill.AsyncClient("http://127.0.0.1:1")
        for name, resource in vars(client).items():
            pairs.append((type(getattr(asynchronous, name)), type(resource)))
    for other, ours in pairs:
        for name, method in inspect.getmembers(ours, inspect.isfunction):
            if name.startswith("_") or not method.__module__.startswith("gradmill."):
                continue
            twin = getattr(other, {"close": "aclose"}.get(name, name))
            assert list(inspect.signature(twin).parameters) == list(inspect.signature(method).parameters), name
            written = inspect.unwrap(twin)  # where it is a context manager
            waits = inspect.iscoroutinefunction(written) or inspect.isasyncgenfunction(written)
            assert waits or name == "check", name  # of a job: what it holds is looked at, nothing is asked for


def test_every_form_of_the_weights_is_known():
    assert typing.get_args(spec.Form) == typing.get_args(exports.Name)
    for name, form in exports.FORMS.items():
        assert SUFFIXES.get(name, name) == form.suffix
