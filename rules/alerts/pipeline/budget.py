"""The attention budget: a channel is told as many alerts a day as it is willing to read, the most valuable first."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from rules.alerts.channel import Often
from rules.alerts.pipeline.stage import Around, Held, Passed, Stage, Untold, Why
from rules.alerts.states import Reason


def budget(untold: Sequence[Untold], around: Around) -> Passed:
    """Let through what the channels of ``untold`` have attention for.

    The backlog of a rule is one message, which somebody chose when the rule was saved: it costs nothing. What is held
    back the channel's digest tells; where it has none, the next day may.
    """
    spent = Counter(around.spent)
    held: list[Held] = []
    for one in by_value(untold):
        limit = around.settings(one.channel).budget
        if one.reason is Reason.BACKLOG or limit is None:
            continue
        place = around.place(one.channel)
        if spent[place] < limit:
            spent[place] += 1
        else:
            held.append(Held(one, Stage.BUDGET, Why.BUDGET_SPENT, until=_again(one.channel, around)))
    back = {one.alert.alert_id for one in held}
    return Passed(tuple(one for one in untold if one.alert_id not in back), tuple(held))


def by_value(untold: Sequence[Untold]) -> list[Untold]:
    """Give alerts in the order in which they deserve attention: the most valuable customer first, then the oldest."""
    return sorted(untold, key=lambda one: (-one.value, one.opened_at, one.alert_id))


def _again(channel: str, around: Around) -> int | None:
    """Give when to ask again what a channel has attention for; None where its digest tells the rest."""
    if around.settings(channel).digest.often is not Often.OFF:
        return None
    calendar = around.calendar(channel)
    return calendar.midnight(calendar.date_of(around.now) + timedelta(days=1))
