"""What one tenant may have, and how long it is kept: the commands that set that, and show it."""

import argparse
import math
from dataclasses import asdict, replace
from typing import Any, TypeVar

from core.quotas import KeepTimes, Quotas
from core.settings import settings
from core.store import Store
from core.store.own import Own
from service import arguments

L = TypeVar("L", Quotas, KeepTimes)


def add_to(actions: Any, common: argparse.ArgumentParser) -> None:
    """Two commands more, beside those that are there."""
    quotas = actions.add_parser("quotas", parents=[common], help="show how much a tenant may have, after setting what is given")
    for name in Quotas.names():
        quotas.add_argument(f"--{name.replace('_', '-')}", type=arguments.count, metavar="N", help="0: what the settings say")
    quotas.set_defaults(run=_quotas)

    told = "show how long what a tenant no longer needs is kept, after setting what is given"
    retention = actions.add_parser("retention", parents=[common], help=told)
    for name in KeepTimes.names():
        options = {"metavar": "TIME", "help": "such as 90d; for-ever; default: what the settings say"}
        retention.add_argument(f"--{name.removesuffix('_s')}", dest=name, type=arguments.kept_s, **options)
    retention.set_defaults(run=_retention)

    for parser in (quotas, retention):
        parser.add_argument("--tenant", type=arguments.tenant, default="default", help="default: default")


def lines(shown: dict[str, Any]) -> list[str]:
    """What either of them has told."""
    return [
        f"{name.removesuffix('_s'):<13} {_duration(value)}"
        if name in KeepTimes.names()
        else f"{name:<13} {'no limit' if value is None else value}"
        for name, value in shown.items()
    ]


def _quotas(store: Store, options: argparse.Namespace) -> dict[str, Any]:
    own = _changed(store.quotas, Quotas(), options)
    return {"tenant": options.tenant, **asdict(settings().quotas.under(own))}


def _retention(store: Store, options: argparse.Namespace) -> dict[str, Any]:
    """In seconds; None is for ever."""
    times = asdict(settings().keep_times.under(_changed(store.keep_times, KeepTimes(), options)))
    return {"tenant": options.tenant, **{name: None if time == math.inf else time for name, time in times.items()}}


def _changed(kept: Own[L], nothing: L, options: argparse.Namespace) -> L:
    """What the tenant has of its own, after what was given has been set; 0 leaves it to the settings."""
    own = kept.of(options.tenant, nothing)
    given = {name: value or None for name in nothing.names() if (value := getattr(options, name)) is not None}
    if given:
        own = replace(own, **given)
        kept.set(options.tenant, own)
    return own


def _duration(seconds: float | None) -> str:
    """As it may be given, in the largest unit of which it is a whole number."""
    if seconds is None:
        return "for ever"
    unit = next((unit for unit, length in arguments.UNITS.items() if seconds % length == 0), None)
    return f"{seconds:g}s" if unit is None else f"{seconds / arguments.UNITS[unit]:g}{unit}"
