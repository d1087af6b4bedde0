"""The guards of the store, each taken away in a copy of the tree, and the tests that must notice.

`python -m tests.faults.mutants` runs all of them, which takes a while, and prints the table of docs/faults.md: which tests
notice which. `--write` writes it into that document, `--only TEXT` runs those that have the text in their names and leaves the
other rows as they stand there. It ends with 1 where one is noticed by no test.
"""

import argparse
import compileall
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from py_compile import PycInvalidationMode

from tests.faults.guards_of_jobs import JOBS
from tests.faults.guards_of_storage import STORAGE
from tests.faults.guards_of_tenants import TENANTS
from tests.faults.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (*JOBS, *TENANTS, *STORAGE)
ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "faults.md"
NOTHING = "**nothing**"
_COPIED = ("api", "core", "migrations", "tests", "worker")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_HEAD = "| without the guard | is noticed by |\n|---|---|\n"
_TABLE = re.compile(re.escape(_HEAD) + r"(?:\|.*\n)*")
_ROW = re.compile(r"^\| (.+?) \| (.+) \|$", re.MULTILINE)
_SHOWN = 2  # tests of a row


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gradmill-mutants-") as name:
        directory = Path(name)
        for folder in _COPIED:
            shutil.copytree(ROOT / folder, directory / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        shutil.copy(ROOT / "pyproject.toml", directory)
        # Each mutant is a process of its own: only what it changes is compiled again.
        compileall.compile_dir(directory, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        yield directory


def with_guard(tree: Path, mutant: Mutant) -> tuple[Path, str]:
    """The module and what it says. ValueError where the guard is not where the table says."""
    path = tree / "core" / "store" / f"{mutant.module}.py"
    source = path.read_text()
    if source.count(mutant.text) != 1:
        raise ValueError(f"{mutant.guard}: {path.name} has {mutant.text!r} {source.count(mutant.text)} times, not once")
    return path, source


@contextmanager
def without_guard(tree: Path, mutant: Mutant) -> Iterator[None]:
    """Inside, the guard is missing from the tree."""
    path, source = with_guard(tree, mutant)
    path.write_text(source.replace(mutant.text, mutant.instead))
    try:
        yield
    finally:
        path.write_text(source)


def failed_tests(tree: Path, modules: tuple[str, ...], *, is_first_enough: bool = True) -> list[str]:
    """Which tests of the tree's store are red; those of locks on PostgreSQL. RuntimeError where they could not be run."""
    files = [_file(module) for module in modules]
    # Of the plugins only the one that pyproject.toml has a word for: the others take longer to load than the tests to run.
    options = ["-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "pytest_timeout", "-k", "not postgresql"]
    command = [sys.executable, "-m", "pytest", *options, *files]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    ran = subprocess.run(
        [*command, *(["-x"] if is_first_enough else [])],
        cwd=tree,
        env={**inherited, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
    return _FAILED.findall(ran.stdout)


def rows(text: str) -> dict[str, str]:
    """What notices each guard, by the table of the document."""
    found = _TABLE.search(text)
    if found is None:
        raise ValueError(f"there is no table of guards under {_HEAD.splitlines()[0]}")
    return dict(_ROW.findall(found[0][len(_HEAD) :]))


def with_rows(text: str, noticed: dict[str, str]) -> str:
    """The document with the table of these."""
    return _TABLE.sub(lambda _: table(noticed), text)


def table(noticed: dict[str, str]) -> str:
    """A row for each mutant, in their order, that something is known of."""
    return _HEAD + "".join(f"| {each.guard} | {noticed[each.guard]} |\n" for each in MUTANTS if each.guard in noticed)


def noticed_by(tree: Path, mutant: Mutant) -> str:
    with without_guard(tree, mutant):
        return _told(failed_tests(tree, mutant.tests, is_first_enough=False))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="of those alone whose names have such a text")
    parser.add_argument("--write", action="store_true", help="into docs/faults.md")
    options = parser.parse_args()
    chosen = [each for each in MUTANTS if any(text in each.guard for text in options.only)]
    noticed = rows(DOCUMENT.read_text())
    with copy_of_the_tree() as tree:
        for number, mutant in enumerate(chosen, 1):
            noticed[mutant.guard] = noticed_by(tree, mutant)
            sys.stderr.write(f"{number} of {len(chosen)}: {mutant.guard}: {noticed[mutant.guard]}\n")
            sys.stderr.flush()
    if options.write:
        DOCUMENT.write_text(with_rows(DOCUMENT.read_text(), noticed))
    else:
        sys.stdout.write(table(noticed))
    return int(any(noticed[mutant.guard] == NOTHING for mutant in chosen))


def _file(module: str) -> str:
    """Of a module, or of a test in it, as pytest names it."""
    path, colons, test = module.partition("::")
    folder, _, name = path.rpartition("/")
    return f"tests/{folder or 'conformance'}/test_{name}.py{colons}{test}"


def _told(red: Sequence[str]) -> str:
    names = sorted({test.partition("::")[2].partition("[")[0] for test in red})
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(f"`{name}`" for name in names[:_SHOWN]) or NOTHING) + more


if __name__ == "__main__":
    sys.exit(main())
