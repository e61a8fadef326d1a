"""What every command shares: its parts, how it answers, and how an error becomes a sentence.

It must not know any command.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from handlers.context import Context
from handlers.file_text import read_given
from rules.errors import WarmlineError
from rules.instants import InstantError
from settings import Settings
from storage import schema
from storage.errors import SecondWriterError
from templates.words import Words

FAILED: Final = 1
USAGE: Final = 2


@dataclass
class Cli:
    """The parts of one run of the command line, made when first asked for.

    ``make`` gives the context of these settings; ``folder`` is where relative paths begin. A ``guest`` was handed over
    by another process.
    """

    settings: Settings
    make: Callable[[Settings], Context]
    folder: Path = field(default_factory=Path.cwd)
    guest: bool = False

    @cached_property
    def given(self) -> str:
        """What comes over standard input, read once: whoever hands the command over sends it along."""
        return read_given(sys.stdin.buffer)

    @cached_property
    def bare(self) -> Context:
        """The context, its database as it stands: for the commands that look after it."""
        return self.make(self.settings)

    @cached_property
    def context(self) -> Context:
        """The context, its database set up and of this program's version."""
        schema.prepare(self.bare.database)
        return self.bare

    @property
    def words(self) -> Words:
        """The words, without a database."""
        return Words(self.settings.language)

    def said(self, error: WarmlineError) -> str:
        """Say what went wrong, with a next step that can be typed here."""
        return said(self.words, error)

    def close(self) -> None:
        """Let go of the database."""
        if "bare" in self.__dict__:
            self.bare.database.close()


def said(words: Words, error: WarmlineError) -> str:
    """Say an error as the command line does: mostly as chat, yet nobody is sent to chat for the next step."""
    if words.has("errors_cli", error.code):
        return words.plain("errors_cli", error.code, **error.params)
    return words.error_plain(error)


class Refused(click.ClickException):
    """A `WarmlineError`, said in words; exit code 1."""

    exit_code = FAILED

    def show(self, file: Any = None) -> None:
        """Say it on standard error."""
        click.echo(self.format_message(), file=file or sys.stderr)


class Commands(click.Group):
    """A group whose commands may raise `WarmlineError`: it is said in words, and the exit code is 1.

    `storage.errors.SecondWriterError` passes through: the work can be handed over to the process that writes.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SecondWriterError:
            raise
        except WarmlineError as error:
            cli = ctx.find_object(Cli)
            raise Refused(said(cli.words if cli else Words(), error)) from error


class Instant(click.ParamType[int]):
    """An instant in ISO 8601; a bare date is its midnight in the business time zone."""

    name = "INSTANT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the instant; a wrong one is an error of usage."""
        cli = ctx.find_object(Cli) if ctx else None
        if isinstance(value, int):
            return value
        if cli is None:
            raise RuntimeError("an instant needs the business time zone")
        try:
            return cli.context.calendar.parse(str(value))
        except InstantError as error:
            self.fail(cli.said(error), param, ctx)


as_json = click.option(
    "--json", "as_json", is_flag=True, help="Answer with one JSON object on standard output."
)
as_of = click.option(
    "--as-of", type=Instant(), default=None, help="ISO 8601; a bare date is its midnight. Default: now."
)


def print_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False))


def console() -> Console:
    """Give the console for people to look at; where output is no terminal it is plain text."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
