"""``/alerts sources``: where events come from, and for how long each may be quiet."""

from typing import Final

from handlers import source_says
from handlers.rulebook import Request
from handlers.slack.alerts.listing import COMMAND
from handlers.slack.asked import Asked
from handlers.slack.typed import MissingArgumentError, plain
from templates.blocks import Rendered
from templates.source_list import source_changed, source_list

_USAGE: Final = f"{COMMAND} sources shop 6h"


def sources(asked: Asked, text: str) -> Rendered | None:
    """List where events come from; or, of one, say how long it may be quiet, which stands last for names may have spaces.

    None where the same request was answered before.
    """
    words = plain(text).split()
    if not words:
        return source_list(source_says.listing(asked.ctx), asked.voice())
    if len(words) == 1:
        raise MissingArgumentError(usage=_USAGE)
    name, said = " ".join(words[:-1]).strip('"“”'), words[-1]
    changed = source_says.say(asked.ctx, Request(asked.actor(), asked.key), name=name, text=said)
    return None if changed is None else source_changed(changed, asked.voice())
