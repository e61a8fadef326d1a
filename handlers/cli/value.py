"""``bot.py value``: what customers are worth, by models that are fitted to the business's own purchases."""

import sys
from math import isfinite
from typing import Any

import click
from rich.table import Table

from handlers import shown, value_json
from handlers import value as use_case
from handlers.answer import Choice
from handlers.cli.base import FAILED, Cli, as_json, as_of, console, print_json
from handlers.intake.events import LONGEST_ID
from handlers.value import Worth
from rules.alerts.evidence import Evidence, evidence_of
from rules.conditions.names import BadNameError
from rules.conditions.names import name_of as canonical
from rules.conditions.terms import Fitted, Score
from rules.instants import iso
from rules.lifecycle.buying import Model
from rules.lifecycle.fit import Calibration, Fit, Lack, Lacking, Terms, Unit
from templates import facts
from templates.voice import Voice
from templates.words import name_of

_KEPT = 6
"""Digits of a parameter that are shown."""


@click.group("value")
def value() -> None:
    """Find out what customers are worth, and show it."""


class _Kind(click.ParamType[str]):
    """The name of a kind of event."""

    name = "KIND"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the name; a wrong one is an error of usage."""
        try:
            return canonical(str(value))
        except BadNameError:
            self.fail(f"{name_of(str(value))!r} is no name of a kind of event", param, ctx)


@value.command("fit")
@click.option(
    "--model",
    type=click.Choice([one.value for one in Model]),
    default=Model.MBG_NBD.value,
    show_default=True,
    help="bg_nbd is shown beside, and not kept.",
)
@as_of
@click.option(
    "--unit",
    type=click.Choice([one.value for one in Unit]),
    default=Unit.WEEK.value,
    show_default=True,
    help="The unit of time of the parameters.",
)
@click.option(
    "--kind",
    type=_Kind(),
    default="purchase",
    show_default=True,
    help="The kind of event that is a purchase.",
)
@click.option(
    "--discount",
    type=click.FloatRange(0, 100),
    default=10.0,
    show_default=True,
    help="Percent a year by which what comes later counts less.",
)
@as_json
@click.pass_obj
def fit(
    cli: Cli, /, *, model: str, as_of: int | None, unit: str, kind: str, discount: float, as_json: bool
) -> None:
    """Fit the models now, or as of an instant; customers are scored by the latest fit. Exit 1 where too little is there."""
    if not isfinite(discount):
        raise click.BadParameter(f"{discount} is no percentage from 0 to 100.", param_hint="'--discount'")
    terms = Terms(kind=kind, model=Model(model), unit=Unit(unit), discount=discount / 100)
    found = use_case.fit(cli.context, terms, as_of=as_of)
    if as_json:
        print_json(value_json.fit(found))
    else:
        _show_fit(cli, found)
        if found.whole is not None and found.id == 0:
            click.echo(cli.words.plain("value", "not_kept"), err=True)
    if found.whole is None:
        sys.exit(FAILED)


@value.command("show")
@as_json
@click.pass_obj
def show(cli: Cli, as_json: bool) -> None:
    """Show the fit by which customers are scored, what it lacks, and how well it foretold what came."""
    found = use_case.show(cli.context)
    if as_json:
        print_json(
            {
                "in_force": None if found.in_force is None else value_json.whole(found.in_force),
                "latest": None if found.latest is None else value_json.whole(found.latest),
            }
        )
        return
    said = cli.words.plain
    if found.in_force is None:
        console().print(said("value", "none_in_force"), soft_wrap=True)
    else:
        one = found.in_force
        console().print(said("value", "in_force", number=str(one.id), as_of=iso(one.as_of)), soft_wrap=True)
        _show_fit(cli, one)
    latest = found.latest
    if latest is None:
        _say_lacks(cli, (Lack(Lacking.NEVER),))
    elif latest.whole is None:
        said_last = said("value", "last_lacked", number=str(latest.id), as_of=iso(latest.as_of))
        console().print(said_last, soft_wrap=True)
        _say_lacks(cli, latest.lacks)


@value.command("of")
@click.argument("customer")
@as_of
@as_json
@click.pass_obj
def of(cli: Cli, customer: str, as_of: int | None, as_json: bool) -> None:
    """Show what a customer, named by id, e-mail address or name, is worth by the fit in force."""
    found = use_case.of(cli.context, customer, as_of=as_of)
    if isinstance(found, Choice):
        click.echo("Several customers could be meant; name one by id:", err=True)
        for one in found.customers:
            click.echo(f"  {name_of(one.person.external_id, LONGEST_ID)}", err=True)
        sys.exit(FAILED)
    if as_json:
        print_json(value_json.worth(found, cli.context.currency))
        return
    voice = shown.voice(cli.context)
    table = Table(
        show_header=False, title=name_of(found.customer.person.name or found.customer.person.external_id)
    )
    for fact in _facts(found):
        table.add_row(facts.label(fact, voice), facts.value(fact, voice))
    console().print(table)
    for line in _why_unknown(cli, found):
        click.echo(line, err=True)


def _why_unknown(cli: Cli, found: Worth) -> list[str]:
    said = cli.words.plain
    if found.fit is None:
        return [said("value", "none_in_force")]
    if not found.values[Score.P_ALIVE].known.any():
        return [said("value", "never_bought", kind=found.fit.terms.kind)]
    if found.values[Score.CLV].known.any():
        return []
    if found.fit.whole is not None and found.fit.whole.spending is None:
        return [said("value", "no_spending"), *_lacks(cli, found.fit.whole.lacks)]
    return [said("value", "no_currency", currency=cli.context.currency)]


def _facts(found: Worth) -> tuple[Evidence, ...]:
    asked = [Fitted(name) for name in Score]
    return evidence_of(asked, {term: found.values[term.name] for term in asked}, [0])[0]


def _show_fit(cli: Cli, found: Fit) -> None:
    out, voice = console(), shown.voice(cli.context)
    if found.whole is None:
        out.print(cli.words.plain("value", "too_little"), soft_wrap=True)
        _say_lacks(cli, found.lacks)
        return
    part = found.whole
    table = Table(show_header=False, title=f"{found.terms.model.value}, as of {iso(found.as_of)}")
    table.add_row("customers", f"{found.customers:,}")
    table.add_row("who came back", f"{found.repeaters:,}")
    table.add_row("weeks", f"{found.weeks:,}")
    for name, number in value_json.params(part).items():
        unit = f" {found.terms.unit.value}s" if name == "alpha" else ""
        table.add_row(name, f"{number:.{_KEPT}g}{unit}")
    table.add_row("log-likelihood", f"{part.log_likelihood:,.3f}")
    if part.spending is not None:
        table.add_row("amounts of", f"{part.spenders:,}")
        for name in ("p", "q", "v"):
            table.add_row(name, f"{getattr(part.spending, name):.{_KEPT}g}")
        table.add_row("log-likelihood of amounts", f"{part.spending_log_likelihood:,.3f}")
    table.add_row("discount a year", f"{found.terms.discount:.1%}")
    if found.segments:
        table.add_row("segments of their own", ", ".join(name_of(one, 40) for one in found.segments))
    out.print(table)
    if part.spending is None:
        out.print(cli.words.plain("value", "no_spending"), soft_wrap=True)
        for line in _lacks(cli, part.lacks):
            out.print(line, soft_wrap=True)
    _show_calibration(cli, found.calibration, voice)


def _show_calibration(cli: Cli, found: Calibration | None, voice: Voice) -> None:
    out = console()
    if found is None:
        out.print(cli.words.plain("value", "no_calibration"), soft_wrap=True)
        return
    weeks, expected, actual = len(found.actual), found.expected[-1], found.actual[-1]
    number = voice.figures.number
    numbers = {"expected": number(round(expected)), "actual": number(actual), "n": weeks}
    out.print(cli.words.plain("value", "calibration", **numbers), soft_wrap=True)
    table = Table("week", "expected", "came", title=f"since {value_json.day(found.since)}, added up")
    for column in table.columns:
        column.justify = "right"
    rows = list(zip(range(1, weeks + 1), found.expected, found.actual, strict=True))
    every = max(1, -(-weeks // 13))
    for week, one, other in rows:
        if week % every == 0 or week == weeks:
            table.add_row(str(week), f"{one:,.1f}", f"{other:,}")
    out.print(table)


def _say_lacks(cli: Cli, lacks: tuple[Lack, ...]) -> None:
    for line in _lacks(cli, lacks):
        console().print(f"- {line}", soft_wrap=True)
    console().print(cli.words.plain("value", "until_then"), soft_wrap=True)


def _lacks(cli: Cli, lacks: tuple[Lack, ...]) -> list[str]:
    return [
        cli.words.plain("value", "lack", what=one.what.value, have=one.have, need=one.need) for one in lacks
    ]
