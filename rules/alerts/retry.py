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
    TELL_STUCK = "tell_stuck"


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How patient delivery is; all in milliseconds of elapsed time.

    ``lease`` must outlast ``call_timeout``: who holds a lease may still be calling.
    """

    lease: int = 60 * SECOND
    call_timeout: int = 10 * SECOND
    """In all: a server that sends its answer in drops does not get more."""
    settle: int = 10 * SECOND
    """How long after an unclear end a message is first looked for in Slack's history; each next look waits twice as
    long."""
    looks: int = 2
    """How often a message is looked for in vain before it is sent again: a history that lags by less than ``settle``
    times (2^looks - 1) makes no double."""
    verifying: int = 5
    """How often a second copy is looked for after that, so that one that comes to light later is deleted."""
    unread: int = 15 * MINUTE
    """How long history may be unreadable before a message of unclear fate is sent again, or called stuck."""
    interval: int = 1 * SECOND
    """Between two posts to one channel."""
    blocked: int = 5 * MINUTE
    """Until a channel, or a token, that refuses is tried again."""
    unsaid: int = 30 * SECOND
    """How long a channel is held after a 429 that does not say."""
    backoff: int = 2 * SECOND
    max_backoff: int = 2 * MINUTE
    replacements: int = 2
    """How often a message that somebody deletes while its alert goes on is posted anew."""


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

DEAD_CHANNEL: Final = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "messages_tab_disabled",
        "channel_is_frozen",
        "user_not_found",
        "user_disabled",
        "cannot_dm_bot",
    }
)
"""The channel takes no messages; another one must, where there is another."""
CLOSED_CHANNEL: Final = frozenset(
    {
        "not_in_channel",
        NO_CHANNEL,
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "posting_to_general_channel_denied",
        "channel_is_limited_access",
        "ekm_access_denied",
    }
)
"""The channel will take messages once somebody opens it, by inviting the bot for one."""
OF_THE_CHANNEL: Final = DEAD_CHANNEL | CLOSED_CHANNEL
"""Another channel would take the message."""
DEAD_TOKEN: Final = frozenset(
    {
        "token_revoked",
        "token_expired",
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "not_allowed_token_type",
        "missing_scope",
        "no_permission",
        "access_denied",
        "team_access_not_granted",
        "enterprise_is_restricted",
        "two_factor_setup_required",
    }
)
"""Nothing can be sent to anywhere until an administrator mends the installation."""
BAD_PAYLOAD: Final = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "block_mismatch",
        "msg_blocks_too_long",
        "msg_too_long",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
    }
)
"""Slack does not take the layout; the words alone it takes."""
PASSING: Final = frozenset(
    {
        "message_limit_exceeded",
        "team_added_to_org",
        "org_login_required",
        "accesslimited",
        "external_channel_migrating",
        UNREACHABLE,
        UNRENDERED,
    }
)
"""A definite no that passes by itself."""
THREAD_GONE: Final = "thread_not_found"
ROOT_GONE: Final = frozenset({"message_not_found", THREAD_GONE, "cannot_reply_to_message"})
"""The message that is to be edited, or replied to, is not there any more: somebody deleted it."""


class Trouble(StrEnum):
    """What an error is about, for those who are to mend it."""

    NO_CHANNEL = "no_channel"
    DEAD_CHANNEL = "dead_channel"
    NOT_INVITED = "not_invited"
    CLOSED_CHANNEL = "closed_channel"
    TOKEN = "token"  # noqa: S105  (a word, not a secret)
    LAYOUT = "layout"
    OTHER = "other"


def trouble_of(error: str) -> Trouble:
    """Give what ``error``, as Slack says it, is about."""
    if error == NO_CHANNEL:
        return Trouble.NO_CHANNEL
    if error == "not_in_channel":
        return Trouble.NOT_INVITED
    kinds = (
        (DEAD_CHANNEL, Trouble.DEAD_CHANNEL),
        (CLOSED_CHANNEL, Trouble.CLOSED_CHANNEL),
        (DEAD_TOKEN, Trouble.TOKEN),
        (BAD_PAYLOAD, Trouble.LAYOUT),
    )
    return next((kind for errors, kind in kinds if error in errors), Trouble.OTHER)


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
        asked = refusal.retry_after if refusal.retry_after is not None else policy.unsaid
        wait = min(max(asked, policy.interval), LONGEST_WAIT)
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


class Deletion(StrEnum):
    """What becomes of a message that somebody deleted, and why."""

    REPLACED = "deleted"
    """It is posted anew: what it tells goes on, and nobody may overlook it."""
    ENDED = "deleted_after_the_end"
    """What it told has ended: who tidied it away is left in peace."""
    AGAIN = "deleted_again"
    """It was posted anew and deleted so often that somebody means it."""

    @property
    def is_replaced(self) -> bool:
        """Whether it is posted anew."""
        return self is Deletion.REPLACED


def after_deletion(*, goes_on: bool, replaced: int, policy: DeliveryPolicy) -> Deletion:
    """Decide what becomes of a message that is gone from its channel.

    ``goes_on``: something that it tells has not ended; ``replaced``: how often it was posted anew already.
    """
    if not goes_on:
        return Deletion.ENDED
    return Deletion.REPLACED if replaced < policy.replacements else Deletion.AGAIN


def after_silence(silence: Silence, *, now: int, policy: DeliveryPolicy) -> Outcome:
    """Decide what becomes of a message when nobody can say whether Slack took it: it is looked for, after settling."""
    return Outcome(Delivery.UNKNOWN, silence.what, retry_at=now + policy.settle)


def backoff(attempts: int, policy: DeliveryPolicy) -> int:
    """Give how long to wait after ``attempts`` failures: doubling, bounded."""
    return min(policy.backoff << min(attempts - 1, 16), policy.max_backoff)
