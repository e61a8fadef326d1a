"""``/lifecycle``: read what was typed, ask or propose a change, lay the answer out."""

from typing import Final

from handlers import health, lifecycle_drafts
from handlers import lifecycle as book
from handlers.health_plans import WORDS
from handlers.lifecycle_drafts import Wish
from handlers.rulebook import Request
from handlers.slack import history
from handlers.slack.asked import Asked
from handlers.slack.processes import lifecycle_processes
from handlers.slack.typed import (
    ExtraArgumentError,
    MissingArgumentError,
    UnknownCommandError,
    first_word,
    nearest,
    read,
)
from handlers.standing import MOST_COUNTED
from templates import lifecycle_pages
from templates.blocks import Rendered
from templates.health import health_page
from templates.help import command_help

COMMAND: Final = "/lifecycle"
SUBCOMMANDS: Final = (
    *("show", "use", "edit", "remove", "undo", "history", "preview", "health", "processes"),
    *history.ANSWERS,
    "help",
)
_USAGE: Final = {
    "use": f"{COMMAND} use retail",
    "edit": f"{COMMAND} edit stage.retain count(purchase) >= 5",
    "remove": f"{COMMAND} remove segment.big_spenders",
    "undo": f"{COMMAND} undo",
    "weight": f"{COMMAND} health weight engagement 40",
    "part": f"{COMMAND} health part engagement days_since(login) 0:100 30:0",
    "history": f"{COMMAND} history stage.retain",
    "preview": f"{COMMAND} preview stage.retain count(purchase) >= 5",
}


def lifecycle(asked: Asked, text: str) -> Rendered | None:
    """Answer ``/lifecycle``; bare, it shows the definitions. None where the same request was answered before."""
    word, rest = first_word(text.replace("\n", " ").strip())
    subcommand = word.casefold()
    if subcommand in ("", "show"):
        return lifecycle_pages.shown(book.show(asked.ctx), asked.voice())
    if subcommand == "help":
        return command_help(COMMAND, asked.voice())
    if subcommand not in SUBCOMMANDS:
        raise UnknownCommandError(command=COMMAND, text=word[:40], nearest=nearest(word, SUBCOMMANDS))
    if subcommand in history.ANSWERS:
        return history.ANSWERS[subcommand](asked, rest)
    if subcommand == "processes":
        return lifecycle_processes(asked, rest)
    name, condition = first_word(read(rest, ()).rest)
    if subcommand == "health":
        return _health(asked, name.casefold(), condition)
    if bool(name) is (subcommand == "undo"):
        if name:
            raise ExtraArgumentError(text=name[:40], usage=_USAGE[subcommand])
        raise MissingArgumentError(usage=_USAGE[subcommand])
    if subcommand == "history":
        return lifecycle_pages.history(*book.history(asked.ctx, f"{name} {condition}"), asked.voice())
    return _change(asked, subcommand, name, condition)


def _health(asked: Asked, word: str, rest: str) -> Rendered | None:
    if word in ("", "show"):
        return health_page(health.show(asked.ctx), asked.voice())
    dimension, how = first_word(rest)
    if word in WORDS and not how:
        raise MissingArgumentError(usage=_USAGE[word])
    return _proposed(asked, Wish("health", f"{word} {dimension}".strip(), how))


def _change(asked: Asked, subcommand: str, name: str, condition: str) -> Rendered | None:
    match subcommand:
        case "preview":
            wish = Wish("edit", name, condition) if condition else Wish("use", name)
            found = book.preview(asked.ctx, wish.planned(), most=MOST_COUNTED)
            return lifecycle_pages.previewed(found, book.extreme(found), asked.voice())
        case "edit":
            if not condition:
                raise MissingArgumentError(usage=_USAGE[subcommand])
            wish = Wish("edit", name, condition)
        case "undo":
            wish = Wish("undo")
        case _:
            wish = Wish("use" if subcommand == "use" else "remove", f"{name} {condition}".strip())
    return _proposed(asked, wish)


def _proposed(asked: Asked, wish: Wish) -> Rendered | None:
    proposed = lifecycle_drafts.propose(asked.ctx, Request(asked.actor(), asked.key), wish)
    if proposed is None:
        return None
    found = proposed.preview
    return lifecycle_pages.previewed(found, book.extreme(found), asked.voice(), number=proposed.number)
