"""Delivery: messages go from the outbox to Slack, each of them once.

Slack is never called inside a transaction: a message is taken under a lease, sent, and brought back; what was lost on
the way is looked for before it is sent again. It must not know what a message is about, nor how it looks.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import structlog

from handlers.context import Context
from handlers.slack.sender import Content, Sender, Unreadable
from rules.alerts.retry import (
    NO_CHANNEL,
    RATE_LIMITED,
    UNRENDERED,
    Answer,
    Delivery,
    DeliveryPolicy,
    Outcome,
    Refusal,
    Remedy,
    Silence,
    after_refusal,
    after_silence,
)
from rules.instants import MINUTE
from storage import outbox, pace, rules
from storage.database import Transaction
from storage.outbox import Call, Late, Message, New, Subject

_CLOCK_SKEW: Final = 5 * MINUTE
"""How far Slack's clock may be behind ours when history is asked for what was sent since."""
_AT_ONCE: Final = 4
_RECONCILED_AT_ONCE: Final = 20

log = structlog.get_logger(__name__)


class Rendered(Protocol):
    """How a message looks now; ``content`` is a hash of it."""

    @property
    def text(self) -> str:
        """A full sentence."""

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The layout."""

    @property
    def content(self) -> str:
        """A hash of both."""


Render = Callable[[Transaction, Message, Context], Rendered]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of delivery did."""

    sent: int = 0
    again: int = 0
    unknown: int = 0
    dead: int = 0
    doubles_deleted: int = 0

    def counts(self) -> dict[str, int]:
        """Give the numbers by name, for those who count."""
        return asdict(self)

    def __add__(self, other: "Round") -> "Round":
        return Round(
            self.sent + other.sent,
            self.again + other.again,
            self.unknown + other.unknown,
            self.dead + other.dead,
            self.doubles_deleted + other.doubles_deleted,
        )


