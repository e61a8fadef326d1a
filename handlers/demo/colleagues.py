"""What the demo's colleagues did in the days before it opens: they took alerts, and said whether those helped.

So that ``/alerts quality`` has something to say from the start. The same on every machine. It must not know the
playground.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from handlers.act import act
from handlers.context import Context
from handlers.votes import vote
from rules.access import Actor
from rules.instants import MINUTE
from storage import alerts
from templates.codec import USEFUL, USELESS, Press, Value

_SOONEST: Final = 5 * MINUTE
_LATEST: Final = 170 * MINUTE
"""How long after a sweep they claim its alerts: before the next one."""
_LEFT: Final = 4
"""Of so many alerts one is left for whoever opens the demo."""
_USELESS: Final = 5
"""Of so many one is of no use."""


def work(ctx: Context, colleagues: Sequence[str], *, swept_at: int) -> None:
    """Claim most of the alerts that the sweep at ``swept_at`` had told one by one; ``colleagues`` are Slack ids."""
    with ctx.database.reading() as tx:
        unresolved = alerts.unresolved(tx)
    together = Counter(alert.root for alert in unresolved)
    for alert in reversed(unresolved):
        if alert.root is None or together[alert.root] > 1 or alert.claimed_by or alert.id % _LEFT == 0:
            continue
        actor = Actor(colleagues[alert.id % len(colleagues)])
        after = _SOONEST + alert.id * 37 * MINUTE % (_LATEST - _SOONEST)
        then = replace(ctx, now=lambda at=swept_at + after: at)  # type: ignore[misc]
        said = USELESS if alert.id % _USELESS == 0 else USEFUL
        act(then, actor=actor, value=Value(Press.CLAIM, alert.id), key=f"demo:claim:{alert.id}")
        vote(then, actor=actor, value=Value(Press.VOTE, alert.id, said), key=f"demo:vote:{alert.id}")
