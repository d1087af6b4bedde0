"""`python -m migrations`: brings the database of the settings to the newest migration."""

import sys

from core.errors import CapacityError, Unavailable, UnfitDatabase
from core.settings import settings
from core.store.migration import upgrade


def main() -> None:
    chosen = settings()
    try:
        if not chosen.database_url:
            chosen.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        upgrade(chosen.database)
    except (Unavailable, UnfitDatabase, CapacityError, OSError) as error:
        sys.exit(f"cannot migrate: {error}")


if __name__ == "__main__":
    main()
