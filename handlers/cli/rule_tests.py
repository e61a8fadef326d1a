"""``bot.py rules test``: run tests of rules and say what came otherwise than expected."""

import sys
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from handlers import logs, rule_tests
from handlers.cli.base import FAILED, Cli, as_json, console, print_json
from handlers.rule_tests import FileResult
from rules.files.mistakes import Mistake
from templates.words import clean


@click.command("test")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@as_json
@click.pass_obj
def test(cli: Cli, files: tuple[Path, ...], as_json: bool) -> None:
    """Run tests of rules, in simulated time and a database of their own; exit code 1 if anything came otherwise.

    docs/rule-tests.md says how a test is written.
    """
    # Each sweep of the simulation would write its line.
    logs.configure(level="WARNING", secrets=cli.settings.secrets())
    tested = []
    for one in rule_tests.run([(str(file), cli.folder / file) for file in files]):
        tested.append(one)
        if not as_json:
            _show(cli, one)
    passed = sum(one.passed for one in tested)
    if as_json:
        whole = [_as_json(cli, one) for one in tested]
        print_json({"files": whole, "passed": passed, "failed": len(tested) - passed})
    else:
        click.echo(f"{passed:,} passed, {len(tested) - passed:,} failed")
    if passed < len(tested):
        sys.exit(FAILED)


def _show(cli: Cli, one: FileResult) -> None:
    for hint in one.hints:
        click.echo(f"{one.file}:{hint.line}: {_hint(cli, hint)}", err=True)
    if one.error is not None:
        click.echo(cli.said(one.error), err=True)
        return
    click.echo(f"{one.file}: {'passed' if one.passed else 'FAILED'}, {one.checks:,} checked")
    if one.failures:
        table = Table("at", "what", "expected", "found", show_lines=True)
        for failure in one.failures:
            table.add_row(
                *(clean(cell) for cell in (failure.at, failure.what, failure.expected, failure.found))
            )
        console().print(table)


def _hint(cli: Cli, hint: Mistake) -> str:
    return cli.words.plain(hint.page, hint.code, **hint.params)


def _as_json(cli: Cli, one: FileResult) -> dict[str, Any]:
    return {
        "file": one.file,
        "passed": one.passed,
        "checks": one.checks,
        "failures": [
            {
                "at": failure.at,
                "what": failure.what,
                "expected": failure.expected,
                "found": failure.found,
            }
            for failure in one.failures
        ],
        "error": None if one.error is None else cli.said(one.error),
        "hints": [_hint(cli, hint) for hint in one.hints],
    }
