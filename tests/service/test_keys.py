"""The command that makes keys, and the key of the embedded service."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.keys import Key, parsed
from core.quotas import KeepTimes, Quotas
from core.settings import settings
from core.store import Store, connect, upgrade
from service.database import keep_key, read_key
from service.keys import main
from tests.service.running import ROOT


def said(url: str, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """What the command says, about the keys of this database."""
    command = [sys.executable, "-m", "service.keys", *arguments]
    environment = {"DATABASE_URL": url, "PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings.cache_clear()
    return database_url


def test_where_no_database_is_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    settings.cache_clear()
    assert main(["list", "--data-dir", str(tmp_path)]) == 1
    assert f"keys: there is no database {tmp_path.resolve()}/gradmill.db: start the service once" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_with_its_tenant_and_shown_alone(url: str, store: Store) -> None:
    done = said(url, "create", "--tenant", "acme", "--name", "night runs", "--scopes", "write,read", "--expires-in", "90d")
    key = parsed(done.stdout.strip())
    assert key is not None
    assert key.text not in done.stderr
    assert f"{key.id}  tenant acme, name night runs, scopes read,write, good until " in done.stderr
    caller = store.keys.caller(key)
    assert caller is not None
    assert (caller.tenant, caller.scopes, caller.refusal) == ("acme", {"read", "write"}, None)
    (kept,) = store.keys.all("acme")
    assert kept.expires_at == pytest.approx(kept.created_at + 90 * 86400, abs=1)


def test_keys_are_made_listed_rotated_and_revoked_as_json(url: str, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "--tenant", "acme", "--json"]) == 0
    made = told(capsys)
    assert Key(made["key"]).id == made["id"]
    assert (made["tenant"], made["scopes"], made["expires_at"]) == ("acme", ["read", "write"], None)
    assert main(["rotate", made["id"], "--json"]) == 0
    rotated = told(capsys)
    assert main(["revoke", rotated["id"], "--json"]) == 0
    assert told(capsys)["revoked_at"] is not None
    assert main(["list", "--tenant", "acme", "--json"]) == 0
    listed = told(capsys)
    assert {each["id"] for each in listed} == {made["id"], rotated["id"]}
    assert all(each["revoked_at"] and "key" not in each for each in listed)
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    assert f"{made['id']}  acme " in text
    for key in (made["key"], rotated["key"]):
        assert key not in text
        assert key not in json.dumps(listed)


def test_what_a_new_key_may_and_for_how_long_is_told(url: str, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create"]) == 0
    said = capsys.readouterr()
    endless = Key(said.out.strip())
    assert f"{endless.id}  tenant default, scopes read,write, good, and never expires; this is" in said.err
    assert main(["create", "--tenant", "acme", "--scopes", "read", "--expires-in", "90d"]) == 0
    (first,) = store.keys.all("acme")
    capsys.readouterr()
    assert main(["rotate", first.id]) == 0
    second = next(key for key in store.keys.all("acme") if key.id != first.id)
    assert second.expires_at == pytest.approx(second.created_at + 90 * 86400, abs=1)
    told = capsys.readouterr().err
    assert f"{second.id}  tenant acme, scopes read, good until " in told
    assert f"Z, like {first.id} before it; this is" in told
    for of, lifetime, end in ((second.id, "never", "good, and never expires; this"), (endless.id, "2d", "Z; this is")):
        assert main(["rotate", of, "--expires-in", lifetime]) == 0
        assert end in capsys.readouterr().err


def test_an_id_that_is_not_there_is_named(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("revoke", "rotate"):
        assert main([action, "gm_000000000000"]) == 1
        assert "keys: there is no key gm_000000000000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "--tenant", "A b"), "'A b' is no tenant"),
        (("create", "--scopes", "read,delete"), "'delete' is no scope; there are: read, write, admin"),
        (("create", "--expires-in", "90"), "'90' is no time"),
        (("create", "--expires-in", "0d"), "'0d' is no time"),
        (("rotate", "gm_000000000000", "--expires-in", "for ever"), "'for ever' is no time"),
        (("create", "--expires-in", "99999w"), "'99999w' is no time"),
        (("create", "--name", "a\nb"), "is no name"),
        (("retention", "--jobs", "90"), "'90' is no time"),
        (("retention", "--jobs", "never"), "for-ever, or default for what the settings say"),
        (("revoke", "gm_1"), "that is no id of a key"),
    ],
)
def test_what_cannot_be_is_named(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err


def test_a_key_in_the_place_of_its_id_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"gm_000000000000_{'0' * 48}"
    with pytest.raises(SystemExit):
        main(["revoke", text])
    assert text not in capsys.readouterr().err


def test_a_database_that_is_not_ready_is_told(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    unmigrated = said(f"sqlite:///{tmp_path}/new.db", "list", status=1)
    assert "keys: the database has not the shape that this code needs" in unmigrated.stderr
    away = said("postgresql://nobody:hunter2@127.0.0.1:1/none?connect_timeout=1", "list", status=1)
    assert "keys: the database does not answer" in away.stderr
    assert "hunter2" not in away.stderr


def test_the_embedded_key_is_made_once_and_kept(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "key"
    key = keep_key(file, store)
    assert keep_key(file, store) == key == read_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    caller = store.keys.caller(key)
    assert caller is not None
    assert caller.refusal is None


def test_an_embedded_key_that_others_could_read_is_closed_to_them(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "key"
    key = keep_key(file, store)
    file.chmod(0o644)
    assert keep_key(file, store) == key
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe"])
def test_a_file_that_holds_no_key_gets_one(store: Store, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    assert store.keys.caller(keep_key(file, store)) is not None


def test_a_key_in_the_file_that_was_revoked_is_replaced_and_one_that_the_database_lost_is_known_again(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    first = keep_key(file, store)
    store.keys.revoke(first.id)
    second = keep_key(file, store)
    assert second != first
    assert read_key(file) == second
    other = tmp_path / "other.db"
    upgrade(f"sqlite:///{other}")
    fresh = Store(connect(f"sqlite:///{other}"))
    assert keep_key(file, fresh) == second
    assert fresh.keys.caller(second) is not None
    fresh.close()


def test_quotas_are_set_shown_and_left_to_the_settings_again(
    url: str, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADMILL_TENANT_ROWS", "500")
    settings.cache_clear()
    assert main(["create", "--tenant", "acme"]) == 0
    capsys.readouterr()
    assert main(["quotas", "--tenant", "acme", "--queued-jobs", "7", "--rows", "9", "--json"]) == 0
    shown = told(capsys)
    assert (shown["queued_jobs"], shown["rows"], shown["running_jobs"]) == (7, 9, None)
    assert store.quotas.of("acme", Quotas()) == Quotas(queued_jobs=7, rows=9)
    assert main(["quotas", "--tenant", "acme", "--rows", "0"]) == 0
    assert store.quotas.of("acme", Quotas()) == Quotas(queued_jobs=7)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines if line.startswith(("rows", "running"))] == [
        ["running_jobs", "no limit"],
        ["rows", "500"],
    ]
    assert main(["quotas", "--tenant", "nobody", "--rows", "1"]) == 1
    assert "there is no tenant nobody" in capsys.readouterr().err


def test_retention_is_set_shown_and_left_to_the_settings_again(
    url: str, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADMILL_KEEP_EPOCHS_S", "5400")
    monkeypatch.setenv("GRADMILL_KEEP_DATASETS_S", "0.5")
    settings.cache_clear()
    assert main(["create", "--tenant", "acme"]) == 0
    capsys.readouterr()
    assert main(["retention", "--tenant", "acme", "--jobs", "30d", "--datasets", "for-ever", "--json"]) == 0
    assert told(capsys) == {"tenant": "acme", "jobs_s": 30 * 86400, "epochs_s": 5400, "datasets_s": None}
    own = KeepTimes(jobs_s=30 * 86400, datasets_s=math.inf)
    assert store.keep_times.of("acme", KeepTimes()) == own
    assert main(["retention", "--tenant", "acme", "--datasets", "default", "--epochs", "2w"]) == 0
    assert capsys.readouterr().out.split() == ["tenant", "acme", "jobs", "30d", "epochs", "2w", "datasets", "0.5s"]
    assert main(["retention", "--tenant", "default"]) == 0
    assert capsys.readouterr().out.splitlines()[1:3] == ["jobs          for ever", "epochs        90m"]
    assert main(["retention", "--tenant", "nobody", "--jobs", "1d"]) == 1
    assert "there is no tenant nobody" in capsys.readouterr().err
