"""The program: its commands, and what becomes of their errors."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gradmill import cli
from gradmill.cli import datasets, exits, following, jobs, making
from gradmill.cli.context import Shared
from gradmill.version import __version__

app = typer.Typer(
    name="gradmill",
    help=f"Trains neural networks on a Gradmill service.\n\n{cli.__doc__}",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for module in (making, following, jobs):
    for command in module.COMMANDS:
        app.command()(command)
app.add_typer(datasets.app, name="datasets")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"gradmill {__version__}\n")
        raise typer.Exit


@app.callback()
def program(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="GRADMILL_URL",
            help="Where the service is. Default: where that of this folder is.",
            show_default=False,
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="It holds the API key. Default: GRADMILL_API_KEY, or that of the service in this folder."
        ),
    ] = None,
    request_timeout_s: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="How long one request may take.")] = 30.0,
    version: Annotated[  # noqa: ARG001 - its callback tells it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tells the version.")
    ] = False,
) -> None:
    context.obj = Shared(url, key_file, request_timeout_s)


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code. One line to the standard error says what went wrong."""
    try:
        code = app(list(sys.argv[1:] if arguments is None else arguments), prog_name="gradmill", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else exits.OK
    except BrokenPipeError:  # who read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except (KeyboardInterrupt, typer.Abort):
        return exits.INTERRUPTED
    except Exception as error:
        if hasattr(error, "format_message"):  # of the library that reads the options
            _complain(f"{error.format_message()} {_help(error)}")
            return exits.USAGE
        code = exits.code_of(error)
        if code is None:
            raise
        _complain(exits.told(error))
        return code


def _complain(text: str) -> None:
    sys.stderr.write(f"gradmill: {text}\n")


def _help(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"({getattr(context, 'command_path', 'gradmill')} --help tells what there is)"
