"""Who is reminded of an alert that nobody claims, and when: the clocks of reminders and escalation. Pure.

Both run from when the alert was told, or was given back last. What fell due while nobody looked is made up for by one
step, the furthest. It must not know who owns a customer, nor Slack.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rules.alerts.escalation import EscalationStep


@dataclass(frozen=True, slots=True)
class Clocks:
    """How far an alert has come: since when it stands there unclaimed, how often it was reminded of, how many steps taken."""

    since: int
    reminded: int = 0
    escalated: int = 0


@dataclass(frozen=True, slots=True)
class Nag:
    """What is to be done now, and how things stand afterwards; ``next_at`` is when to look again, None for never.

    ``step`` is the step of the escalation to take, if any; ``remind``: nobody else is told, so the thread is.
    """

    clocks: Clocks
    next_at: int | None
    step: EscalationStep | None = None
    remind: bool = False


def nag(clocks: Clocks, *, remind: int, steps: Sequence[EscalationStep], now: int) -> Nag:
    """Say what is due at ``now`` of an alert that is told, open, unclaimed and awake; ``remind`` 0 for never."""
    waited = now - clocks.since
    reminded = max(clocks.reminded, waited // remind if remind else 0)
    escalated = max(clocks.escalated, sum(step.after <= waited for step in steps))
    after = Clocks(clocks.since, reminded, escalated)
    step = steps[escalated - 1] if escalated > clocks.escalated else None
    ahead = [clocks.since + one.after for one in steps[escalated:]]
    if remind:
        ahead.append(clocks.since + (reminded + 1) * remind)
    return Nag(
        clocks=after,
        next_at=min(ahead, default=None),
        step=step,
        # A step says already that nobody has it.
        remind=step is None and reminded > clocks.reminded,
    )
