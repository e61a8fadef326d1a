"""``bot.py rules``: the rules, by the same use cases that chat calls; who is at this machine is a manager."""

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypeVar

import click
from rich.table import Table

from handlers import rulebook
from handlers.cli.base import Cli, as_json, console, print_json
from handlers.cli.manager import request
from handlers.cli.preview import preview_command
from handlers.cli.rule_files import export, import_rules
from handlers.cli.rule_tests import test
from rules.alerts.typed import LENGTHS, Options, length_text
from rules.conditions.problems import Problem
from rules.instants import DAY, iso
from templates.views import ChangeView, RuleCard

_LENGTH: Final = re.compile(rf"^([+-] (?:{'|'.join(LENGTHS)}): )(\d+)$", re.MULTILINE)

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("rules")
def rules() -> None:
    """Show and change the rules."""


rules.add_command(preview_command)


def _options(command: _Command) -> _Command:
    """Give a command the options that say something of a rule beside its name and condition."""
    for name, help_text in reversed(
        (
            ("channel", "Where its alerts go: #name or an id. Default: the default channel."),
            ("kind", "What it tells: problem or opportunity."),
            ("severity", "How much it matters: low, medium or high."),
            ("backlog", "What becomes of those for whom it holds already: digest, ignore or post."),
            ("action", "What is to be done; stands in every alert."),
            ("cooldown", "How long after an alert's end none opens for that customer, such as 1d."),
            ("for", "How long the condition must hold before an alert opens, such as 2d."),
            ("keep", "How long an alert stays open after the condition has ceased to hold."),
            ("remind", "How often the thread of an unclaimed alert is told so, such as 4h."),
            ("escalate", 'Whom an unclaimed alert is brought to: "2h owner, 8h manager, 1d #leads".'),
            ("hides", "Rules whose alerts are not told while one of this rule is open for the customer."),
            ("unreadable", "What becomes of a message of unclear fate: repeat or hold."),
        )
    ):
        command = click.option(f"--{name}", default=None, help=help_text)(command)
    return command


@rules.command("list")
@as_json
@click.pass_obj
def list_rules(cli: Cli, as_json: bool) -> None:
    """List the rules in use, and those that ship and can be chosen by name."""
    cards, shipped = rulebook.listing(cli.context), rulebook.available(cli.context)
    if as_json:
        available = [
            {
                "name": one.name,
                "about": one.about,
                "condition": one.body.condition,
                "theme": one.theme,
                "suits": [str(name) for name in one.suits],
            }
            for one in shipped
        ]
        print_json({"rules": [_card(card) for card in cards], "available": available})
        return
    if cards:
        table = Table("rule", "state", "condition", "matched", "open alerts", title="in use")
        for card in cards:
            numbers = (f"{card.matched:,}", f"{card.open_alerts:,}")
            table.add_row(card.name, str(card.state), card.body.condition, *numbers)
        console().print(table)
    for theme, ready in groupby(shipped, key=attrgetter("theme")):
        title = f"{theme}: ship with Warmline; rules add NAME chooses one"
        table = Table("rule", "suits", "about", "condition", title=title)
        for one in ready:
            table.add_row(one.name, "\n".join(map(str, one.suits)), one.about, one.body.condition)
        console().print(table)


@rules.command("show")
@click.argument("name")
@as_json
@click.pass_obj
def show(cli: Cli, name: str, as_json: bool) -> None:
    """Show one rule."""
    card = rulebook.show(cli.context, name)
    _show(card, as_json)
    _warn(cli, card.unknown)


@rules.command("history")
@click.argument("name")
@as_json
@click.pass_obj
def history(cli: Cli, name: str, as_json: bool) -> None:
    """Show every version of a rule: who changed what, and when."""
    found, versions = rulebook.history(cli.context, name)
    if as_json:
        told = [
            {"version": one.version, "author": one.author, "at": iso(one.at), "diff": one.diff}
            for one in versions
        ]
        print_json({"rule": found, "versions": told})
        return
    for one in versions:
        console().print(f"version {one.version}, {iso(one.at)}, {one.author}\n{_readable(one.diff)}\n")


@rules.command("check")
@click.argument("condition")
@as_json
@click.pass_obj
def check(cli: Cli, condition: str, as_json: bool) -> None:
    """Read a condition, say what is wrong with it or for how many customers it holds now. Changes nothing."""
    found = rulebook.check(cli.context, condition)
    if as_json:
        warnings = _warnings(cli, found.warnings)
        print_json({"condition": found.text, "holds_for": found.holding, "warnings": warnings})
        return
    console().print(found.text, soft_wrap=True)
    console().print(f"holds now for {_customers(found.holding)}" if found.holding is not None else "")
    _warn(cli, found.warnings)


