"""submit, check."""

import sys
from typing import Annotated

import typer

from gradmill.cli import parsing
from gradmill.cli.context import client_of, say, warn
from gradmill.cli.following import followed
from gradmill.cli.output import put, put_fields, put_json, put_table
from gradmill.cli.request import Asked, stored, with_request
from gradmill.errors import BadInput

AsJson = Annotated[bool, typer.Option("--json", help="The answer as JSON.")]


@with_request
def submit(
    context: typer.Context,
    asked: Asked,
    watch: Annotated[bool, typer.Option("--watch", help="Wait for its end, which the standard error tells.")] = False,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it is called. Default: what it learns, and from which file.")
    ] = None,
    priority: Annotated[
        int | None, typer.Option(metavar="N", min=-10, max=10, help="Before your other jobs, or after them. Default: 0.")
    ] = None,
    metadata: Annotated[list[str] | None, typer.Option(metavar="KEY=TEXT", help="Kept with the job; may be repeated.")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The same key twice is one job. Default: a new one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Submits a job, and tells its id. What is left out is chosen from the data."""
    client = client_of(context)
    request = stored(client, asked, say)
    for field, value in {"name": name, "priority": priority}.items():
        if value is not None:
            request[field] = value
    if metadata:
        request["metadata"] = {**parsing.part(request, "metadata"), **pairs(metadata)}
    made = client.jobs.submit(request, idempotency_key=idempotency_key)
    for warning in made.warnings:
        warn(warning.message)
    if not as_json:
        put(made.id)
        sys.stdout.flush()  # before its end, and also where that does not come
    if watch:
        followed(made, as_json=as_json, tell=say)
    elif as_json:
        put_json(made)


@with_request
def check(context: typer.Context, asked: Asked, as_json: AsJson = False) -> None:
    """Tells what a job would be, or all that is wrong with it, without training."""
    client = client_of(context)
    request = stored(client, asked, say)
    found = client.networks.check_job(request)
    if as_json:
        put_json(found)
        return
    plan = found.plan
    names = ("layer", "inputs", "outputs", "activation", "parameters")
    put_table(names, [(layer.type, layer.inputs, layer.outputs, layer.activation, layer.parameters) for layer in plan.layers])
    put("")
    fields = ("parameters", "training_rows", "validation_rows", "batch_size", "memory_bytes", "estimated_seconds")
    put_fields({**{name: getattr(plan, name) for name in fields}, "queue_position": found.queue_position})
    for warning in found.warnings:
        warn(warning.message)


def pairs(texts: list[str] | None) -> dict[str, str]:
    """KEY=TEXT, as a dictionary."""
    found = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f"--metadata {text!r} is not KEY=TEXT")
        found[key] = value
    return found


COMMANDS = (submit, check)
