"""``/alerts resolve``: the old alerts of a rule, counted first and ended together once a manager confirms."""

from typing import Final

from handlers import clearing
from handlers.rulebook import Request
from handlers.slack.alerts.listing import COMMAND
from handlers.slack.asked import Asked
from handlers.slack.typed import ExtraArgumentError, MissingArgumentError, read
from rules.alerts.until import BadAgeError, read_length
from templates import quality as pages
from templates.blocks import Rendered

USAGE: Final = f"{COMMAND} resolve --rule lapsing --older 60d"


def resolve(asked: Asked, text: str) -> Rendered:
    """Count a rule's alerts that have been open for longer than a while, and ask whether to end them."""
    typed = read(text, ("rule", "older"), to_the_end=("rule",))
    if typed.rest:
        raise ExtraArgumentError(text=typed.rest[:80], usage=USAGE)
    if set(typed.options) != {"rule", "older"}:
        raise MissingArgumentError(usage=USAGE)
    length = read_length(typed.options["older"])
    if length is None:
        raise BadAgeError(text=typed.options["older"][:80])
    before = asked.ctx.now() - length
    found = clearing.count(asked.ctx, Request(asked.actor()), typed.options["rule"], before)
    return pages.old_alerts(found, asked.voice())
