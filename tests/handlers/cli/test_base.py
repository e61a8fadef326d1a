"""What the command line says when something goes wrong can be acted on where it is read."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import bot
from handlers.cli.base import Cli
from settings import Settings
from storage.database import Database
from templates import words
from tests import contexts
from tests.conftest import DatabaseUrls

PAGES = Path(words.__file__).parent / "text"
_MACRO = re.compile(r"{% macro (\w+)\(([^)]*)\) %}(.*?){% endmacro %}", re.DOTALL)
CHAT = re.compile(r"/(?:customer|alerts|rules|lifecycle)\b")
ONLY_IN_CHAT = {
    *("stale_button", "no_alert", "nobody_found", "not_chosen"),
    *("draft_outdated", "lifecycle_draft_outdated"),
    *("no_budget", "quiet_all_day", "quiet_all_week", "same_setting", "no_channel_here"),
    *("no_route", "route_exists", "no_silence", "not_a_silence", "no_source"),
    # Whoever is at this machine is a manager.
    "not_allowed",
}
"""What no command raises: those about a single alert and about looking for customers, and those that only chat makes."""


def _macros(page: str) -> dict[str, tuple[str, str]]:
    found = _MACRO.findall((PAGES / page).read_text(encoding="utf-8"))
    return {name: (taken, text) for name, taken, text in found}


def test_an_error_that_sends_chat_to_a_command_sends_the_command_line_to_its_own() -> None:
    chat, here = _macros("errors.j2"), _macros("errors_cli.j2")
    sending = {name for name, (_, text) in chat.items() if CHAT.search(text)}
    assert sending - ONLY_IN_CHAT == set(here)
    for name, (taken, text) in here.items():
        assert taken == chat[name][0], name
        assert not CHAT.search(text), name


def test_every_command_that_is_named_exists() -> None:
    named = re.findall(r"bot\.py (\w+) (\w+)", (PAGES / "errors_cli.j2").read_text(encoding="utf-8"))
    assert named
    for group, verb in named:
        found = bot.main.commands[group]
        assert isinstance(found, click.Group)
        assert verb in found.commands, (group, verb)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("rules show silnt", "python bot.py rules list"),
        (
            "rules add nothing_of_the_kind",
            'python bot.py rules add nothing_of_the_kind "silent(purchase, 30d)"',
        ),
        ("status nobody@example.com", "I know no customer “nobody@example.com”"),
    ],
)
def test_a_refused_command_says_what_to_type_next(
    new_database_url: DatabaseUrls, typed: str, said: str
) -> None:
    settings = Settings.given(database_url=new_database_url("sqlite"))
    cli = Cli(settings, make=lambda given: contexts.context(Database(given.database_url)))
    done = CliRunner().invoke(bot.main, shlex.split(typed), obj=cli)
    cli.close()
    assert done.exit_code == 1
    assert said in done.stderr
    assert not CHAT.search(done.stderr)
    assert done.stdout == ""