@rules.command("add")
@click.argument("name")
@click.argument("condition", default="")
@_options
@as_json
@click.pass_obj
def add(cli: Cli, /, name: str, condition: str, as_json: bool, **said: str | None) -> None:
    """Add a rule; one that ships is chosen by its name alone. The next sweep evaluates it."""
    changed = rulebook.add(cli.context, request(), name=name, condition=condition, options=Options.said(said))
    _told(cli, changed, as_json)


@rules.command("edit")
@click.argument("name")
@click.argument("condition", default="")
@_options
@as_json
@click.pass_obj
def edit(cli: Cli, /, name: str, condition: str, as_json: bool, **said: str | None) -> None:
    """Change a rule's condition, or what else it says; the version before is kept."""
    changed = rulebook.edit(
        cli.context, request(), name=name, condition=condition, options=Options.said(said)
    )
    _told(cli, changed, as_json)


@rules.command("pause")
@click.argument("name")
@as_json
@click.pass_obj
def pause(cli: Cli, name: str, as_json: bool) -> None:
    """Let a rule rest; its open alerts stay as they are."""
    _told(cli, rulebook.pause(cli.context, request(), name), as_json)


@rules.command("resume")
@click.argument("name")
@as_json
@click.pass_obj
def resume(cli: Cli, name: str, as_json: bool) -> None:
    """Watch a paused rule again."""
    _told(cli, rulebook.resume(cli.context, request(), name), as_json)


@rules.command("remove")
@click.argument("name")
@as_json
@click.pass_obj
def remove(cli: Cli, name: str, as_json: bool) -> None:
    """Remove a rule; its open alerts end as `rule_changed`."""
    _told(cli, rulebook.remove(cli.context, request(), name), as_json)


def _told(cli: Cli, changed: ChangeView | None, as_json: bool) -> None:
    if changed is None:
        raise AssertionError("the command line asks once")
    if as_json:
        more = {
            "holds_for": changed.holding,
            "closed_alerts": changed.closed,
            "warnings": _warnings(cli, changed.warnings),
        }
        print_json(_card(changed.card) | more)
        return
    _show(changed.card, as_json=False)
    if changed.holding is not None:
        console().print(f"holds now for {_customers(changed.holding)}; the next sweep tells of them")
    _warn(cli, changed.warnings)


def _customers(many: int) -> str:
    return f"{many:,} customer{'' if many == 1 else 's'}"


def _readable(diff: str) -> str:
    """Write lengths of time, which are kept in milliseconds, as people do."""
    return _LENGTH.sub(lambda line: f"{line[1]}{length_text(int(line[2]))}", diff)


def _show(card: RuleCard, as_json: bool) -> None:
    if as_json:
        print_json(_card(card))
        return
    table = Table(show_header=False, title=card.name)
    for key, value in _card(card).items():
        if key != "rule" and value not in (None, ""):
            table.add_row(key.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value))
    console().print(table)


def _card(card: RuleCard) -> dict[str, Any]:
    return {
        "rule": card.name,
        "state": str(card.state),
        "condition": card.body.condition,
        "channel": card.body.channel,
        "kind": str(card.body.kind),
        "severity": str(card.body.severity),
        "backlog": str(card.body.backlog),
        "action": card.body.action,
        "cooldown_days": card.body.cooldown / DAY,
        "for": length_text(card.body.pending),
        "keep": length_text(card.body.keep),
        "remind": length_text(card.body.remind),
        "escalate": card.body.escalate,
        "hides": card.body.hides,
        "unreadable": str(card.body.unreadable),
        "version": card.version,
        "author": card.author,
        "at": iso(card.at),
        "matched": card.matched,
        "open_alerts": card.open_alerts,
        "swept_at": None if card.swept_at is None else iso(card.swept_at),
        "degraded": card.degraded,
    }


def _warnings(cli: Cli, problems: Sequence[Problem]) -> list[str]:
    """Give what is to be minded; what is so in two places is said once."""
    said = (cli.words.plain("conditions", problem.code, **problem.params) for problem in problems)
    return list(dict.fromkeys(said))


def _warn(cli: Cli, problems: Sequence[Problem]) -> None:
    for line in _warnings(cli, problems):
        click.echo(line, err=True)


for command in (export, import_rules, test):
    rules.add_command(command)
