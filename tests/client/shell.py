"""The command line as a person or a script runs it."""

from pathlib import Path

from tests.service.running import environment

ROOT = Path(__file__).parents[2]
IRIS = str(ROOT / "examples" / "data" / "iris.csv")
OPTIONS = ("--target", "species", "--layers", "8:tanh,3", "--loss", "softmax_cross_entropy", "--epochs", "30")


def settings(url: str, key: str) -> dict[str, str]:
    source = str(ROOT / "client" / "src")
    shell = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "COLUMNS": "200"}
    return {**environment(), **shell, "GRADMILL_URL": url, "GRADMILL_API_KEY": key, "PYTHONPATH": source}
