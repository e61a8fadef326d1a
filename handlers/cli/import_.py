"""``bot.py import``: take in a file of events or customers."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from handlers.cli.base import Cli, as_json, console, print_json
from handlers.import_file import import_file
from handlers.ingest import Counts
from handlers.intake.errors import RefusedError
from handlers.intake.events import LONGEST_ID
from handlers.intake.formats import AUTO, FILES
from handlers.intake.texts import check


class SourceName(click.ParamType[str]):
    """The name of a source: short, and of characters that can be seen."""

    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name; a wrong one is an error of usage."""
        try:
            checked = check(value, "source", limit=LONGEST_ID)
        except RefusedError as error:
            cli = ctx.find_object(Cli) if ctx else None
            code = error.reason.code
            said = cli.words.plain("intake", code, **error.reason.params) if cli else code
            self.fail(said, param, ctx)
        return checked or self.fail("empty", param, ctx)


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice([AUTO, *FILES]),
    default=AUTO,
    show_default=True,
    help="What is in the file; by itself, its first line tells.",
)
@click.option(
    "--source", type=SourceName(), default=None, help="Where the data is from. Default: the format's name."
)
@as_json
@click.pass_obj
def import_command(cli: Cli, path: Path, format_name: str, source: str | None, as_json: bool) -> None:
    """Take in a file of events or customers.

    It may be imported again: what is known already changes nothing. A line that cannot be read goes to quarantine with
    its number and the reason, and the rest goes on.
    """
    whole = cli.folder / path
    if as_json:
        print_json(import_file(cli.context, whole, format_name=format_name, source=source).as_json())
        return
    _show(_with_progress(cli, whole, format_name, source))


def _with_progress(cli: Cli, path: Path, format_name: str, source: str | None) -> Counts:
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr, markup=False, emoji=False, highlight=False),
        transient=True,
    )
    with progress:
        task = progress.add_task(path.name, total=None)
        return import_file(
            cli.context,
            path,
            format_name=format_name,
            source=source,
            progress=lambda read, size: progress.update(task, completed=read, total=size),
        )


def _show(counts: Counts) -> None:
    table = Table()
    for name in counts.as_json():
        table.add_column(name, justify="right")
    table.add_row(*(f"{number:,}" for number in counts.as_json().values()))
    console().print(table)
    if counts.quarantined:
        console().print("`bot.py quarantine list` tells what is wrong with those in quarantine.")
