"""Where the client finds the service and its key, and where the key never goes."""

import os

import pytest

import gradmill
from gradmill import address
from service.lock import Lock
from tests.client.answering import problem

HERE = "http://127.0.0.1:8123"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """The var of the folder in which it runs, with a key in it."""
    for name in (address.URL_VARIABLE, address.KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "key").write_text("gm_here\n")
    return tmp_path / "var"


@pytest.fixture
def running(folder):
    """A service holds the lock of the folder."""
    lock = Lock(folder)
    lock.announce(HERE)
    yield lock
    os.close(lock.fd)


def test_what_is_given_comes_before_the_environment_and_that_before_the_folder(monkeypatch, running):
    assert address.address(None) == HERE
    monkeypatch.setenv(address.URL_VARIABLE, "https://train.example/v1/")
    monkeypatch.setenv(address.KEY_VARIABLE, "gm_other")
    assert address.address(None) == "https://train.example"
    assert address.address("http://[::1]:9/") == "http://[::1]:9"
    assert address.key(None, "https://train.example") == "gm_other"
    assert address.key("gm_mine", "https://train.example") == "gm_mine"


def test_the_service_of_the_folder_is_found_wherever_it_listens(running):
    with gradmill.Client() as client:
        assert client.base_url == HERE
    running.announce("http://[::1]:40001")
    assert address.address(None) == "http://[::1]:40001"


def test_the_key_in_the_folder_goes_to_its_service_alone(running):
    assert address.key(None, HERE) == "gm_here"
    for other in ("http://127.0.0.1:8000", "http://localhost:8123", "http://10.0.0.1:8123", "https://127.0.0.1:8123"):
        assert address.key(None, other) is None


def test_another_program_at_the_address_of_a_service_that_ended_gets_no_key(folder, answering):
    lock = Lock(folder)
    lock.announce(answering.url)
    os.close(lock.fd)
    answering.answers = [problem(401, "unauthorized")]
    with gradmill.Client(answering.url) as client, pytest.raises(gradmill.Unauthorized):
        client.jobs.get("job_1")
    assert "authorization" not in answering.asked[0].headers


def test_without_a_service_in_the_folder_it_is_told_at_once(folder):
    told = "no service runs in this folder: scripts/up starts one; GRADMILL_URL and GRADMILL_API_KEY name another"
    with pytest.raises(gradmill.NoService) as raised:
        gradmill.Client()
    assert str(raised.value) == told
    lock = Lock(folder)
    with pytest.raises(gradmill.NoService, match="is starting"):
        gradmill.Client()
    os.truncate(lock.fd, 0)
    with pytest.raises(gradmill.NoService, match="is starting"):
        gradmill.Client()
    os.close(lock.fd)
    with pytest.raises(gradmill.NoService, match="no service runs"):
        gradmill.Client()


@pytest.mark.parametrize("url", ["train.example", "ftp://train.example", "http://", "http://a:x", "http://me:secret@a"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(gradmill.BadAddress) as raised:
        gradmill.Client(url)
    assert "secret" not in str(raised.value)


def test_a_key_that_cannot_be_one_is_refused_without_being_shown():
    with pytest.raises(gradmill.BadAddress) as raised:
        gradmill.Client(HERE, api_key="gm_a\nb: c")
    assert "gm_a" not in str(raised.value)


def test_a_client_does_not_show_its_key():
    with gradmill.Client(HERE, api_key="gm_secret") as client:
        assert "secret" not in repr(client)
