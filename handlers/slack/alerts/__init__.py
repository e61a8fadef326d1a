"""``/alerts``: each module is one noun; here is which subcommand is whose."""

from collections.abc import Callable, Mapping
from typing import Final

from handlers.rulebook import NoRuleError
from handlers.slack.alerts import explain, listing, quality, resolving, routes, silences, snooze, sources
from handlers.slack.alerts.listing import COMMAND
from handlers.slack.asked import Asked
from handlers.slack.channels import channel_settings
from handlers.slack.chosen import perhaps_not_chosen
from handlers.slack.typed import UnknownCommandError, first_word, nearest, plain
from templates.blocks import Rendered
from templates.help import command_help

__all__ = ["COMMAND", "alerts"]

_Answer = Callable[[Asked, str], Rendered | None]


def _help(asked: Asked, text: str) -> Rendered:  # noqa: ARG001  what every subcommand takes
    return command_help(COMMAND, asked.voice())


SUBCOMMANDS: Final[Mapping[str, _Answer]] = {
    "open": listing.show_open,
    "mine": listing.show_mine,
    "why": explain.why,
    "snooze": snooze.snooze,
    "silence": silences.silence,
    "silences": silences.listing,
    "unsilence": silences.unsilence,
    "route": routes.route,
    "routes": routes.listing,
    "quality": quality.quality,
    "settings": lambda asked, text: channel_settings(asked, plain(text)),
    "sources": sources.sources,
    "resolve": resolving.resolve,
    "help": _help,
}


def alerts(asked: Asked, text: str) -> Rendered | None:
    """Answer ``/alerts``; bare, it shows what is open, and a number alone is asked why.

    None where the same request was delivered, and answered, before.
    """
    word, rest = first_word(text.replace("\n", " ").strip())
    subcommand = word.casefold() or "open"
    answer = SUBCOMMANDS.get(subcommand)
    if answer is not None:
        try:
            return answer(asked, rest)
        except NoRuleError as error:
            raise perhaps_not_chosen(asked, error) from error
    if explain.number(plain(word)) is not None and not rest:
        return explain.why(asked, word)
    raise UnknownCommandError(
        command=COMMAND, text=plain(word)[:40], nearest=nearest(word, list(SUBCOMMANDS))
    )
