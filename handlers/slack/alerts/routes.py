"""``/alerts route`` and ``/alerts routes``: where alerts are told."""

from typing import Final

from handlers import routebook, why
from handlers.rulebook import Request
from handlers.slack.alerts.listing import COMMAND
from handlers.slack.asked import Asked
from handlers.slack.typed import (
    ExtraArgumentError,
    MissingArgumentError,
    UnknownCommandError,
    first_word,
    nearest,
    plain,
    read,
)
from templates import routes as pages
from templates.blocks import Rendered

_SUBCOMMANDS: Final = ("add", "remove", "test")
_USAGE: Final = {
    "add": f"{COMMAND} route add vips segment = vip --to owner",
    "remove": f"{COMMAND} route remove vips",
    "test": f"{COMMAND} route test Ann Bell lapsing",
}


def route(asked: Asked, text: str) -> Rendered | None:
    """Add, remove or try a route; bare, it lists them. None where the same request was answered before."""
    word, rest = first_word(text)
    match word.casefold():
        case "":
            return listing(asked, "")
        case "add":
            return _add(asked, rest)
        case "remove":
            return _remove(asked, plain(rest))
        case "test":
            return _test(asked, plain(rest))
    raise UnknownCommandError(
        command=f"{COMMAND} route", text=plain(word)[:40], nearest=nearest(word, _SUBCOMMANDS)
    )


def listing(asked: Asked, text: str) -> Rendered:
    """List the routes in their order."""
    if text:
        raise ExtraArgumentError(text=plain(text)[:80], usage=f"{COMMAND} routes")
    return pages.route_list(routebook.listing(asked.ctx), asked.voice())


def _add(asked: Asked, text: str) -> Rendered | None:
    # A channel that Slack has made a link of is read as one.
    typed = read(text, ("to", "rule"), to_the_end=("to", "rule"))
    name, condition = first_word(typed.rest)
    if not condition or "to" not in typed.options:
        raise MissingArgumentError(usage=_USAGE["add"])
    wish = routebook.Wish(name, condition, typed.options["to"], typed.options.get("rule"))
    done = routebook.add(asked.ctx, Request(asked.actor(), asked.key), wish)
    return None if done is None else pages.route_changed(done, "added", asked.voice())


def _remove(asked: Asked, name: str) -> Rendered | None:
    if not name:
        raise MissingArgumentError(usage=_USAGE["remove"])
    gone = routebook.remove(asked.ctx, Request(asked.actor(), asked.key), name)
    return None if gone is None else pages.route_changed(gone, "removed", asked.voice())


def _test(asked: Asked, text: str) -> Rendered:
    who, rule = why.split(asked.ctx, text)
    if not who or not rule:
        raise MissingArgumentError(usage=_USAGE["test"])
    return pages.route_test(why.where(asked.ctx, who, rule), asked.voice())
