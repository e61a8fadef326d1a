"""``bot.py quarantine``: look at what could not be taken in, try it again, or drop it."""

from typing import Any

import click
from rich.table import Table

from handlers import quarantine as use_case
from handlers.cli.base import Cli, as_json, console, print_json
from rules.instants import iso
from storage import quarantine as stored
from storage.quarantine import Kept
from templates.words import clean, cut, name_of

_SHOWN = 160


@click.group("quarantine")
def quarantine() -> None:
    """Look at what could not be taken in, try it again, or drop it."""


@quarantine.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many."
)
@as_json
@click.pass_obj
def list_command(cli: Cli, limit: int, as_json: bool) -> None:
    """List what lies in quarantine and why, the newest first."""
    with cli.context.database.reading() as tx:
        count = stored.count(tx)
        found = stored.newest(tx, limit=limit)
    if as_json:
        print_json({"count": count, "records": [_as_json(cli, kept) for kept in found]})
        return
    for kept in found:
        _show(cli, kept)
    console().print(f"{count:,} in quarantine" + (f", {len(found):,} shown" if len(found) < count else ""))


@quarantine.command("retry")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@as_json
@click.pass_obj
def retry_command(cli: Cli, ids: tuple[str, ...], as_json: bool) -> None:
    """Take in again what lies in quarantine: all of it, or the records named. What goes in leaves quarantine."""
    counts = use_case.try_again(cli.context, ids)
    answer = {
        "retried": counts.read,
        "inserted": counts.inserted,
        "duplicate": counts.duplicate,
        "quarantined": counts.quarantined,
    }
    if as_json:
        print_json(answer)
        return
    table = Table(*answer)
    table.add_row(*(f"{number:,}" for number in answer.values()))
    console().print(table)


@quarantine.command("drop")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Drop all that lies in quarantine.")
@as_json
@click.pass_obj
def drop_command(cli: Cli, ids: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Forget records for ever: those named, or --all."""
    if bool(ids) is everything:
        raise click.UsageError("Name the records to drop, or say --all.")
    dropped = use_case.drop_all(cli.context) if everything else use_case.drop(cli.context, ids)
    if as_json:
        print_json({"dropped": dropped})
        return
    console().print(f"{dropped:,} dropped")


def _show(cli: Cli, kept: Kept) -> None:
    """Show one record as a block: six columns would leave none of them room to be read."""
    one = kept.refused
    place = name_of(f"{one.source} · {one.origin}", _SHOWN)
    # The id is to be copied: it stands by itself and whole, however narrow the terminal.
    console().print(kept.id, soft_wrap=True)
    block = Table.grid(padding=(0, 2))
    block.add_column(no_wrap=True)
    block.add_column(overflow="fold")
    for name, said in (
        ("since", iso(kept.received_at)),
        ("from", place if one.line is None else f"{place}, line {one.line:,}"),
        ("why", _words(cli, kept)),
        ("record", cut(clean(_text(one.record)).replace("\n", "⏎"), _SHOWN)),
    ):
        block.add_row(f"  {name}", said)
    console().print(block)
    console().print()


def _as_json(cli: Cli, kept: Kept) -> dict[str, Any]:
    one = kept.refused
    return {
        "id": kept.id,
        "received_at": iso(kept.received_at),
        "source": one.source,
        "format": one.format,
        "origin": one.origin,
        "line": one.line,
        "reason": one.reason,
        "words": _words(cli, kept),
        "record": _text(one.record),
    }


def _words(cli: Cli, kept: Kept) -> str:
    return cli.context.words.plain("intake", kept.refused.reason, **kept.refused.params)


def _text(record: bytes) -> str:
    return record.decode("utf-8", "backslashreplace")
