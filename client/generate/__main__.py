"""`python -m client.generate`: writes what the client has from the service's OpenAPI document, and the client that waits.

With `--check` nothing is written; the exit code is 1 where something would be.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from api.app import create_app
from api.openapi import document
from client.generate.schemas import answers, specs
from client.generate.synchronous import synchronous

PACKAGE = Path(__file__).parents[1] / "src" / "gradmill"


def made() -> Iterator[tuple[Path, str]]:
    """Every generated file, and what it must hold."""
    described = document(create_app())
    yield PACKAGE / "spec.py", formatted(specs(described))
    yield PACKAGE / "answers.py", formatted(answers(described))
    for source in sorted((PACKAGE / "asynchronous").glob("*.py")):
        yield PACKAGE / "synchronous" / source.name, formatted(synchronous(source))


def formatted(text: str) -> str:
    """As ruff formats it, its imports sorted, without those that it does not need."""
    for command in (["check", "--select", "I,F401", "--fix-only", "--quiet"], ["format"]):
        ruff = [Path(sys.executable).with_name("ruff"), *command, "--stdin-filename", str(PACKAGE / "made.py"), "-"]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return text


def main() -> int:
    stale = [(path, text) for path, text in made() if not path.exists() or path.read_text() != text]
    if "--check" not in sys.argv[1:]:
        for path, text in stale:
            path.write_text(text)
    for path, _ in stale:
        print(path.relative_to(PACKAGE))
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
