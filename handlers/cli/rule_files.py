"""``bot.py rules export`` and ``import``: the rule book as a file."""

from pathlib import Path
from typing import Any

import click

from handlers import rule_files
from handlers.cli.base import Cli, as_json, print_json
from handlers.cli.manager import request
from handlers.file_text import STANDARD, read_text, write_text
from handlers.rule_files import Plan, RuleDiff
from rules.files.mistakes import BadFileError
from templates.words import clean

STDOUT = STDIN = Path(STANDARD)


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default=STDOUT)
@as_json
@click.pass_obj
def export(cli: Cli, file: Path, as_json: bool) -> None:
    """Write all rules in use, with whether they are watched or paused, to FILE or to standard output, as YAML.

    `rules import` reads it back.
    """
    text, count = rule_files.export(cli.context)
    if file != STDOUT:
        write_text(cli.folder / file, text)
    if as_json:
        shown = {"text": text} if file == STDOUT else {"file": str(file)}
        print_json({"rules": count} | shown)
    elif file == STDOUT:
        click.echo(text, nl=False)
    else:
        click.echo(f"{count:,} rules written to {file}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Show the difference and change nothing.")
@click.option("--remove-others", is_flag=True, help="Remove the rules in use that are not in FILE.")
@as_json
@click.pass_obj
def import_rules(cli: Cli, file: Path, dry_run: bool, remove_others: bool, as_json: bool) -> None:
    """Let the rules be what FILE says: shows the difference, then makes it, all of it or nothing.

    FILE - is standard input. What FILE leaves out of a rule is the default; rules that are not in FILE stay as they are.
    """
    text = cli.given if file == STDIN else read_text(cli.folder / file)
    try:
        plan = rule_files.plan(cli.context, text, remove_others=remove_others)
        if not as_json:
            _show(cli, plan)
        if not dry_run and plan.diffs:
            rule_files.apply(cli.context, request(), text, plan, remove_others=remove_others)
    except BadFileError as error:
        raise error.named(str(file)) from error
    if as_json:
        print_json(_as_json(cli, plan) | {"dry_run": dry_run})
    elif dry_run:
        click.echo("Nothing was changed: this was a dry run.")
    elif plan.diffs:
        click.echo("Imported. The next sweep goes by the rules as they read now.")


def _show(cli: Cli, plan: Plan) -> None:
    signs = (
        dict.fromkeys(plan.added, "+") | dict.fromkeys(plan.changed, "~") | dict.fromkeys(plan.removed, "-")
    )
    for diff in plan.diffs:
        click.echo(f"{signs[diff]} {diff.name}")
        for line in diff.lines():
            click.echo(f"    {clean(line)}")
    counts = [
        f"{len(plan.added):,} added",
        f"{len(plan.changed):,} changed",
        f"{len(plan.unchanged):,} unchanged",
        f"{len(plan.removed):,} removed",
    ]
    stay = f"; {len(plan.elsewhere):,} not in the file stay as they are" if plan.elsewhere else ""
    click.echo(f"{', '.join(counts)}{stay}")
    for line in _warnings(cli, plan):
        click.echo(line, err=True)


def _warnings(cli: Cli, plan: Plan) -> list[str]:
    return [
        f"{name}: {cli.words.plain('conditions', problem.code, **problem.params)}"
        for name, problem in plan.warnings
    ]


def _as_json(cli: Cli, plan: Plan) -> dict[str, Any]:
    return {
        "added": _names(plan.added),
        "changed": _names(plan.changed),
        "unchanged": list(plan.unchanged),
        "removed": _names(plan.removed),
        "not_in_file": list(plan.elsewhere),
        "diff": {diff.name: list(diff.lines()) for diff in plan.diffs},
        "warnings": _warnings(cli, plan),
    }


def _names(diffs: tuple[RuleDiff, ...]) -> list[str]:
    return [diff.name for diff in diffs]