class Deliverer:
    """Carries messages to Slack; ``owner`` is unlike that of any other process, or any earlier life of this one."""

    def __init__(
        self,
        ctx: Context,
        sender: Sender,
        render: Render,
        *,
        owner: str,
        policy: DeliveryPolicy | None = None,
    ) -> None:
        self._ctx = ctx
        self._sender = sender
        self._render = render
        self._owner = owner
        self._policy = policy or DeliveryPolicy()
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="deliver")

    def tick(self) -> Round:
        """Do one round: settle what is unclear, send what may be sent, look for second copies."""
        policy, now = self._policy, self._ctx.elapsed()
        with self._ctx.database.writing() as tx:
            outbox.expire_leases(tx, now=now, settle=policy.settle)
            outbox.bury_orphans(tx)
            unclear = outbox.claim_unknown(
                tx, owner=self._owner, now=now, lease=policy.lease, limit=_RECONCILED_AT_ONCE
            )
            ready = outbox.claim(tx, owner=self._owner, now=now, lease=policy.lease, interval=policy.interval)
            doubtful = outbox.to_verify(tx, now=now, again_at=now + policy.lease, limit=_RECONCILED_AT_ONCE)
        done: Iterable[Round] = [
            *self._pool.map(self._settle, unclear),
            *self._pool.map(self._send, ready),
            *self._pool.map(self._verify, doubtful),
        ]
        return sum(done, Round())

    def close(self) -> None:
        """Let the calls under way end."""
        self._pool.shutdown(wait=True)

    def _send(self, message: Message) -> Round:
        with self._ctx.database.reading() as tx:
            root = outbox.get(tx, message.root) if message.root is not None else None
            shown = self._shown(tx, message)
        channel = message.channel or self._ctx.default_channel
        if isinstance(shown, Refusal):
            return self._refused(message, shown)
        if not channel:
            return self._refused(message, Refusal(NO_CHANNEL))
        content = Content(text=shown.text, blocks=None if message.plain else shown.blocks)
        if message.call is Call.UPDATE:
            return self._edit(message, root, content, shown.content)
        said = self._sender.post(
            channel=root.posted_channel if root and root.posted_channel else channel,
            content=content,
            key=message.key,
            thread_ts=root.ts if root else None,
        )
        match said:
            case Answer():
                return self._posted(message, said, shown.content)
            case Refusal():
                return self._refused(message, said)
            case Silence():
                return self._unclear(message, said)

    def _edit(self, message: Message, root: Message | None, content: Content, shown: str) -> Round:
        if root is None or root.ts is None or root.posted_channel is None:
            return self._finish(message, Outcome(Delivery.EXPIRED, "no_root"))
        if root.content == shown:
            return self._finish(message, Outcome(Delivery.SENT, "unchanged"))
        said = self._sender.update(channel=root.posted_channel, ts=root.ts, content=content, key=root.key)
        if isinstance(said, Answer):
            with self._ctx.database.writing() as tx:
                outbox.note_content(tx, root.id, shown)
            return self._finish(message, Outcome(Delivery.SENT, "ok"))
        if isinstance(said, Refusal):
            return self._refused(message, said)
        return self._unclear(message, said)

    def _shown(self, tx: Transaction, message: Message) -> Rendered | Refusal:
        try:
            return self._render(tx, message, self._ctx)
        except Exception:
            # Whatever it is, the message must not be lost: it waits, and the trouble is told.
            log.exception("message_not_rendered", message=message.id, subject=str(message.subject))
            return Refusal(UNRENDERED)

    def _posted(self, message: Message, said: Answer, shown: str) -> Round:
        now = self._ctx.elapsed()
        with self._ctx.database.writing() as tx:
            # Tried more than once: an earlier attempt may yet come to light.
            verify_at = now + self._policy.settle if message.attempts > 1 else None
            kept = outbox.finish(
                tx,
                message,
                state=Delivery.SENT,
                reason="ok",
                posted_channel=said.channel,
                ts=said.ts,
                sent_at=now,
                verify_at=verify_at,
            )
            if kept:
                outbox.note_content(tx, message.id, shown)
                self._recovered(tx, message)
                return Round(sent=1)
            late = outbox.finish_late(tx, message, posted_channel=said.channel, ts=said.ts, now=now)
        log.warning("lease_lost", message=message.id, late=str(late))
        if late is Late.DOUBLE:
            self._sender.delete(channel=said.channel, ts=said.ts)
            return Round(doubles_deleted=1)
        return Round(sent=1)

    def _refused(self, message: Message, refusal: Refusal) -> Round:
        fallback = self._ctx.default_channel
        outcome = after_refusal(
            refusal,
            attempts=message.attempts,
            plain=message.plain,
            # A reply cannot go elsewhere than its root, and the fallback has no fallback.
            rerouted=message.rerouted or message.root is not None or fallback in ("", message.channel),
            now=self._ctx.elapsed(),
            policy=self._policy,
        )
        if refusal.error != RATE_LIMITED:
            log.warning("slack_refused", message=message.id, error=refusal.error, remedy=str(outcome.remedy))
        return self._finish(message, outcome)

    def _unclear(self, message: Message, silence: Silence) -> Round:
        outcome = after_silence(silence, now=self._ctx.elapsed(), policy=self._policy)
        log.warning("slack_silent", message=message.id, what=silence.what)
        return self._finish(message, outcome)

    def _finish(self, message: Message, outcome: Outcome) -> Round:
        with self._ctx.database.writing() as tx:
            kept = outbox.finish(
                tx,
                message,
                state=outcome.state,
                reason=outcome.reason,
                next_at=outcome.retry_at,
                channel=self._ctx.default_channel if outcome.remedy is Remedy.REROUTE else None,
                plain=True if outcome.remedy is Remedy.PLAIN_TEXT else None,
            )
            if kept:
                self._remedy(tx, message, outcome)
        return _counted(outcome.state)

    def _remedy(self, tx: Transaction, message: Message, outcome: Outcome) -> None:
        until = outcome.retry_at if outcome.retry_at is not None else self._ctx.elapsed()
        if outcome.remedy is Remedy.HOLD_CHANNEL:
            pace.hold(tx, channel=message.channel, until=until, reason=outcome.reason)
        if outcome.remedy is Remedy.HOLD_ALL:
            pace.hold(tx, channel=pace.EVERYWHERE, until=until, reason=outcome.reason)
        if outcome.reason != RATE_LIMITED and (
            outcome.remedy is not Remedy.NOTHING or outcome.state is Delivery.DEAD
        ):
            self._degraded(tx, message, outcome)

    def _degraded(self, tx: Transaction, message: Message, outcome: Outcome) -> None:
        """Mark the rule, and tell the managers once that something stands in the way of its messages."""
        if message.rule_id is None or message.call is not Call.POST:
            return
        rule = rules.by_id(tx, message.rule_id)
        if rule is None or rule.degraded == outcome.reason:
            return
        rules.set_degraded(tx, rule.id, outcome.reason)
        for manager in sorted(one for one in self._ctx.managers if one.startswith(("U", "W"))):
            notice = New(
                call=Call.POST,
                subject=Subject.NOTICE,
                channel=manager,
                payload={
                    "code": "delivery_trouble",
                    "params": {"rule": rule.name, "channel": message.channel, "error": outcome.reason},
                },
            )
            outbox.add(tx, notice, now=self._ctx.elapsed())

    def _recovered(self, tx: Transaction, message: Message) -> None:
        if message.rule_id is None or message.rerouted or message.plain:
            return
        rule = rules.by_id(tx, message.rule_id)
        if rule is not None and rule.degraded is not None:
            rules.set_degraded(tx, rule.id, None)

    def _settle(self, message: Message) -> Round:
        """Find out whether a message of unclear fate stands in Slack; only where it does not is it sent again."""
        now = self._ctx.elapsed()
        if message.call is Call.UPDATE:
            return self._finish(message, Outcome(Delivery.PENDING, "edited_again", retry_at=now))
        found = self._find(message)
        if isinstance(found, Unreadable) and message.subject is Subject.NOTICE and found.retry_after is None:
            # A direct message cannot be read back; a manager told once or not at all is better than one told twice.
            return self._finish(message, Outcome(Delivery.EXPIRED, f"unreadable:{found.error}"))
        if isinstance(found, Unreadable):
            wait = found.retry_after if found.retry_after is not None else self._policy.settle
            return self._finish(
                message, Outcome(Delivery.UNKNOWN, f"unreadable:{found.error}", retry_at=now + wait)
            )
        if not found:
            return self._finish(message, Outcome(Delivery.PENDING, "not_in_history", retry_at=now))
        with self._ctx.database.writing() as tx:
            outbox.finish(
                tx,
                message,
                state=Delivery.SENT,
                reason="found_in_history",
                posted_channel=found[0].channel,
                ts=found[0].ts,
                sent_at=now,
                verify_at=now + self._policy.settle if message.attempts > 1 else None,
            )
        return Round(sent=1)

    def _verify(self, message: Message) -> Round:
        """Delete second copies of a message that was sent again after an unclear end."""
        found = self._find(message)
        if isinstance(found, Unreadable) or message.ts is None:
            return Round()
        doubles = [one for one in found if one.ts != message.ts]
        gone = [self._sender.delete(channel=one.channel, ts=one.ts) for one in doubles]
        if all(isinstance(said, Answer) for said in gone):
            with self._ctx.database.writing() as tx:
                outbox.verified(tx, message.id)
        return Round(doubles_deleted=len(doubles))

    def _find(self, message: Message) -> list[Answer] | Unreadable:
        with self._ctx.database.reading() as tx:
            root = outbox.get(tx, message.root) if message.root is not None else None
        since = message.first_tried_at if message.first_tried_at is not None else message.created_at
        channel = message.posted_channel or (root.posted_channel if root else None) or message.channel
        return self._sender.find(
            channel=channel or self._ctx.default_channel,
            key=message.key,
            since=since - _CLOCK_SKEW,
            thread_ts=root.ts if root else None,
        )


def _counted(state: Delivery) -> Round:
    match state:
        case Delivery.SENT:
            return Round(sent=1)
        case Delivery.UNKNOWN:
            return Round(unknown=1)
        case Delivery.DEAD:
            return Round(dead=1)
        case _:
            return Round(again=1)
