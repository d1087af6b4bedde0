"""What may be written behind the options of the commands."""

import argparse
import math
import re

from core.keys import SCOPES
from core.quotas import LARGEST_QUOTA

UNITS = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_LONGEST_S = 100 * 366 * 86400
_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def count(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:40]) <= LARGEST_QUOTA:
        return int(text)
    told = f"{text[:40]!r} is no quota: a whole number up to {LARGEST_QUOTA}, or 0 for what the settings say"
    raise argparse.ArgumentTypeError(told)


def tenant(text: str) -> str:
    if _TENANT.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no tenant: a letter or digit first, then those, dots, dashes; 100 at most")


def name(text: str) -> str:
    if text.isprintable() and len(text) <= 100:
        return text
    raise argparse.ArgumentTypeError(f"{text[:100]!r} is no name: at most 100 characters that can be printed")


def scopes(text: str) -> tuple[str, ...]:
    given = text.split(",")
    unknown = [each for each in given if each not in SCOPES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no scope; there are: {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in given)


def lifetime(text: str) -> float | None:
    return None if text == "never" else seconds(text)


def seconds(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if unit in UNITS and number.isascii() and number.isdigit() and 0 < (given := int(number) * UNITS[unit]) <= _LONGEST_S:
        return given
    raise argparse.ArgumentTypeError(f"{text!r} is no time: a whole number above 0 and s, m, h, d or w; 100 years at most")


def key_id(text: str) -> str:
    if re.fullmatch(r"gm_[0-9a-f]{12}", text):
        return text
    raise argparse.ArgumentTypeError("that is no id of a key: it has gm_ and twelve digits; `list` tells it")


def kept_s(text: str) -> float:
    """Infinity is for ever, 0 what the settings say."""
    words = {"for-ever": math.inf, "default": 0.0}
    if text in words:
        return words[text]
    try:
        return seconds(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; or for-ever, or default for what the settings say") from None
