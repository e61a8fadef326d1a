"""``bot.py sweep``: evaluate the rules now, or as of an instant."""

import click
from rich.table import Table

from handlers import sweep as use_case
from handlers.cli.base import Cli, as_json, as_of, console, print_json
from rules.instants import iso


@click.command("sweep")
@as_of
@click.option("--full", is_flag=True, help="Evaluate every customer, whatever changed.")
@as_json
@click.pass_obj
def sweep(cli: Cli, as_of: int | None, full: bool, as_json: bool) -> None:
    """Evaluate the rules: who entered, who left, which alerts opened and which ended."""
    swept = use_case.sweep(cli.context, as_of=as_of, full=full)
    if as_json:
        print_json(swept.as_json())
        return
    table = Table(
        "rule", *(("matched", "entered", "left", "opened", "resolved")), title=f"as of {iso(swept.as_of)}"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for one in swept.rules:
        numbers = (one.matched, one.entered, one.left, one.opened, one.resolved)
        table.add_row(one.rule, *(f"{number:,}" for number in numbers))
    console().print(table)
    console().print(f"{swept.candidates:,} customers in {swept.elapsed_ms:,} ms")
