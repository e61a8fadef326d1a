"""What is done about a message of which nobody can say whether Slack took it: pure decisions, each with its reason.

It is looked for in the channel's history, more than once where it is not found, for history may lag; where history
cannot be read, the rule says whether it is sent again or waits. It must not know Slack's client, nor a clock.
"""

from typing import Final

from rules.alerts.retry import LONGEST_WAIT, Delivery, DeliveryPolicy, Outcome, Remedy
from rules.alerts.rule import Unreadable
from rules.instants import DAY

_PATIENCE: Final = DAY
"""How long a second copy is looked for in a history that cannot be read."""


def pause(looks: int, policy: DeliveryPolicy) -> int:
    """Give how long to wait, in milliseconds, after ``looks`` looks that found nothing: doubling, bounded."""
    return min(policy.settle << min(looks, 16), LONGEST_WAIT)


def after_look(*, looks: int, now: int, policy: DeliveryPolicy) -> Outcome:
    """Decide what becomes of a message that was not found in history; ``looks`` counts this one."""
    if looks < policy.looks:
        return Outcome(Delivery.UNKNOWN, "not_found_yet", retry_at=now + pause(looks, policy))
    return Outcome(Delivery.PENDING, "not_in_history", retry_at=now)


def after_unread(
    error: str,
    *,
    passing: bool,
    retry_after: int | None,
    since: int,
    stuck: bool,
    unreadable: Unreadable,
    now: int,
    policy: DeliveryPolicy,
) -> Outcome:
    """Decide what becomes of a message that cannot be looked for, because history cannot be read.

    ``since``: since when it cannot; ``retry_after``: in milliseconds, where Slack said; ``passing``: it may pass by
    itself; ``stuck``: people were told already that the message is stuck.
    """
    reason = f"unreadable:{error}"
    wait = policy.settle if passing else policy.blocked
    if retry_after is not None:
        wait = retry_after
    if unreadable is Unreadable.REPEAT and now - since >= policy.unread:
        return Outcome(Delivery.PENDING, reason, retry_at=now)
    if unreadable is Unreadable.REPEAT:
        wait = min(wait, since + policy.unread - now)
    tell = unreadable is Unreadable.HOLD and not stuck and (not passing or now - since >= policy.unread)
    return Outcome(
        Delivery.UNKNOWN,
        reason,
        retry_at=now + min(wait, LONGEST_WAIT),
        remedy=Remedy.TELL_STUCK if tell else Remedy.NOTHING,
    )


def next_verification(*, looks: int, now: int, policy: DeliveryPolicy) -> int | None:
    """Give when to look for a second copy once more; None where it was looked for often enough.

    ``looks`` counts the looks so far. The last comes settle times (2^verifying - 1) after the message was sent.
    """
    return now + pause(looks, policy) if looks < policy.verifying else None


def next_unread_verification(*, sent_at: int, now: int, policy: DeliveryPolicy) -> int | None:
    """Give when to look for a second copy once more where history cannot be read; None where it never could."""
    return now + policy.blocked if now - sent_at < _PATIENCE else None
