"""``/customer``: read what was typed, ask, lay the answer out."""

import re

from handlers import answer
from handlers.answer import Choice, NoCustomerError
from handlers.slack.asked import Asked
from handlers.slack.typed import (
    MissingArgumentError,
    Typed,
    UnknownCommandError,
    first_word,
    nearest,
    plain,
    read,
)
from rules.conditions.normalise import normalise
from templates import card
from templates.blocks import Rendered
from templates.help import command_help
from templates.views import CardView

COMMAND = "/customer"
SUBCOMMANDS = ("status", "find", "timeline", "list", "help")
_OPTIONS = ("as-of",)
# One long dash may have been two short ones.
_OPTION = re.compile(r"(?<!\S)(?:--[a-z]|[-\u2013\u2014]as-of)", re.IGNORECASE)


def customer(asked: Asked, text: str) -> Rendered:
    """Answer ``/customer``; what is no subcommand is whom the question is about."""
    try:
        return _answer(asked, plain(text))
    except NoCustomerError as error:
        if not error.near:
            raise
        voice = asked.voice()
        return card.nearest_customers(voice.words.error(error), error.near, voice)


def _answer(asked: Asked, typed: str) -> Rendered:
    word, rest = first_word(typed)
    match word.casefold():
        case "":
            return _own_or_all(asked)
        case "help":
            return command_help(COMMAND, asked.voice())
        case "list":
            return _list(asked, rest)
        case "status":
            return _status(asked, rest)
        case "find":
            return _find(asked, rest)
        case "timeline":
            return _timeline(asked, rest)
    try:
        return _status(asked, typed)
    except NoCustomerError as error:
        near = nearest(word, SUBCOMMANDS)
        if near:
            raise UnknownCommandError(command=COMMAND, text=word[:40], nearest=near) from error
        raise


def attention_page(asked: Asked, page: int, *, mine: bool) -> Rendered:
    """Show a page of the customers who need attention: everybody's, or the asker's own."""
    names = asked.names() if mine else None
    view = answer.needing_attention(asked.ctx, names=names, page=page)
    return card.attention_list(view, asked.voice(), mine=mine, page_size=answer.PAGE)


def _status(asked: Asked, text: str) -> Rendered:
    typed = _typed(text, _OPTIONS)
    who = typed.rest
    if not who:
        raise MissingArgumentError(usage=f"{COMMAND} status Ann Bell")
    said = typed.options.get("as-of")
    as_of = asked.ctx.calendar.parse(said) if said is not None else None
    found = _who(asked, who, as_of)
    if isinstance(found, Choice):
        return _choice(asked, found)
    return card.customer_card(found, asked.voice())


def _who(asked: Asked, who: str, as_of: int | None = None) -> CardView | Choice:
    try:
        return answer.status(asked.ctx, who, as_of=as_of)
    except NoCustomerError:
        # As typed first, for a name may hold a curly quote; then as it was perhaps meant.
        straight = normalise(who, entities=False)
        if straight == who:
            raise
        return answer.status(asked.ctx, straight, as_of=as_of)


def _typed(text: str, options: tuple[str, ...] = ()) -> Typed:
    """Read options where there are any; a name without is left as it was typed, curly quotes and all."""
    return read(text, options) if _OPTION.search(text) else Typed(text, {})


def _find(asked: Asked, text: str) -> Rendered:
    text = _typed(text).rest
    if not text:
        raise MissingArgumentError(usage=f"{COMMAND} find bell")
    found = answer.find(asked.ctx, text)
    return card.found_customers(found.text, found.customers, asked.voice(), more=found.more)


def _choice(asked: Asked, found: Choice) -> Rendered:
    return card.customer_choice(found.text, found.customers, asked.voice(), more=found.more)


def _timeline(asked: Asked, text: str) -> Rendered:
    text = _typed(text).rest
    if not text:
        raise MissingArgumentError(usage=f"{COMMAND} timeline Ann Bell")
    found = _who(asked, text)
    if isinstance(found, Choice):
        return _choice(asked, found)
    return card.timeline_page(answer.timeline(asked.ctx, found.id), asked.voice())


def _list(asked: Asked, text: str) -> Rendered:
    if text.casefold() not in ("", "mine", "all"):
        raise UnknownCommandError(command=f"{COMMAND} list", text=text[:40], nearest=["mine"])
    return attention_page(asked, 0, mine=text.casefold() == "mine")


def _own_or_all(asked: Asked) -> Rendered:
    own = answer.needing_attention(asked.ctx, names=asked.names())
    if not own.total:
        return attention_page(asked, 0, mine=False)
    return card.attention_list(own, asked.voice(), mine=True, page_size=answer.PAGE)
