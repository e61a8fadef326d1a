"""``/alerts silence``, ``silences`` and ``unsilence``: for whom nobody is told for a while."""

import re
from typing import Final

from handlers import silencing
from handlers.rulebook import Request
from handlers.slack.alerts.listing import COMMAND
from handlers.slack.asked import Asked
from handlers.slack.typed import (
    ExtraArgumentError,
    MissingArgumentError,
    NotASilenceError,
    plain,
    read,
)
from templates import silences as pages
from templates.blocks import Rendered

_USAGE: Final = f"{COMMAND} silence segment = trial --until 2026-12-31 the trial is being rebuilt"
_END: Final = f"{COMMAND} unsilence 3"
_NUMBER: Final = re.compile(r"#?([1-9][0-9]{0,8})\Z")


def silence(asked: Asked, text: str) -> Rendered | None:
    """Silence those for whom a condition holds. None where the same request was answered before."""
    # What follows a value of one word, or one between quotes, is the reason.
    typed = read(text, ("rule", "until", "reason"), to_the_end=("reason",), followed=("rule", "until"))
    if not typed.rest:
        raise MissingArgumentError(usage=_USAGE)
    if "until" not in typed.options:
        raise silencing.EndlessError(usage=_USAGE)
    said = (typed.after["until"], typed.after.get("rule"), typed.options.get("reason"))
    reason = " ".join(part for part in said if part)
    wish = silencing.Wish(typed.rest, typed.options["until"], reason, typed.options.get("rule"))
    done = silencing.silence(asked.ctx, Request(asked.actor(), asked.key), wish)
    return None if done is None else pages.silenced(done, asked.voice())


def listing(asked: Asked, text: str) -> Rendered:
    """List the silences that are running."""
    if text:
        raise ExtraArgumentError(text=plain(text)[:80], usage=f"{COMMAND} silences")
    return pages.silence_list(silencing.listing(asked.ctx), asked.voice())


def unsilence(asked: Asked, text: str) -> Rendered | None:
    """End a silence. None where the same request was answered before."""
    said = plain(text)
    if not said:
        raise MissingArgumentError(usage=_END)
    number = _NUMBER.match(said)
    if number is None:
        raise NotASilenceError(text=said[:40], usage=_END)
    ended = silencing.unsilence(asked.ctx, Request(asked.actor(), asked.key), int(number[1]))
    return None if ended is None else pages.unsilenced(ended, asked.voice())
