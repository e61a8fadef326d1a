"""``bot.py processes``: the processes and their key events, by the same use cases that chat calls."""

import click
from rich.table import Table

from handlers import processes as use
from handlers.cli.base import Cli, as_json, console, print_json
from handlers.cli.manager import request
from rules.instants import iso
from templates.views import KeyEventView, KindChange, ProcessesView


@click.group("processes")
def processes() -> None:
    """Show and change the processes in which customers meet the company, and what their events tell."""


@processes.command("list")
@as_json
@click.pass_obj
def list_processes(cli: Cli, as_json: bool) -> None:
    """List the processes with their kinds of event, the kinds that belong to none, and the names that sources use."""
    view = use.listing(cli.context)
    if as_json:
        print_json(_json(view))
        return
    table = Table("process", "relationship", "kind", "stored", "tells")
    for one in view.processes:
        first = (one.process.name, str(one.process.relationship))
        for number, kind in enumerate(one.events or (KeyEventView("", 0),)):
            stored = f"{kind.stored:,}" if kind.kind else ""
            table.add_row(*(first if number == 0 else ("", "")), kind.kind, stored, kind.tells)
    console().print(table)
    if view.unassigned:
        table = Table(
            "kind", "stored", title="seen, and in no process; processes assign KIND PROCESS puts one in"
        )
        for kind in view.unassigned:
            table.add_row(kind.kind, f"{kind.stored:,}")
        console().print(table)
    for source, meaning in view.aliases:
        moving = " (its events move with the next sweep)" if source in view.moving else ""
        console().print(f"{source} stands for {meaning}{moving}")


@processes.command("assign")
@click.argument("kind")
@click.argument("process")
@click.option("--tells", default="", help="What an event of this kind tells, in a sentence.")
@as_json
@click.pass_obj
def assign(cli: Cli, kind: str, process: str, tells: str, as_json: bool) -> None:
    """Put a kind of event into a process."""
    _told(cli, use.assign(cli.context, request(), kind=kind, process=process, tells=tells), as_json)


@processes.command("unassign")
@click.argument("kind")
@as_json
@click.pass_obj
def unassign(cli: Cli, kind: str, as_json: bool) -> None:
    """Take a kind of event out of its process."""
    _told(cli, use.unassign(cli.context, request(), kind=kind), as_json)


@processes.command("alias")
@click.argument("source")
@click.argument("kind")
@click.option(
    "--move", is_flag=True, help="Let the events that are stored under SOURCE become KIND, for good."
)
@as_json
@click.pass_obj
def alias(cli: Cli, source: str, kind: str, move: bool, as_json: bool) -> None:
    """Let a source's name of a kind stand for another kind: in whatever comes, and in every rule."""
    _told(cli, use.alias(cli.context, request(), source=source, kind=kind, move=move), as_json)


@processes.command("unalias")
@click.argument("source")
@as_json
@click.pass_obj
def unalias(cli: Cli, source: str, as_json: bool) -> None:
    """Let a name stand for itself again; what came until now stays what it became."""
    _told(cli, use.unalias(cli.context, request(), source=source), as_json)


@processes.command("history")
@click.argument("kind")
@as_json
@click.pass_obj
def history(cli: Cli, kind: str, as_json: bool) -> None:
    """Show who changed what of a kind, and when."""
    name, changes = use.history(cli.context, kind)
    if as_json:
        told = [
            {"at": iso(one.at), "author": one.actor, "action": one.action, "diff": one.diff}
            for one in changes
        ]
        print_json({"kind": name, "changes": told})
        return
    for one in changes:
        console().print(f"{iso(one.at)}, {one.actor}\n{one.diff}\n")


def _told(cli: Cli, changed: KindChange | None, as_json: bool) -> None:
    if changed is None:
        raise AssertionError("the command line asks once")
    if as_json:
        print_json(
            {
                "did": changed.did,
                "kind": changed.kind,
                "process": changed.process or None,
                "means": changed.meaning or None,
                "rules": list(changed.rules),
                "moving": changed.moving,
            }
        )
        return
    where = {"process": changed.process} if changed.process else {"meaning": changed.meaning}
    lines = [cli.words.plain("processes", f"did_{changed.did}", kind=changed.kind, **where)]
    if changed.rules:
        lines.append(cli.words.plain("processes", "edited", rules=list(changed.rules)))
    if changed.moving:
        lines.append(cli.words.plain("processes", "moving", n=changed.moving, events=f"{changed.moving:,}"))
    for line in lines:
        console().print(line, soft_wrap=True)
    if not changed.seen:
        click.echo(cli.words.plain("processes", "unseen", kind=changed.kind), err=True)


def _json(view: ProcessesView) -> dict[str, object]:
    return {
        "processes": [
            {
                "process": one.process.name,
                "about": one.process.about,
                "relationship": str(one.process.relationship),
                "contact": str(one.process.contact),
                "events": [
                    {"kind": kind.kind, "stored": kind.stored, "tells": kind.tells} for kind in one.events
                ],
            }
            for one in view.processes
        ],
        "unassigned": [{"kind": kind.kind, "stored": kind.stored} for kind in view.unassigned],
        "aliases": [
            {"source": source, "kind": kind, "moving": source in view.moving} for source, kind in view.aliases
        ],
    }
