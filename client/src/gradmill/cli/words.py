"""What the service says in the words of the API, in those of the command line: places in a request, and advice."""

import re
import shlex
from collections.abc import Callable

from gradmill.errors import APIError, Mistake

# By the place in a job which option says what stands there.
OPTIONS = {
    "/network/layers": "--layers",
    "/dataset/id": "DATA",
    "/dataset/target": "--target",
    "/dataset/features": "--feature",
    "/training/loss": "--loss",
    "/training/optimizer": "--optimizer",
    "/training/optimizer/learning_rate": "--learning-rate",
    "/training/epochs": "--epochs",
    "/training/batch_size": "--batch-size",
    "/training/validation": "--validation",
    "/training/early_stopping": "--patience",
    "/training/metrics": "--metric",
    "/training/seed": "--seed",
    "/training/budget_s": "--budget-s",
    "/name": "--name",
    "/priority": "--priority",
    "/metadata": "--metadata",
}

_PARAMETERS = {
    "numbers": "--number",
    "texts": "--text",
    "missing_values": "--missing-value",
    "decimal": "--decimal",
    "encoding": "--encoding",
    "format": "--format",
    "name": "--name",
    "epoch": "--epoch",
    "points": "--points",
}
_PLACES = {place[1:].replace("/", "."): option for place, option in OPTIONS.items() if place.startswith("/training/")}
_BARE = r"(?<!--set )(?<!--set ')\b"
_FIELD = r'(?:\bset )?"(\w+)": (\{[^{}]*\}|[\w.]+)'
_ADVICE: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r'"loss": "(\w+)"', r"--loss \1"),
    (r'\{"fraction": ([\d.]+)\}', r"--validation \1"),
    (rf"{_FIELD} in (training(?:\.\w+)*)", lambda found: f"--set {shlex.quote(f'{found[3]}.{found[1]}={found[2]}')}"),
    (r"\bor null where that is not wanted", "or --validation none where that is not wanted"),
    (r"\bleave (?:it|the column) out of (?:the )?features\b", "name the others by --feature"),
    (r"\bname the column in features\b", "name it by --feature"),
    (r"\bin missing_values\b", "by --missing-value"),
    (r"\bmissing_values\b", "--missing-value"),
    (r"\bdecimal=(comma|point)\b", r"--decimal \1"),
    (r"\bencoding=([\w-]+)", r"--encoding \1"),
    (r"\bdatasets\.upload takes format=", "gradmill datasets upload takes --format"),
    (r" \((?:numbers|texts)=\S+ in an address\)", ""),
    (r"\bGET /v1/jobs/(\w+)\?wait=\d+", r"gradmill watch \1"),
    (r"\bPOST /v1/jobs/(\w+)/(cancel|pause|resume|retry)\b", r"gradmill \2 \1"),
    *((rf"{_BARE}{re.escape(place)}\b", option) for place, option in sorted(_PLACES.items(), reverse=True)),
    (rf"{_BARE}(training(?:\.\w+)+)", r"--set \1"),
)
_QUOTED = re.compile(r'("[^"]*")')


def translated(message: str) -> str:
    """With options where it names what they say; what stands in quotes is the data's, and stays."""
    names = sorted({text[1:-1][:60] for text in _QUOTED.findall(message)} - {""}, key=len, reverse=True)
    column = "|".join([*map(re.escape, names), r"[^\s,;:]+"])
    for pattern, words in _ADVICE[:3]:
        message = re.sub(pattern, words, message)
    parts = _QUOTED.split(message)
    for i in range(0, len(parts), 2):
        for pattern, words in _ADVICE[3:]:
            parts[i] = re.sub(pattern, words, parts[i])
        parts[i] = re.sub(rf"\b(number|text)s=({column})", lambda found: f"--{found[1]} {_argument(found[2])}", parts[i])
    return "".join(parts)


def told(error: BaseException) -> str:
    """What it says."""
    if not isinstance(error, APIError):
        return translated(str(error))
    mistakes = tuple(
        Mistake(translated(each.message), each.pointer, _PARAMETERS.get(each.parameter or "", each.parameter))
        for each in error.errors
    )
    return str(type(error)(error.status, error.code, translated(error.detail), mistakes, error.request_id, error.title))


def _argument(text: str) -> str:
    return text if re.fullmatch(r"[\w@%+.:/-]+", text) else shlex.quote(text)
