"""What it exits with, and the one line that says why."""

from gradmill import errors
from gradmill.cli import words

OK, FAILED, USAGE, REFUSED, AWAY, TOO_LONG, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

# The first that fits.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (errors.JobFailed, FAILED),
    (errors.BadInput, USAGE),
    (errors.BadAddress, USAGE),
    (errors.WaitedTooLong, TOO_LONG),
    (errors.ServerError, AWAY),
    (errors.NotReachable, AWAY),
    (errors.UnexpectedAnswer, AWAY),
    (errors.APIError, REFUSED),
    (OSError, USAGE),
)
_HINTS: tuple[tuple[type[BaseException], str], ...] = (
    (errors.NoService, ""),  # says it itself
    (errors.NotReachable, "; GRADMILL_URL or --url says where it is, scripts/up starts one"),
    (errors.Unauthorized, "; GRADMILL_API_KEY or --key-file gives it"),
)


def code_of(error: BaseException) -> int | None:
    """None where it is none that was expected."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)


def told(error: BaseException) -> str:
    hint = next((hint for kind, hint in _HINTS if isinstance(error, kind)), "")
    if isinstance(error, OSError) and not isinstance(error, errors.GradmillError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return f"{words.told(error)}{hint}"
