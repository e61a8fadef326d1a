"""``/alerts``: read what was typed, ask, lay the answer out."""

import re

from handlers import answer, source_says
from handlers.rulebook import Request
from handlers.slack.asked import Asked
from handlers.slack.channels import channel_settings
from handlers.slack.typed import (
    ExtraArgumentError,
    MissingArgumentError,
    NotANumberError,
    UnknownCommandError,
    first_word,
    nearest,
    plain,
)
from templates.alert_list import alert_page, why
from templates.blocks import Rendered
from templates.help import command_help
from templates.source_list import source_changed, source_list

COMMAND = "/alerts"
SUBCOMMANDS = ("open", "mine", "why", "settings", "sources", "help")
_WHY = f"{COMMAND} why 812"
_SOURCES = f"{COMMAND} sources shop 6h"
_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})\Z")


def alerts(asked: Asked, text: str) -> Rendered | None:
    """Answer ``/alerts``; bare, it shows what is open, and a number alone is asked why.

    None where the same request was answered before.
    """
    word, rest = first_word(plain(text))
    subcommand = word.casefold()
    if subcommand in ("", "open", "mine") and rest:
        raise ExtraArgumentError(text=rest[:80], usage=f"{COMMAND} {subcommand}")
    match subcommand:
        case "" | "open":
            return open_page(asked, 0)
        case "mine":
            return my_page(asked, 0)
        case "help":
            return command_help(COMMAND, asked.voice())
        case "why":
            return _why(asked, rest)
        case "settings":
            return channel_settings(asked, rest)
        case "sources":
            return _sources(asked, rest)
    if _NUMBER.match(word) and not rest:
        return _why(asked, word)
    raise UnknownCommandError(command=COMMAND, text=word[:40], nearest=nearest(word, SUBCOMMANDS))


def open_page(asked: Asked, page: int) -> Rendered:
    """Show a page of all open alerts."""
    return alert_page(answer.open_alerts(asked.ctx, page), asked.voice(), mine=False, page_size=answer.PAGE)


def my_page(asked: Asked, page: int) -> Rendered:
    """Show a page of the asker's own."""
    view = answer.my_alerts(asked.ctx, asked.user, asked.names(), page)
    return alert_page(view, asked.voice(), mine=True, page_size=answer.PAGE)


def _why(asked: Asked, text: str) -> Rendered:
    if not text:
        raise MissingArgumentError(usage=_WHY)
    number = _NUMBER.match(text)
    if number is None:
        raise NotANumberError(text=text[:40], usage=_WHY)
    return why(answer.why(asked.ctx, int(number[1])), asked.voice())


def _sources(asked: Asked, text: str) -> Rendered | None:
    """List where events come from; or, of one, say how long it may be quiet, which stands last for names may have spaces."""
    words = text.split()
    if not words:
        return source_list(source_says.listing(asked.ctx), asked.voice())
    if len(words) == 1:
        raise MissingArgumentError(usage=_SOURCES)
    name, said = " ".join(words[:-1]).strip('"“”'), words[-1]
    changed = source_says.say(asked.ctx, Request(asked.actor(), asked.key), name=name, text=said)
    return None if changed is None else source_changed(changed, asked.voice())
