"""`python -m migrations`: brings the database of the settings to the newest migration."""

import sys

from core.errors import CapacityError, Unavailable, UnfitDatabase
from core.folders import make_private
from core.settings import settings
from core.store.migration import upgrade


def main() -> None:
    chosen = settings()
    try:
        if not chosen.database_url:
            make_private(chosen.data_dir)
        upgrade(chosen.database)
    except (Unavailable, UnfitDatabase, CapacityError, OSError) as error:
        sys.exit(f"cannot migrate: {error}")


if __name__ == "__main__":
    main()
