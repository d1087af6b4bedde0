"""Where the client finds the service and its key, and where the key never goes."""

import pytest

import gradmill
from gradmill import address


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    for name in (address.URL_VARIABLE, address.KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_what_is_given_comes_before_the_environment(monkeypatch):
    assert address.address(None) == "http://127.0.0.1:8000"
    monkeypatch.setenv(address.URL_VARIABLE, "https://train.example/v1/")
    monkeypatch.setenv(address.KEY_VARIABLE, "gm_other")
    assert address.address(None) == "https://train.example"
    assert address.address("http://[::1]:9/") == "http://[::1]:9"
    assert address.key(None, "https://train.example") == "gm_other"
    assert address.key("gm_mine", "https://train.example") == "gm_mine"


def test_the_key_in_the_folder_goes_to_this_machine_alone(tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "key").write_text("gm_here\n")
    for own in ("http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:8000"):
        assert address.key(None, own) == "gm_here"
    for other in ("http://10.0.0.1", "https://localhost.example", "http://127.0.0.1.example"):
        assert address.key(None, other) is None


@pytest.mark.parametrize("url", ["train.example", "ftp://train.example", "http://", "http://a:x", "http://me:secret@a"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(gradmill.BadAddress) as raised:
        gradmill.Client(url)
    assert "secret" not in str(raised.value)


def test_a_key_that_cannot_be_one_is_refused_without_being_shown():
    with pytest.raises(gradmill.BadAddress) as raised:
        gradmill.Client(api_key="gm_a\nb: c")
    assert "gm_a" not in str(raised.value)


def test_a_client_does_not_show_its_key():
    with gradmill.Client(api_key="gm_secret") as client:
        assert "secret" not in repr(client)
