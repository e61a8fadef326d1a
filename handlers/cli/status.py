"""``bot.py status``: what is known of a customer."""

import sys

import click
from rich.table import Table

from handlers import answer, card_json
from handlers.answer import Choice
from handlers.cli.base import FAILED, Cli, as_json, as_of, console, print_json
from handlers.intake.events import LONGEST_ID
from templates.words import name_of

_SHOWN = LONGEST_ID
"""How much of what others wrote about a customer is shown: an id, which is to be copied, stands whole."""


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
            click.echo(
                f"  {name_of(one.person.external_id, _SHOWN)}  {name_of(one.person.name or '')}", err=True
            )
        sys.exit(FAILED)
    told = card_json.whole(found, cli.context.currency)
    if as_json:
        print_json(told)
        return
    table = Table(show_header=False, title=name_of(found.person.name or found.person.external_id))
    for key, value in told["customer"].items():
        if value:
            table.add_row(key.replace("_", " "), name_of(str(value), _SHOWN))
    console().print(table)
    for key in ("status", "stage"):
        if told[key]:
            console().print(f"{key}: {told[key]}")
    if told["types"]:
        console().print(f"types: {', '.join(told['types'])}")
    if told["kinds"]:
        table = Table("kind", "count", "sum", "last", "days since")
        for kind, numbers in told["kinds"].items():
            sums = ", ".join(f"{amount} {currency}" for currency, amount in numbers["sum"].items())
            row = (f"{numbers['count']:,}", sums, numbers["last_at"], str(numbers["days_since"]))
            table.add_row(name_of(kind), *row)
        console().print(table)
    for alert in told["alerts"]:
        console().print(f"#{alert['id']} {alert['rule']} ({alert['kind']}, {alert['severity']})")
