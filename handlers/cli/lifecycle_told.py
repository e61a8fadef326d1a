"""What a change of the life cycle did, as every command says it that makes one."""

import click

from handlers.cli.base import Cli, console, print_json
from templates.views import LifecycleChange


def told(cli: Cli, changed: LifecycleChange | None, as_json: bool) -> None:
    """Print the version, the difference, the rules that mean something else now, and what should be known."""
    if changed is None:
        raise AssertionError("the command line asks once")
    warnings = [cli.words.plain("conditions", one.code, **one.params) for one in changed.warnings]
    if as_json:
        print_json(
            {
                "did": changed.did,
                "name": changed.name,
                "version": changed.version,
                "diff": changed.diff,
                "rules": list(changed.rules),
                "warnings": warnings,
            }
        )
        return
    console().print(changed.diff, soft_wrap=True)
    if changed.rules:
        click.echo(f"rules that mean something else now: {', '.join(changed.rules)}; the next sweep tells")
    for line in warnings:
        click.echo(line, err=True)
