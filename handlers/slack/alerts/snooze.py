"""``/alerts snooze``: put an alert to sleep by its number, as the menu of its message does."""

import re
from typing import Final

from handlers.act import Said, act
from handlers.slack.alerts.listing import COMMAND
from handlers.slack.asked import Asked
from handlers.slack.typed import MissingArgumentError, NotANumberError, first_word, plain
from rules.alerts.person import MORNING, Snooze, snooze_text
from rules.alerts.until import read_until
from templates.alert import snoozed
from templates.blocks import Rendered
from templates.codec import Press, Value

USAGE: Final = f"{COMMAND} snooze 812 2026-12-24 waiting for their budget"
_NUMBER: Final = re.compile(r"#?([1-9][0-9]{0,17})\Z")


def snooze(asked: Asked, text: str) -> Rendered | None:
    """Snooze an alert until an end, ``worse`` or a date, with a reason. None where that was answered before."""
    word, rest = first_word(plain(text))
    end, reason = first_word(rest)
    if not end:
        raise MissingArgumentError(usage=USAGE)
    number = _NUMBER.match(word)
    if number is None:
        raise NotANumberError(text=word[:40], usage=USAGE)
    ctx, length = asked.ctx, snooze_text(end)
    if isinstance(length, Snooze):
        value, said = Value(Press.SNOOZE, int(number[1]), length), Said(note=reason)
    else:
        until = read_until(length, ctx.now(), ctx.calendar, at=MORNING)
        value, said = Value(Press.SNOOZE, int(number[1]), Snooze.DATE), Said(until, reason)
    acted = act(ctx, actor=asked.actor(), value=value, key=asked.key, said=said)
    if acted.alert is None:
        return None
    return snoozed(asked.view(acted.alert.id), asked.voice())
