"""`python -m tests.data.fuzz FORMAT COUNT SEED DIRECTORY` reads COUNT spoilt files in this one process.

It ends with an error, or dies, if one of them gives anything but a table that holds together or one of the three errors.
"""

import json
import resource
import sys
from pathlib import Path

import numpy as np

from core.data.parse import Format
from core.data.table import read_columns
from core.errors import CapacityError, InvalidData, TooLarge
from tests.data.corpus import spoilt
from tests.data.files import read_here


def main(format_name: Format, count: int, seed: int, directory: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    rng = np.random.default_rng([seed, len(format_name)])
    outcomes = {"table": 0, InvalidData.code: 0, TooLarge.code: 0, CapacityError.code: 0}
    for _ in range(count):
        content = spoilt(format_name, rng)
        (directory / "last").write_bytes(content)  # what killed the process, if something does
        try:
            parsed = read_here(content, format_name, directory, cells=1_000_000)
        except (InvalidData, TooLarge, CapacityError) as error:
            outcomes[error.code] += 1
            error.message.encode()
            continue
        outcomes["table"] += 1
        parsed.schema.model_dump_json().encode()
        json.dumps(parsed.preview, allow_nan=False)
        stored = [column for column in parsed.schema.columns if column.kind != "ignored"]
        table = read_columns(directory / "table", [column.name for column in stored])
        for column in stored:
            if len(table[column.name]) != parsed.schema.rows:
                raise ValueError(f"{column} has {len(table[column.name])} values")
            if column.kind == "text" and table[column.name].max() >= len(column.values or ()):
                raise ValueError(f"{column} has a code without a value")
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))  # type: ignore[arg-type]
