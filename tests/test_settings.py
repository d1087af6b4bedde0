"""Settings: what is taken, and what is said of the rest."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from core.settings import InvalidSettings, Settings, settings

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost:6379/0",
        "redis://127.0.0.1",
        "redis://[::1]:6379",
        f"redis://:{SECRET}@broker:6379/0",
        f"rediss://user:{SECRET}@broker.example:6380",
        "redis+socket:///run/broker.sock",
        "redis+socket:///a%20b/broker.sock?virtual_host=1",
    ],
)
def test_a_broker_of_this_machine_or_with_a_password_is_taken(url: str) -> None:
    assert Settings(redis_url=url).redis_url == url


@pytest.mark.parametrize("url", ["redis://broker:6379/0", "rediss://user@10.0.0.1", "redis://0.0.0.0", "redis://:@broker"])
def test_a_broker_that_others_could_use_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="names no password for the broker on"):
        Settings(redis_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "http://localhost",
        "redis://",
        "redis+socket://",
        "redis://localhost:port",
        "redis://localhost/zero",
        "amqp://x",
    ],
)
def test_what_is_no_broker_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="it must be redis://:password@host:6379/0"):
        Settings(redis_url=url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_means_psycopg_by_whatever_scheme(scheme: str) -> None:
    given = Settings(database_url=f"{scheme}://user:{SECRET}@host/name?options=-c%20x=1")
    assert given.database == f"postgresql+psycopg://user:{SECRET}@host/name?options=-c%20x=1"


@pytest.mark.parametrize(
    "url",
    [
        "foo",
        "mysql://localhost/x",
        "postgresql+asyncpg://h/x",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://h:port/x",
        "/a/b.db",
    ],
)
def test_what_is_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="it must be postgresql://user:password@host:5432/name or sqlite:"):
        Settings(database_url=url)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize(
    "url",
    [
        f"mysql://root:{SECRET}@db/x",
        f"postgresql://root:{SECRET}@db:port/x",
        f"redis://:{SECRET}",
        f"redis://:{SECRET}?@broker",
        f"redis//:{SECRET}@broker",
        f"root:{SECRET}@db",
        f"http://db/x?password={SECRET}",
    ],
)
def test_no_refusal_tells_a_password(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, url)
    settings.cache_clear()
    with pytest.raises(InvalidSettings) as refused:
        settings()
    assert str(refused.value).startswith(f"cannot start: {name} ")
    assert SECRET not in str(refused.value)
    with pytest.raises(ValidationError) as invalid:
        Settings()
    assert SECRET not in str(invalid.value)


def test_a_list_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADMILL_ALLOWED_HOSTS", "api.example.com")
    settings.cache_clear()
    with pytest.raises(
        InvalidSettings, match=r'^cannot start: error parsing value for field "allowed_hosts" .*it must be JSON$'
    ):
        settings()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "api.example.com", ""])
def test_without_keys_the_service_listens_to_this_machine_alone(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADMILL_AUTH", "off")
    monkeypatch.setenv("GRADMILL_HOST", host)
    settings.cache_clear()
    with pytest.raises(InvalidSettings) as refused:
        settings()
    assert str(refused.value).startswith(f"cannot start: GRADMILL_AUTH is 'off', but GRADMILL_HOST is {host!r}, which others")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_on_this_machine_keys_may_be_off(host: str) -> None:
    assert Settings(host=host, auth="off").auth == "off"
    assert Settings(host="0.0.0.0").auth == "keys"


def test_a_limit_that_may_be_left_out_is_told_as_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADMILL_TENANT_RUNNING_JOBS", "0")
    settings.cache_clear()
    with pytest.raises(InvalidSettings, match=r"GRADMILL_TENANT_RUNNING_JOBS is '0'; it must be a whole number of at least 1$"):
        settings()


def test_a_word_that_is_none_of_its_settings_is_told_with_those(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADMILL_AUTH", "of")
    settings.cache_clear()
    with pytest.raises(InvalidSettings, match=r"^cannot start: GRADMILL_AUTH is 'of'; it must be keys or off$"):
        settings()


@pytest.mark.parametrize("directory", ["data", "a b", "why?", "#1 at 100%", "größe@home"])
def test_the_embedded_database_lies_in_the_data_directory_whatever_its_name(directory: str, tmp_path: Path) -> None:
    assert make_url(Settings(data_dir=tmp_path / directory).database).database == str(tmp_path / directory / "gradmill.db")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("abc", "GRADMILL_PORT is 'abc'; it must be a whole number of at least 0 and at most 65535"),
        ("65536", "GRADMILL_PORT is '65536'; it must be a whole number of at least 0 and at most 65535"),
        ("", "GRADMILL_PORT is ''; it must be a whole number of at least 0 and at most 65535"),
    ],
)
def test_a_wrong_number_is_told_with_its_setting_and_what_is_allowed(
    value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADMILL_PORT", value)
    monkeypatch.setenv("GRADMILL_LEASE_TTL_S", "0")
    settings.cache_clear()
    with pytest.raises(InvalidSettings) as refused:
        settings()
    assert str(refused.value) == f"cannot start: {told}; GRADMILL_LEASE_TTL_S is '0'; it must be a number above 0"


@pytest.mark.parametrize("name", ["TENANT_OPEN_UPLOADS", "TENANT_OPEN_UPLOAD_BYTES"])
def test_nobody_can_be_kept_from_sending_by_a_limit_of_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"GRADMILL_{name}", "0")
    settings.cache_clear()
    with pytest.raises(InvalidSettings, match=rf"GRADMILL_{name} is '0'; it must be a whole number of at least 1$"):
        settings()


def test_the_largest_body_can_come_at_the_least_rate() -> None:
    given = Settings()
    assert given.max_dataset_bytes / given.body_bytes_per_s + given.body_timeout_s < given.body_longest_s
    assert given.tenant_open_upload_bytes is not None
    assert given.tenant_open_upload_bytes >= given.max_dataset_bytes
