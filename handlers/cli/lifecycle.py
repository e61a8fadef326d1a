"""``bot.py lifecycle``: the definitions of the life cycle, by the same use cases that chat calls."""

from typing import Any, Final

import click
from rich.table import Table

from handlers import lifecycle as book
from handlers import lifecycle_plans as plans
from handlers.cli import history as past
from handlers.cli.base import Cli, as_json, console, print_json
from handlers.cli.health import health
from handlers.cli.lifecycle_told import told
from handlers.cli.manager import request
from handlers.lifecycle import OverwritesError
from handlers.lifecycle_plans import Planned
from handlers.standing import MOST_COUNTED
from rules.instants import iso
from templates.views import LifecyclePreview, LifecycleView

_TAKE_BACK: Final = "It is saved. To take it back: python bot.py lifecycle undo"


@click.group("lifecycle")
def lifecycle() -> None:
    """Show and change what active, the statuses, stages, types and segments mean."""


@lifecycle.command("show")
@as_json
@click.pass_obj
def show(cli: Cli, as_json: bool) -> None:
    """Show the definitions in use, with how many customers each has now, and the presets that ship."""
    found = book.show(cli.context)
    if as_json:
        print_json(_shown(found))
        return
    if found.version:
        title = f"{found.preset}, version {found.version}: {found.did} by {found.author}, {iso(found.at)}"
        table = Table("definition", "condition", "customers", "", title=title)
        for one in found.definitions:
            holds = "" if one.holds is None else f"{one.holds:,}"
            table.add_row(one.name, one.condition, holds, "edited" if one.edited else "")
        console().print(table)
    table = Table("preset", "about", title="ship with Warmline; lifecycle use NAME puts one in use")
    for name, about in found.presets:
        table.add_row(name, about)
    console().print(table)


@lifecycle.command("use")
@click.argument("preset")
@click.option("--yes", is_flag=True, help="Overwrite definitions that were edited.")
@as_json
@click.pass_obj
def use(cli: Cli, preset: str, yes: bool, as_json: bool) -> None:
    """Put a preset in use. Says what would be lost, and changes nothing, where edited definitions differ."""
    planned = plans.using(preset)
    try:
        changed = book.make(cli.context, request(), planned, did="use", confirmed=yes)
    except OverwritesError:
        _print_preview(cli, book.preview(cli.context, planned), as_json=False, err=True)
        click.echo(f"To do it all the same: python bot.py lifecycle use {preset} --yes", err=True)
        raise
    told(cli, changed, as_json)
    if yes:
        click.echo(_TAKE_BACK, err=True)


@lifecycle.command("undo")
@as_json
@click.pass_obj
def undo(cli: Cli, as_json: bool) -> None:
    """Go back to the definitions before the last change; a second time, forth again."""
    told(cli, book.make(cli.context, request(), plans.undoing, did="undo"), as_json)


@lifecycle.command("edit")
@click.argument("name")
@click.argument("condition")
@as_json
@click.pass_obj
def edit(cli: Cli, name: str, condition: str, as_json: bool) -> None:
    """Give a definition another condition; segment.NAME and active.NAME may be new. The version before is kept."""
    planned = plans.editing(name, condition)
    warned = _warn_of_extremes(cli, planned)
    told(cli, book.make(cli.context, request(), planned, did="edit"), as_json)
    if warned:
        click.echo(_TAKE_BACK, err=True)


@lifecycle.command("remove")
@click.argument("name")
@as_json
@click.pass_obj
def remove(cli: Cli, name: str, as_json: bool) -> None:
    """Take a segment's definition away, or what is active for one segment alone."""
    told(cli, book.make(cli.context, request(), plans.removing(name), did="remove"), as_json)


@lifecycle.command("history")
@click.argument("name")
@as_json
@click.pass_obj
def history(cli: Cli, name: str, as_json: bool) -> None:
    """Show every version of a definition: who changed what, and when."""
    found, versions = book.history(cli.context, name)
    if as_json:
        told = [
            {"version": one.version, "author": one.author, "at": iso(one.at), "diff": one.diff}
            for one in versions
        ]
        print_json({"definition": found, "versions": told})
        return
    for one in versions:
        console().print(f"version {one.version}, {iso(one.at)}, {one.author}\n{one.diff}\n")


@lifecycle.command("preview")
@click.argument("name")
@click.argument("condition", default="")
@as_json
@click.pass_obj
def preview(cli: Cli, name: str, condition: str, as_json: bool) -> None:
    """Say how many customers would move from where to where by a new condition, or by a preset. Changes nothing."""
    planned = plans.editing(name, condition) if condition else plans.using(name)
    _print_preview(cli, book.preview(cli.context, planned), as_json=as_json)


lifecycle.add_command(health)


def _warn_of_extremes(cli: Cli, planned: Planned) -> bool:
    lines = _extremes(cli, book.preview(cli.context, planned, most=MOST_COUNTED))
    for line in lines:
        click.echo(line, err=True)
    return bool(lines)


def _extremes(cli: Cli, found: LifecyclePreview) -> list[str]:
    said = book.extreme(found)
    if said is None:
        return []
    return [cli.words.plain("lifecycle", said, name=found.name, n=found.known or 0)]


def _print_preview(cli: Cli, found: LifecyclePreview, *, as_json: bool, err: bool = False) -> None:
    warnings = [cli.words.plain("conditions", one.code, **one.params) for one in found.warnings]
    warnings += _extremes(cli, found)
    if as_json:
        print_json(
            {
                "name": found.name,
                "diff": found.diff,
                "customers": found.known,
                "holds_for": found.holds,
                "moves": [
                    {"family": one.family, "from": one.before, "to": one.after, "customers": one.customers}
                    for one in found.moves
                ],
                "rules": list(found.rules),
                "overwritten": list(found.overwritten),
                "warnings": warnings,
            }
        )
        return
    click.echo(found.diff, err=err)
    if found.moves:
        table = Table("", "from", "to", "customers", title=f"of {found.known:,} customers")
        for one in found.moves:
            table.add_row(one.family, one.before or "-", one.after or "-", f"{one.customers:,}")
        click.echo(_drawn(table), err=err, nl=False)
    elif found.known is not None:
        click.echo(f"none of {found.known:,} customers would move", err=err)
    if found.rules:
        click.echo(f"rules that would mean something else: {', '.join(found.rules)}", err=err)
    for line in warnings:
        click.echo(line, err=True)


def _drawn(table: Table) -> str:
    shown = console()
    with shown.capture() as captured:
        shown.print(table)
    return captured.get()


def _shown(found: LifecycleView) -> dict[str, Any]:
    return {
        "preset": found.preset or None,
        "version": found.version,
        "author": found.author or None,
        "at": iso(found.at) if found.version else None,
        "kinds": list(found.kinds),
        "customers": found.known,
        "definitions": [
            {
                "name": one.name,
                "condition": one.condition,
                "edited": one.edited,
                "customers": one.holds,
            }
            for one in found.definitions
        ],
        "presets": [{"name": name, "about": about} for name, about in found.presets],
    }


for command in past.COMMANDS:
    lifecycle.add_command(command)
