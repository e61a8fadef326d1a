"""``bot.py sweep``: evaluate the rules now, or as of an instant."""

import sys
from dataclasses import asdict

import click
from rich.table import Table

from handlers import audit as audit_case
from handlers import sweep as use_case
from handlers.cli.base import FAILED, Cli, as_json, as_of, console, print_json
from handlers.sweep import Swept
from rules.instants import iso


@click.command("sweep")
@as_of
@click.option("--full", is_flag=True, help="Evaluate every customer, whatever changed.")
@click.option(
    "--audit",
    is_flag=True,
    help="Then compare everything in full with what is stored; exit 1 on a difference.",
)
@as_json
@click.pass_obj
def sweep(cli: Cli, as_of: int | None, full: bool, audit: bool, as_json: bool) -> None:
    """Evaluate the rules: who entered, who left, which alerts opened and which ended."""
    if audit:
        _audit(cli, as_of, as_json)
        return
    swept = use_case.sweep(cli.context, as_of=as_of, full=full)
    if as_json:
        print_json(swept.as_json())
    else:
        _show(swept)


def _audit(cli: Cli, as_of: int | None, as_json: bool) -> None:
    audited = audit_case.audit(cli.context, as_of=as_of)
    if as_json:
        print_json(audited.as_json())
    else:
        _show(audited.swept)
        for one in audited.differences:
            click.echo(cli.words.plain("audit", "difference", **asdict(one)), err=True)
        if not audited.differences:
            click.echo(cli.words.plain("audit", "nothing_differs"))
    if audited.differences:
        sys.exit(FAILED)


def _show(swept: Swept) -> None:
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
