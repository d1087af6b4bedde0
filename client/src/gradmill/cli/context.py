"""What all commands share: the client, and how things are written."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import typer

from gradmill.cli.words import translated
from gradmill.errors import BadAddress
from gradmill.retrying import Retries
from gradmill.synchronous.client import Client

RETRIES = Retries(times=3)  # somebody waits at the terminal


@dataclass
class Shared:
    url: str | None
    key_file: Path | None
    timeout_s: float

    @cached_property
    def client(self) -> Client:
        return Client(self.url, self._key(), timeout_s=self.timeout_s, retries=RETRIES)

    def _key(self) -> str | None:
        if self.key_file is None:
            return None
        try:
            return self.key_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadAddress(f"the key in {self.key_file} cannot be read: {error}") from error


def client_of(context: typer.Context) -> Client:
    shared = context.find_object(Shared)
    if shared is None:
        raise RuntimeError("a command is called without the program around it")
    return shared.client


def say(text: str) -> None:
    """To a person, beside the data."""
    sys.stderr.write(f"{text}\n")


def warn(message: str) -> None:
    """Of what the service finds strange."""
    say(f"warning: {translated(message)}")
