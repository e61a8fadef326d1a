"""``bot.py status``: what is known of a customer."""

import sys

import click
from rich.table import Table

from handlers import answer, card_json, shown
from handlers.answer import Choice
from handlers.cli.base import FAILED, Cli, as_json, as_of, console, print_json
from handlers.intake.events import LONGEST_ID
from templates import card_words, facts
from templates.health import health_parts
from templates.preview import bar_lines
from templates.views import CardView
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
    _show_standing(cli, found)
    if told["kinds"]:
        table = Table("kind", "count", "sum", "last", "days since")
        for kind, numbers in told["kinds"].items():
            sums = ", ".join(f"{amount} {currency}" for currency, amount in numbers["sum"].items())
            row = (f"{numbers['count']:,}", sums, numbers["last_at"], str(numbers["days_since"]))
            table.add_row(name_of(kind), *row)
        console().print(table)
    if any(n for _, n in found.months):
        voice = shown.voice(cli.context)
        console().print(cli.words.plain("card", "chart_title"))
        for line in bar_lines([(voice.figures.month(month), n) for month, n in found.months], voice):
            console().print(f"  {line}", highlight=False)
    for alert in told["alerts"]:
        console().print(f"#{alert['id']} {alert['rule']} ({alert['kind']}, {alert['severity']})")


def _show_standing(cli: Cli, found: CardView) -> None:
    """Print where the customer stands and why, what they are worth, and in which rhythm they come."""
    voice = shown.voice(cli.context)
    rows = [(one.label, one.said, "\n".join(one.grounds)) for one in card_words.standing_lines(found, voice)]
    rows += [(facts.label(one, voice), facts.value(one, voice), "") for one in card_words.worth_facts(found)]
    if spent := card_words.spent_words(found, voice):
        rows.append((voice.plain("card", "label_spent"), spent, ""))
    if found.health is not None:
        parts = health_parts(found.health, voice)
        rows.append((voice.plain("card", "label_health"), str(found.health.score), "\n".join(parts)))
    if rows:
        table = Table(show_header=False)
        for row in rows:
            table.add_row(*row)
        console().print(table)
    for note in card_words.worth_notes(found, voice):
        console().print(note, soft_wrap=True)
