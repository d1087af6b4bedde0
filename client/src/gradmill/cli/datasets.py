"""datasets: upload, list, show, delete."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from gradmill.cli.context import client_of, say, warn
from gradmill.cli.making import AsJson
from gradmill.cli.output import put, put_fields, put_json, put_table
from gradmill.cli.request import Decimal, Encoding, MissingValues, Numbers, Texts

app = typer.Typer(help="Tables to train on.", no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="DATASET", help="The id of a dataset.", show_default=False)]


@app.command()
def upload(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table.", exists=True, dir_okay=False, show_default=False)],
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="Yours to choose. Default: that of the file.")] = None,
    format: Annotated[
        str | None, typer.Option(metavar="FORM", help="csv, json, jsonl, parquet, npy or npz. Default: as the file is named.")
    ] = None,
    number: Numbers = None,
    text: Texts = None,
    missing_value: MissingValues = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    as_json: AsJson = False,
) -> None:
    """Uploads a file, and tells the id of the dataset. The same file twice is one dataset."""
    dataset = client_of(context).datasets.upload(
        file,
        name=name,
        format=format,
        numbers=number or (),
        texts=text or (),
        missing_values=missing_value or (),
        decimal=decimal,
        encoding=encoding,
    )
    for column in dataset.columns:
        if column.warning:
            warn(f"column {column.name}: {column.warning}")
    if as_json:
        put_json(dataset)
    else:
        put(dataset.id)


@app.command("list")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Lists datasets, newest first."""
    found = list(islice(client_of(context).datasets.list(page_size=min(limit, 100)), limit))
    if as_json:
        put_json(found)
        return
    names = ("dataset", "name", "format", "rows", "columns", "created")
    put_table(names, [(each.id, each.name, each.format, each.rows, each.column_count, each.created_at) for each in found])


@app.command()
def show(context: typer.Context, id: Id, as_json: AsJson = False) -> None:
    """Tells a dataset's columns with their kinds and statistics."""
    dataset = client_of(context).datasets.get(id)
    if as_json:
        put_json(dataset)
        return
    put_fields({"dataset": dataset.id, "name": dataset.name, "rows": dataset.rows, "created": dataset.created_at})
    put("")
    names = ("name", "kind", "missing", "distinct", "min", "max", "mean")
    put_table(names, [[getattr(column, name) for name in names] for column in dataset.columns])


@app.command()
def delete(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="DATASET…", help="Ids of datasets.", show_default=False)],
) -> None:
    """Removes datasets that no job needs any more."""
    for id in ids:
        client_of(context).datasets.delete(id)
        say(f"{id} is removed")
