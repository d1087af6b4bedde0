"""API keys: `gm_` and twelve hexadecimal digits, which are the key's id, then an underscore and the secret.

Of a key the id and the SHA-256 of the whole text are kept. The secret has 192 random bits, so nobody finds it by guessing, and
no slow hash needs to protect it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, get_args

Scope = Literal["read", "write", "admin"]

SCOPES: tuple[Scope, ...] = get_args(Scope)  # "admin" holds the others
ID_BYTES = 6
SECRET_BYTES = 24

_KEY = re.compile(r"(gm_[0-9a-f]{12})_[0-9a-f]{48}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its owner has it: only `id` may be shown, and only `sha256` is stored."""

    text: str = field(repr=False)

    @property
    def id(self) -> str:
        return self.text.rpartition("_")[0]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def is_behind(self, sha256: str) -> bool:
        """Whether this is the stored hash of the key, in a time that tells nothing of where they differ."""
        return hmac.compare_digest(self.sha256, sha256)


def new_key() -> Key:
    return Key(f"gm_{secrets.token_hex(ID_BYTES)}_{secrets.token_hex(SECRET_BYTES)}")


def parsed(text: str) -> Key | None:
    """None for what cannot be a key."""
    return Key(text) if _KEY.fullmatch(text) else None


def allows(scopes: Collection[str], needed: Scope) -> bool:
    return needed in scopes or "admin" in scopes
