"""``/alerts why``: an alert by its number, or any customer and rule."""

import re
from typing import Final

from handlers import answer
from handlers import why as pairs
from handlers.slack.alerts.listing import COMMAND
from handlers.slack.asked import Asked
from handlers.slack.typed import MissingArgumentError, NotANumberError, plain
from templates import alert_list
from templates import why as page
from templates.blocks import Rendered

_USAGE: Final = f"{COMMAND} why 812"
_PAIR: Final = f"{COMMAND} why Ann Bell lapsing"
_NUMBER: Final = re.compile(r"#?([1-9][0-9]{0,17})\Z")


def why(asked: Asked, text: str) -> Rendered:
    """Explain an alert, or a rule and a customer; raises what `answer.why` and `handlers.why.pair` raise."""
    said = plain(text)
    if not said:
        raise MissingArgumentError(usage=_USAGE)
    found = number(said)
    if found is not None:
        return alert_list.why(answer.why(asked.ctx, found), asked.voice())
    who, rule = pairs.split(asked.ctx, said)
    if not who:
        raise NotANumberError(text=said[:40], usage=_USAGE)
    if not rule:
        raise MissingArgumentError(usage=_PAIR)
    return page.why_pair(pairs.pair(asked.ctx, who, rule), asked.voice())


def number(text: str) -> int | None:
    """Give the number of an alert that a text is, if it is one."""
    match = _NUMBER.match(text)
    return int(match[1]) if match else None
