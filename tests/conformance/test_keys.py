"""API keys and their tenants, on every database."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select, update

from core.errors import NotFound
from core.keys import Key, allows, new_key, parsed
from core.store import ApiKey, Store
from core.store.clock import now
from core.store.tables import api_keys, tenants


def kept(store: Store, key: Key) -> ApiKey:
    (found,) = (each for each in store.keys.all() if each.id == key.id)
    return found


def test_a_key_speaks_for_its_tenant_within_its_scopes(store: Store) -> None:
    key = new_key()
    made = store.keys.add(key, "acme", "night runs", ("read",))
    caller = store.keys.caller(key)
    assert caller is not None
    assert (caller.key_id, caller.tenant, caller.scopes, caller.refusal) == (key.id, "acme", {"read"}, None)
    assert (made.name, made.scopes, made.expires_at, made.revoked_at, made.last_used_at) == (
        "night runs",
        ("read",),
        None,
        None,
        None,
    )
    assert kept(store, key) == made


def test_of_a_key_its_id_and_its_hash_are_stored(store: Store, engine: Engine) -> None:
    key = new_key()
    store.keys.add(key, "acme", "")
    with engine.connect() as connection:
        row = connection.execute(select(api_keys).where(api_keys.c.id == key.id)).one()
    assert row.sha256 == key.sha256
    assert key.text not in repr(tuple(row))
    assert key.text.removeprefix(key.id) not in repr(tuple(row))


def test_an_unknown_key_and_a_known_id_with_another_secret_speak_for_nobody(store: Store) -> None:
    key = new_key()
    assert store.keys.caller(key) is None
    store.keys.add(key, "acme", "")
    assert store.keys.caller(Key(f"{key.id}_{'0' * 48}")) is None


def test_keys_differ_and_are_read_back_by_their_form_alone() -> None:
    keys = {new_key().text for _ in range(100)}
    assert len(keys) == len({text.rpartition("_")[0] for text in keys}) == 100
    assert all(parsed(text) == Key(text) for text in keys)
    for text in ("", "gm_", next(iter(keys))[:-1], next(iter(keys)) + "0", next(iter(keys)).replace("gm_", "sk_")):
        assert parsed(text) is None


def test_admin_holds_the_other_scopes() -> None:
    assert allows({"read"}, "read")
    assert not allows({"read"}, "write")
    assert not allows({"read", "write"}, "admin")
    assert all(allows({"admin"}, scope) for scope in ("read", "write", "admin"))


def test_a_key_that_is_added_again_stays_as_it_is(store: Store) -> None:
    key = new_key()
    first = store.keys.add(key, "acme", "first", ("read",))
    assert store.keys.add(key, "other", "second", ("admin",)) == first


def test_many_keys_at_once_make_one_tenant(store: Store, engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.keys.add(new_key(), "acme", ""), range(16)))
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(tenants).where(tenants.c.name == "acme")) == 1
    assert len(store.keys.all("acme")) == 16
    assert store.keys.all("nobody") == []


def test_a_key_is_good_until_it_expires(store: Store, engine: Engine) -> None:
    key = new_key()
    made = store.keys.add(key, "acme", "", expires_in_s=60)
    assert made.expires_at == pytest.approx(made.created_at + 60, abs=0.1)
    caller = store.keys.caller(key)
    assert caller is not None
    assert caller.refusal is None
    with engine.begin() as connection:
        connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(expires_at=now()))
    caller = store.keys.caller(key)
    assert caller is not None
    assert caller.refusal == "has expired"


def test_a_revoked_key_is_refused_from_then_on_and_revoking_twice_is_no_error(store: Store) -> None:
    key = new_key()
    store.keys.add(key, "acme", "")
    revoked = store.keys.revoke(key.id)
    assert store.keys.revoke(key.id) == revoked
    caller = store.keys.caller(key)
    assert caller is not None
    assert caller.refusal == "was revoked"
    with pytest.raises(NotFound, match="there is no key gm_000000000000"):
        store.keys.revoke("gm_000000000000")


def test_a_rotated_key_hands_over_what_it_may_at_once_or_after_a_while(store: Store) -> None:
    first, second, third = new_key(), new_key(), new_key()
    store.keys.add(first, "acme", "nights", ("read",))
    made = store.keys.rotate(first.id, second, grace_s=60)
    assert (made.id, made.tenant, made.name, made.scopes, made.expires_at) == (second.id, "acme", "nights", ("read",), None)
    refusals = [caller and caller.refusal for caller in map(store.keys.caller, (first, second))]
    assert refusals == [None, None]
    assert kept(store, first).expires_at == pytest.approx(made.created_at + 60, abs=0.1)
    store.keys.rotate(second.id, third, expires_in_s=10)
    refusals = [caller and caller.refusal for caller in map(store.keys.caller, (second, third))]
    assert refusals == ["was revoked", None]


@pytest.mark.parametrize("grace_s", [0, 60])
def test_a_key_that_takes_anothers_place_is_good_for_as_long_as_that_was_unless_told_otherwise(
    store: Store, engine: Engine, grace_s: float
) -> None:
    keys = [new_key() for _ in range(4)]
    store.keys.add(keys[0], "acme", "", expires_in_s=1000)
    with engine.begin() as connection:
        aged = {"created_at": api_keys.c.created_at - 900, "expires_at": api_keys.c.expires_at - 900}
        connection.execute(update(api_keys).where(api_keys.c.id == keys[0].id).values(aged))
    made = store.keys.rotate(keys[0].id, keys[1], grace_s)
    assert made.expires_at == pytest.approx(made.created_at + 1000, abs=0.1)
    made = store.keys.rotate(keys[1].id, keys[2], grace_s, 10)
    assert made.expires_at == pytest.approx(made.created_at + 10, abs=0.1)
    assert store.keys.rotate(keys[2].id, keys[3], grace_s, None).expires_at is None


def test_a_grace_does_not_make_a_key_live_longer(store: Store) -> None:
    key = new_key()
    made = store.keys.add(key, "acme", "", expires_in_s=5)
    store.keys.rotate(key.id, new_key(), grace_s=60)
    assert kept(store, key).expires_at == made.expires_at


def test_nobody_gets_a_good_key_for_a_bad_one(store: Store) -> None:
    revoked, expired = new_key(), new_key()
    store.keys.add(revoked, "acme", "")
    store.keys.revoke(revoked.id)
    store.keys.add(expired, "acme", "", expires_in_s=-1)
    for id in (revoked.id, expired.id, "gm_000000000000"):
        replacement = new_key()
        with pytest.raises(NotFound, match="that is good now"):
            store.keys.rotate(id, replacement)
        assert store.keys.caller(replacement) is None


def test_the_use_of_a_key_is_written_down_once_a_minute_at_most(store: Store, engine: Engine) -> None:
    key = new_key()
    store.keys.add(key, "acme", "")

    def is_stale() -> bool:
        caller = store.keys.caller(key)
        assert caller is not None
        return caller.is_stale

    assert is_stale()
    store.keys.used(key.id)
    first = kept(store, key).last_used_at
    assert first is not None
    assert not is_stale()
    store.keys.used(key.id)
    assert kept(store, key).last_used_at == first
    with engine.begin() as connection:
        connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now() - 61))
    assert is_stale()
    store.keys.used(key.id)
    later = kept(store, key).last_used_at
    assert later is not None
    assert later >= first
