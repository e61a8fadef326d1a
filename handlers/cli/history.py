"""``bot.py lifecycle flow|cohorts|activity|stretches|judge``: the history of the life cycle, by the use cases of chat."""

from collections.abc import Callable

import click
from rich.table import Table

from handlers import answer, history, judging
from handlers.answer import Choice
from handlers.cli.base import Cli, as_json, console, print_json
from rules.lifecycle.months import MOST
from rules.lifecycle.stretches import date_of
from rules.money import decimal_text
from templates.history_views import FlowView, GroupView

_MONTHS = click.IntRange(1, MOST)


def _months(usual: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--months",
        type=_MONTHS,
        default=usual,
        show_default=True,
        help="How many calendar months, up to now.",
    )


@click.command("flow")
@click.argument("family", default="stage")
@_months(history.USUAL_FLOW)
@as_json
@click.pass_obj
def flow(cli: Cli, family: str, months: int, as_json: bool) -> None:
    """Show who moved from where to where, month by month: among stages, or among statuses."""
    view = history.flow(cli.context, history.flowing(family), months)
    if as_json:
        print_json(history.flow_json(view))
        return
    console().print(_flow_table(view))


def _flow_table(view: FlowView) -> Table:
    table = Table("from", "to", *(f"{one.first:%Y-%m}" for one in view.months), "in all")
    table.title = f"moves between {view.family} labels, up to {view.until}"
    by_month = [{(one.before, one.after): one.times for one in month.moves} for month in view.months]
    for move in view.moves:
        each = [month.get((move.before, move.after), 0) for month in by_month]
        table.add_row(
            move.before or "-", move.after or "-", *(f"{n:,}" if n else "" for n in each), f"{move.times:,}"
        )
    return table


@click.command("cohorts")
@_months(history.USUAL_MONTHS)
@as_json
@click.pass_obj
def cohorts(cli: Cli, months: int, as_json: bool) -> None:
    """Show, by the month of customers' first qualifying event, how many were active at the end of each month after."""
    view = history.cohorts(cli.context, months)
    if as_json:
        print_json(history.cohorts_json(view))
        return
    table = Table("first in", "customers", *(f"+{k}" for k in range(len(view.cohorts))))
    table.title = f"active at the end of the k-th month after, of whoever had a first {', '.join(view.kinds)}"
    for one in view.cohorts:
        shares = [
            f"{100 * n / one.customers:.0f}%" if one.customers and n is not None else "" for n in one.active
        ]
        table.add_row(f"{one.first:%Y-%m}", f"{one.customers:,}", *shares)
    console().print(table)


@click.command("activity")
@_months(history.USUAL_MONTHS)
@as_json
@click.pass_obj
def activity(cli: Cli, months: int, as_json: bool) -> None:
    """Compare active with inactive customers at the ends of months: engagement, revenue, value, relationship."""
    view = history.activity(cli.context, months)
    if as_json:
        print_json(history.activity_json(view))
        return
    title = f"at the end of each month, for each customer, amounts in {view.currency}"
    table = Table("month", "", "customers", "events", "spent", "value", "contacts", title=title)
    for one in view.months:
        for name, group in (("active", one.active), ("inactive", one.inactive)):
            table.add_row(f"{one.first:%Y-%m}", name, f"{group.customers:,}", *_each(group, view.currency))
    console().print(table)
    if view.clipped:
        click.echo("Earlier months are left out: events of theirs were pruned.", err=True)


def _each(group: GroupView, currency: str) -> list[str]:
    if not group.customers:
        return [""] * 4
    spent, value = (
        decimal_text(round(amount / group.customers), currency) for amount in (group.spent, group.value)
    )
    return [
        f"{group.events / group.customers:.2f}",
        spent,
        value,
        f"{group.contacts / group.customers:.2f}",
    ]


@click.command("stretches")
@click.argument("customer")
@as_json
@click.pass_obj
def stretches(cli: Cli, customer: str, as_json: bool) -> None:
    """Show a customer's history: from when to when each status and stage was theirs, and under which version."""
    found = answer.status(cli.context, customer)
    if isinstance(found, Choice):
        raise click.UsageError("Several customers could be meant: name one by its id.")
    rows = history.stretches_json(cli.context, found.id)
    if as_json:
        print_json({"customer": found.person.external_id, "stretches": rows})
        return
    table = Table("", "label", "from", "to", "version", title=found.person.external_id)
    for row in rows:
        table.add_row(*(str(value or "") for value in row.values()))
    console().print(table)


@click.command("judge")
@as_json
@click.pass_obj
def judge(cli: Cli, as_json: bool) -> None:
    """Judge the days up to yesterday now, and what came late, as the running bot does every night."""
    history.refuse_unused(cli.context)
    done = judging.judge(cli.context)
    if done is None:
        raise AssertionError("a life cycle is never put out of use")
    if as_json:
        print_json(
            {
                "first": date_of(done.first).isoformat(),
                "through": date_of(done.last).isoformat(),
                "late": done.late,
                "changed": done.changed,
            }
        )
        return
    click.echo(f"judged through {date_of(done.last)}; {done.changed:,} stretches written, {done.late:,} late")


COMMANDS = (flow, cohorts, activity, stretches, judge)
