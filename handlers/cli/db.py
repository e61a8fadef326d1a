"""``bot.py db``: the database's version, and moving it on."""

import sys

import click

from handlers.cli.base import FAILED, Cli, as_json, print_json
from storage import schema


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
