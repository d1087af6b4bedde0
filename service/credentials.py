"""`python -m service.credentials FOLDER`: the passwords of the composed service, made once.

    FOLDER/postgres/password                  read by PostgreSQL when it makes the database
    FOLDER/redis/{password,redis.conf}        read by Redis, and by its health check
    FOLDER/app/{DATABASE_URL,REDIS_URL}       read by the settings of the API, the workers and the sweeper

Each folder is a volume of its own that only its readers mount, so the files need no further protection inside.
"""

import secrets
import sys
from pathlib import Path


def write(folder: Path) -> None:
    """Makes the passwords that do not exist, and derives the other files from them."""
    postgres = _password(folder / "postgres" / "password")
    redis = _password(folder / "redis" / "password")
    _put(folder / "redis" / "redis.conf", f"requirepass {redis}\n")
    _put(folder / "app" / "DATABASE_URL", f"postgresql://gradmill:{postgres}@postgres:5432/gradmill")
    _put(folder / "app" / "REDIS_URL", f"redis://:{redis}@redis:6379/0")


def _password(path: Path) -> str:
    if not path.exists():
        _put(path, secrets.token_urlsafe(32))
    return path.read_text()


def _put(path: Path, content: str) -> None:
    """All of the content or none: a half-written password would lock the database for good."""
    draft = path.with_suffix(".new")
    draft.write_text(content)
    draft.chmod(0o444)
    draft.replace(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
