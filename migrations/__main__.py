"""`python -m migrations`: brings the database of the settings to the newest migration."""

from core.settings import settings
from core.store.migration import upgrade

if __name__ == "__main__":
    upgrade(settings().database_url)
