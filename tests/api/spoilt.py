"""`python -m tests.api.spoilt COUNT SEED`: COUNT spoilt files of every kind, sent to a running service.

Each becomes a dataset, or weights, or is refused with 413 or 422 in words that a client can use; the service goes on, and the
memory of its process does not grow. A file that is answered otherwise is kept in the directory that the end names.
"""

import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np

from tests.api.server import Server
from tests.data.corpus import KINDS, WEIGHTS, spoilt
from tests.databases import SQLite

AT_ONCE = 2
GROWTH_BYTES = 64 * 2**20
WARM_UP = 8  # of each kind, after which memory is looked at


def send(client: httpx2.Client, kind: str, content: bytes) -> httpx2.Response:
    if kind == WEIGHTS:
        return client.post("/v1/weights", content=content, headers={"Content-Type": "application/x-safetensors"})
    return client.post("/v1/datasets", params={"format": kind}, content=content)


def fault(answer: httpx2.Response, directory: Path) -> str | None:
    """What is wrong with an answer, if anything."""
    if answer.status_code in (200, 201):
        return None
    if answer.status_code not in (413, 422) or answer.headers["content-type"] != "application/problem+json":
        return f"it is {answer.status_code} of type {answer.headers.get('content-type')}"
    detail = answer.json()["detail"]
    if len(detail) < 15 or not detail.isprintable() or len(detail) > 3000:
        return "its detail tells nothing, or too much"
    if str(directory) in answer.text or "/source" in answer.text or "Traceback" in answer.text:
        return "it tells of our machine"
    return None


def sent(directory: Path, count: int, seed: int) -> tuple[dict[str, Counter[int]], list[str]]:
    """(how many files of each kind were answered with which status, all that was wrong)."""
    (directory / "migrated").mkdir()
    server = Server(SQLite(directory / "migrated").copy(directory / "spoilt.db"), directory)
    answered: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
    wrong: list[str] = []

    def one(kind: str, number: int) -> None:
        content = spoilt(kind, np.random.default_rng([seed, KINDS.index(kind), number]))
        with server.client() as client:
            answer = send(client, kind, content)
        answered[kind][answer.status_code] += 1
        if (found := fault(answer, directory)) is not None:
            file = Path(tempfile.gettempdir(), f"spoilt-{kind}-{seed}-{number}")
            file.write_bytes(content)
            wrong.append(f"{file}: {found}: {answer.text[:500]}")

    def batch(numbers: range) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda each: one(*each), [(kind, number) for number in numbers for kind in KINDS]))

    try:
        batch(range(min(WARM_UP, count)))
        bound = server.most_resident_bytes() + GROWTH_BYTES
        batch(range(min(WARM_UP, count), count))
        if server.process.poll() is not None:
            wrong.append(f"the service is gone: {server.log.read_text()[-4000:]}")
        elif (most := server.most_resident_bytes()) > bound:
            wrong.append(f"the service has had {most} bytes in memory; {bound} are allowed")
    finally:
        server.stop()
    return answered, wrong


def main(count: int, seed: int) -> int:
    with tempfile.TemporaryDirectory() as directory:
        answered, wrong = sent(Path(directory), count, seed)
    for kind, statuses in answered.items():
        sys.stdout.write(f"{kind:<8} {', '.join(f'{status}: {n}' for status, n in sorted(statuses.items()))}\n")
    sys.stdout.write("\n".join(wrong) + "\n" if wrong else "all as they should be\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
