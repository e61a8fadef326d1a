"""What becomes of a message after an attempt to deliver it: one pure decision, with its reason.

It must not know Slack's client, only what came of the call: an answer, a refusal, or silence.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rules.instants import MINUTE, SECOND


class Delivery(StrEnum):
    """Where a message stands on its way."""

    FORMING = "forming"
    """A sweep still adds to it."""
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    """Nobody can say whether Slack took it: it is looked for before it is sent again."""
    DEAD = "dead"
    """It cannot be delivered."""
    EXPIRED = "expired"
    """It lost its sense before it was delivered."""


class Remedy(StrEnum):
    """What else a refusal calls for, beside what becomes of the message."""

    NOTHING = "nothing"
    HOLD_CHANNEL = "hold_channel"
    HOLD_ALL = "hold_all"
    REROUTE = "reroute"
    PLAIN_TEXT = "plain_text"


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How patient delivery is; all in milliseconds of elapsed time.

    ``lease`` must outlast ``call_timeout``: who holds a lease may still be calling.
    """

    lease: int = 60 * SECOND
    call_timeout: int = 10 * SECOND
    settle: int = 10 * SECOND
    """How long after an unclear end a message may still appear in Slack's history."""
    interval: int = 1 * SECOND
    """Between two posts to one channel."""
    blocked: int = 5 * MINUTE
    """Until a channel, or a token, that refuses is tried again."""
    unsaid: int = 30 * SECOND
    """How long a channel is held after a 429 that does not say."""
    backoff: int = 2 * SECOND
    max_backoff: int = 2 * MINUTE


@dataclass(frozen=True, slots=True)
class Answer:
    """Slack took the message, as ``ts`` in ``channel``."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Slack said no, for certain: ``error`` as it says it, ``retry_after`` in milliseconds with a 429."""

    error: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """No clear answer came: a reset, a timeout, a 5xx, half an answer."""

    what: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the message (``state``, tried again at ``retry_at``), why, and what else is to be done."""

    state: Delivery
    reason: str
    retry_at: int | None = None
    remedy: Remedy = Remedy.NOTHING


RATE_LIMITED: Final = "ratelimited"
UNREACHABLE: Final = "unreachable"
"""Nobody listens at Slack's address: not a byte was sent."""
UNRENDERED: Final = "unrendered"
"""The message could not be made: a defect of ours, that a later version may have mended."""
NO_CHANNEL: Final = "no_channel"
"""Neither the rule nor the settings name a channel."""
LONGEST_WAIT: Final = 60 * MINUTE
"""Nothing waits longer than this: an instant further ahead was written by a clock that has been set back since."""

DEAD_CHANNEL: Final = frozenset({"channel_not_found", "is_archived", "is_inactive", "messages_tab_disabled"})
"""The channel takes no messages; another one must, where there is another."""
CLOSED_CHANNEL: Final = frozenset(
    {"not_in_channel", NO_CHANNEL, "restricted_action", "channel_is_limited_access"}
)
"""The channel will take messages once somebody opens it, by inviting the bot for one."""
DEAD_TOKEN: Final = frozenset(
    {
        "token_revoked",
        "token_expired",
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "missing_scope",
        "no_permission",
    }
)
"""Nothing can be sent to anywhere until an administrator mends the installation."""
BAD_PAYLOAD: Final = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_metadata_format"}
)
"""Slack does not take the layout; the words alone it takes."""
PASSING: Final = frozenset(
    {"message_limit_exceeded", "team_added_to_org", "accesslimited", UNREACHABLE, UNRENDERED}
)
"""A definite no that passes by itself."""


def after_refusal(
    refusal: Refusal,
    *,
    attempts: int,
    plain: bool,
    rerouted: bool,
    now: int,
    policy: DeliveryPolicy,
    answers: bool = False,
) -> Outcome:
    """Decide what becomes of a message that Slack refused for certain.

    ``attempts`` counts this one; ``plain``: it was sent without layout already; ``rerouted``: it stands in the
    fallback channel already; it ``answers`` another, as an edit or a reply does.
    """
    error = refusal.error
    if error == RATE_LIMITED:
        wait = min(refusal.retry_after if refusal.retry_after is not None else policy.unsaid, LONGEST_WAIT)
        return Outcome(Delivery.PENDING, error, retry_at=now + wait, remedy=Remedy.HOLD_CHANNEL)
    if error in DEAD_TOKEN:
        return Outcome(Delivery.PENDING, error, retry_at=now + policy.blocked, remedy=Remedy.HOLD_ALL)
    if error in CLOSED_CHANNEL:
        return Outcome(Delivery.PENDING, error, retry_at=now + policy.blocked, remedy=Remedy.HOLD_CHANNEL)
    if error in DEAD_CHANNEL:
        if rerouted:
            # There is no other place to go: it waits until somebody mends this one.
            # An answer waits alone: what is new for the channel must be tried, or nothing would send it elsewhere.
            remedy = Remedy.NOTHING if answers else Remedy.HOLD_CHANNEL
            return Outcome(Delivery.PENDING, error, retry_at=now + policy.blocked, remedy=remedy)
        return Outcome(Delivery.PENDING, error, retry_at=now, remedy=Remedy.REROUTE)
    if error in BAD_PAYLOAD and not plain:
        return Outcome(Delivery.PENDING, error, retry_at=now, remedy=Remedy.PLAIN_TEXT)
    if error in PASSING:
        return Outcome(Delivery.PENDING, error, retry_at=now + backoff(attempts, policy))
    return Outcome(Delivery.DEAD, error)


def after_silence(silence: Silence, *, now: int, policy: DeliveryPolicy) -> Outcome:
    """Decide what becomes of a message when nobody can say whether Slack took it: it is looked for, after settling."""
    return Outcome(Delivery.UNKNOWN, silence.what, retry_at=now + policy.settle)


def backoff(attempts: int, policy: DeliveryPolicy) -> int:
    """Give how long to wait after ``attempts`` failures: doubling, bounded."""
    return min(policy.backoff << min(attempts - 1, 16), policy.max_backoff)
