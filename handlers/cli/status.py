"""``bot.py status``: what is known of a customer."""

import sys

import click
from rich.table import Table

from handlers import answer
from handlers.answer import Choice
from handlers.cli.base import FAILED, Cli, as_json, as_of, console, print_json


@click.command("status")
@click.argument("customer")
@as_of
@as_json
@click.pass_obj
def status(cli: Cli, customer: str, as_of: int | None, as_json: bool) -> None:
    """Say what is known of a customer, named by id, e-mail address or name."""
    found = answer.status(cli.context, customer, as_of=as_of)
    if isinstance(found, Choice):
        click.echo("Several customers could be meant; name one by id:", err=True)
        for one in found.customers:
            click.echo(f"  {one.person.external_id}  {one.person.name or ''}", err=True)
        sys.exit(FAILED)
    told = answer.as_json(found)
    if as_json:
        print_json(told)
        return
    table = Table(show_header=False, title=found.person.name or found.person.external_id)
    for key, value in told["customer"].items():
        if value:
            table.add_row(key.replace("_", " "), str(value))
    console().print(table)
    if told["kinds"]:
        table = Table("kind", "count", "sum", "last", "days since")
        for kind, numbers in told["kinds"].items():
            sums = ", ".join(f"{amount} {currency}" for currency, amount in numbers["sum"].items())
            row = (f"{numbers['count']:,}", sums, numbers["last_at"], str(numbers["days_since"]))
            table.add_row(kind, *row)
        console().print(table)
    for alert in told["alerts"]:
        console().print(f"#{alert['id']} {alert['rule']} ({alert['kind']}, {alert['severity']})")
