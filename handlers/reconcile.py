"""Messages of unclear fate are looked for in Slack's history, and second copies deleted.

What is done about what was found, or could not be read, is decided in `rules.alerts.reconcile`. It must not know what
a message is about, nor how it looks.
"""

from typing import Final

import structlog

from handlers.context import Context
from handlers.finish import Finisher, Round
from handlers.slack.sender import Sender, Unread
from rules.alerts import reconcile
from rules.alerts.retry import THREAD_GONE, Answer, Delivery, DeliveryPolicy, Outcome
from rules.alerts.rule import Unreadable
from rules.instants import DAY, MINUTE
from storage import carriage, outbox, rules
from storage.outbox import Call, Message, Subject

_CLOCK_SKEW: Final = 5 * MINUTE
"""How far Slack's clock may be behind ours when history is asked for what was sent since."""
_LONG_AGO: Final = 7 * DAY
"""How far back is looked for what was sent at nobody knows what time."""
_NOTICE_ATTEMPTS: Final = 3

log = structlog.get_logger(__name__)


class Reconciler:
    """Looks for messages, for one carrier."""

    def __init__(self, ctx: Context, sender: Sender, policy: DeliveryPolicy, finisher: Finisher) -> None:
        self._ctx = ctx
        self._sender = sender
        self._policy = policy
        self._finisher = finisher

    def settle(self, message: Message) -> Round:
        """Find out whether a message of unclear fate stands in Slack; only where it does not is it sent again."""
        now = self._ctx.elapsed()
        if message.call is Call.UPDATE:
            # The same edit twice is the same as once.
            return self._finisher.finish(message, Outcome(Delivery.PENDING, "edited_again", retry_at=now))
        root = self._root(message)
        if root is not None and root.ts is None:
            return self._finisher.finish(message, Outcome(Delivery.PENDING, "root_deleted", retry_at=now))
        found = self._find(message, root)
        now = self._ctx.elapsed()
        if isinstance(found, Unread):
            if root is not None and found.error == THREAD_GONE:
                return self._finisher.deleted(message, root)
            return self._unread(message, found, now)
        standing = [one for one in found if one.ts not in message.gone]
        if not standing:
            looks = message.looks + 1
            outcome = reconcile.after_look(looks=looks, now=now, policy=self._policy)
            return self._finisher.finish(message, outcome, looks=looks)
        with self._ctx.database.writing() as tx:
            carriage.finish(
                tx,
                message,
                state=Delivery.SENT,
                reason="found_in_history",
                posted_channel=standing[0].channel,
                ts=standing[0].ts,
                sent_at=now,
                # Tried more than once: an earlier attempt may yet come to light.
                verify_at=now + self._policy.settle if message.attempts > 1 else None,
            )
        return Round(sent=1)

    def verify(self, message: Message) -> Round:
        """Delete second copies of a message that was sent again after an unclear end."""
        found = self._find(message, self._root(message))
        now = self._ctx.elapsed()
        if isinstance(found, Unread):
            sent_at = message.sent_at if message.sent_at is not None else now
            again_at = reconcile.next_unread_verification(sent_at=sent_at, now=now, policy=self._policy)
            if again_at is None:
                log.warning("copies_not_looked_for", message=message.id, error=found.error)
            self._looked(message, message.looks, again_at)
            return Round()
        if message.ts is None:
            # Nobody has brought it back yet: it comes up again.
            return Round()
        doubles = [one for one in found if one.ts != message.ts]
        gone = [self._sender.delete(channel=one.channel, ts=one.ts) for one in doubles]
        if all(isinstance(said, Answer) for said in gone):
            looks = message.looks + 1
            again_at = reconcile.next_verification(looks=looks, now=now, policy=self._policy)
            self._looked(message, looks if again_at is not None else 0, again_at)
        return Round(doubles_deleted=len(doubles))

    def _looked(self, message: Message, looks: int, again_at: int | None) -> None:
        with self._ctx.database.writing() as tx:
            carriage.looked(tx, message.id, looks=looks, again_at=again_at)

    def _unread(self, message: Message, found: Unread, now: int) -> Round:
        """Wait, or send again, where history cannot be read: nobody can say whether the message stands there."""
        since = message.unread_since if message.unread_since is not None else now
        unreadable = Unreadable.REPEAT
        if message.subject is Subject.NOTICE and found.retry_after is None:
            # A direct message cannot be read back. Told twice is better than not at all; but not again and again.
            if message.attempts >= _NOTICE_ATTEMPTS:
                return self._finisher.finish(message, Outcome(Delivery.EXPIRED, f"unreadable:{found.error}"))
            since = now - self._policy.unread
        elif message.rule_id is not None:
            with self._ctx.database.reading() as tx:
                rule = rules.by_id(tx, message.rule_id)
            unreadable = rule.body.unreadable if rule is not None else unreadable
        outcome = reconcile.after_unread(
            found.error,
            passing=found.passing,
            retry_after=found.retry_after,
            since=since,
            stuck=message.stuck,
            unreadable=unreadable,
            now=now,
            policy=self._policy,
        )
        waits = outcome.state is Delivery.UNKNOWN
        return self._finisher.finish(
            message,
            outcome,
            looks=message.looks if waits else 0,
            unread_since=since if waits else None,
        )

    def _root(self, message: Message) -> Message | None:
        with self._ctx.database.reading() as tx:
            return outbox.get(tx, message.root) if message.root is not None else None

    def _find(self, message: Message, root: Message | None) -> list[Answer] | Unread:
        since = message.first_tried_at if message.first_tried_at is not None else message.created_at
        now = self._ctx.elapsed()
        if since > now:
            # Noted by a clock that was ahead, and has been set back since.
            since = now - _LONG_AGO
        channel = message.posted_channel or (root.posted_channel if root else None) or message.channel
        with self._ctx.database.reading() as tx:
            thread = outbox.thread_of(tx, root)
        return self._sender.find(
            channel=channel or self._ctx.default_channel,
            key=message.key,
            since=since - _CLOCK_SKEW,
            now=now,
            thread_ts=thread,
        )
