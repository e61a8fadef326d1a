"""``bot.py db``: the database's version and moving it on, pruning what is old, and giving back space."""

import getpass
import sys
from collections.abc import Mapping
from typing import ClassVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from handlers import retention
from handlers.cli.base import FAILED, Cli, Instant, as_json, console, print_json
from handlers.retention import Outcome, Survey
from rules.errors import WarmlineError
from rules.instants import iso
from storage import schema, upkeep
from storage.errors import SecondWriterError
from templates.words import name_of


class VacuumWhileRunningError(WarmlineError):
    """Another process, ``pid``, writes the SQLite file, and would have to wait for as long as it is written anew."""

    code: ClassVar[str] = "vacuum_while_running"


@click.group("db")
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@as_json
@click.pass_obj
def upgrade(cli: Cli, as_json: bool) -> None:
    """Move the database on to this program's version, keeping its data. Stop the bot and make a backup first."""
    database = cli.bare.database
    before, _ = schema.revisions(database)
    schema.upgrade(database)
    after, _ = schema.revisions(database)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        click.echo(cli.words.plain("doctor", "upgraded", before=before or "", after=after or ""))


@db.command("check")
@as_json
@click.pass_obj
def check(cli: Cli, as_json: bool) -> None:
    """Say whether the database answers and is of this program's version; exit 1 where it is not."""
    database = cli.bare.database
    found, wanted = schema.revisions(database)
    if as_json:
        print_json({"found": found, "wanted": wanted, "ok": found == wanted})
    else:
        name = "ok" if found == wanted else "differs" if found else "empty"
        click.echo(
            cli.words.plain(
                "doctor", f"database_{name}", engine=database.dialect, found=found or "", wanted=wanted or ""
            )
        )
    if found != wanted:
        sys.exit(FAILED)


@db.command("prune")
@click.option(
    "--before",
    type=Instant(),
    required=True,
    help="Events before this instant go; ISO 8601, a bare date is its midnight.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go, and what stands in the way.")
@as_json
@click.pass_obj
def prune(cli: Cli, before: int, dry_run: bool, as_json: bool) -> None:
    """Delete events before an instant, for ever. Counts, sums, firsts and lasts of a lifetime still count them.

    Refused while a rule or an open alert needs them. May be cut short and run again. Make a backup first.
    """
    if dry_run:
        found = retention.survey(cli.context, before)
        if as_json:
            print_json(found.as_json())
        else:
            _show_survey(cli, found)
    elif as_json:
        print_json(retention.prune(cli.context, before, actor=f"cli:{getpass.getuser()}").as_json())
    else:
        _show_outcome(cli, _with_progress(cli, before))


@db.command("vacuum")
@as_json
@click.pass_obj
def vacuum(cli: Cli, as_json: bool) -> None:
    """Give back to the disk what pruning freed. On SQLite the bot must not run meanwhile."""
    try:
        before, after = upkeep.vacuum(cli.context.database)
    except SecondWriterError as error:
        raise VacuumWhileRunningError(pid=error.params["pid"]) from error
    if as_json:
        print_json({"bytes_before": before, "bytes_after": after})
    else:
        click.echo(
            cli.words.plain("retention", "vacuumed", before=_megabytes(before), after=_megabytes(after))
        )


def _with_progress(cli: Cli, before: int) -> Outcome:
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr, markup=False, emoji=False, highlight=False),
        transient=True,
    )
    with progress:
        task = progress.add_task("pruning", total=None)
        return retention.prune(
            cli.context,
            before,
            actor=f"cli:{getpass.getuser()}",
            progress=lambda done, whole: progress.update(task, completed=done, total=whole),
        )


def _show_survey(cli: Cli, found: Survey) -> None:
    _show_kinds(found.kinds)
    before = iso(found.before)
    say = cli.words.plain
    click.echo(say("retention", "would", n=sum(found.kinds.values()), people=found.customers, before=before))
    for one in found.rules:
        click.echo(say("retention", "rule_in_the_way", rule=one.rule, term=one.term or ""))
    if found.alerts_in_all:
        click.echo(say("retention", "alerts_in_the_way", n=found.alerts_in_all))
    for alert in found.alerts:
        click.echo(f"  {alert.rule}: {alert.customer}")
    if found.rules or found.alerts:
        click.echo(
            say("errors", "latest_horizon", latest=iso(found.latest) if found.latest is not None else None)
        )


def _show_outcome(cli: Cli, done: Outcome) -> None:
    _show_kinds(done.kinds)
    events, before = sum(done.kinds.values()), iso(done.before)
    if not events:
        click.echo(cli.words.plain("retention", "nothing_to_prune", before=before))
        return
    sizes = {"size_before": _megabytes(done.size_before), "size_after": _megabytes(done.size_after)}
    click.echo(
        cli.words.plain("retention", "pruned", n=events, people=done.customers, before=before, **sizes)
    )


def _show_kinds(kinds: Mapping[str, int]) -> None:
    if kinds:
        table = Table("kind", "events")
        table.columns[1].justify = "right"
        for kind, events in sorted(kinds.items()):
            table.add_row(name_of(kind), f"{events:,}")
        console().print(table)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
