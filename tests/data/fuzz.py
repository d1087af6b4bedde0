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
from tests.data.files import read_here
from tests.data.test_formats import CONTENTS, as_npy, as_npz

TOKENS = [b"", b"\0", b'"', b"\n", b",", b"\xff", b"[" * 50, b"}" * 5, b"NaN", b"1e999", b"-", b"null", b"99999999999999999999"]


def seeds(format_name: str) -> list[bytes]:
    """Sound files, from which the spoilt ones are made."""
    rng = np.random.default_rng(0)
    if format_name == "npy":
        return [as_npy(rng.normal(size=(9, 3))), as_npy(np.arange(20)), as_npy(np.array(["a", "b", "a"]))]
    if format_name == "npz":
        return [as_npz(x=rng.normal(size=(9, 3)), y=rng.integers(0, 3, 9), z=np.array(list("abcabcabc")))]
    return [content for name, content in CONTENTS.values() if name == format_name]


def spoilt(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(rng.integers(1, 3)):
        at = int(rng.integers(0, len(data) + 1))
        length = int(rng.integers(1, 40))
        match rng.integers(0, 6):
            case 0 if data:
                data[at % len(data)] = int(rng.integers(0, 256))
            case 1 if data:
                data[at % len(data)] ^= 1 << int(rng.integers(0, 8))
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * int(rng.integers(1, 4))
            case 4:
                data[at : at + int(rng.integers(0, 4))] = TOKENS[int(rng.integers(0, len(TOKENS)))]
            case _:
                data[at : at + 4] = int(rng.integers(0, 2**32)).to_bytes(4, "little")
    return bytes(data)


def main(format_name: Format, count: int, seed: int, directory: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    rng = np.random.default_rng([seed, len(format_name)])
    sound = seeds(format_name)
    outcomes = {"table": 0, InvalidData.code: 0, TooLarge.code: 0, CapacityError.code: 0}
    for _ in range(count):
        content = spoilt(sound[int(rng.integers(0, len(sound)))], rng)
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
