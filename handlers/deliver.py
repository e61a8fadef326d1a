"""Delivery: messages go from the outbox to Slack, each of them once.

Slack is never called inside a transaction: a message is taken under a lease, sent, and brought back; what was lost on
the way is looked for before it is sent again. It must not know what a message is about, nor how it looks.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Final, Protocol

import structlog

from handlers import channels
from handlers.context import Context
from handlers.managers import tell_managers
from handlers.slack.sender import THREAD_GONE, Content, Sender, Unreadable
from rules.alerts.retry import (
    LONGEST_WAIT,
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
from rules.instants import DAY, MINUTE
from storage import outbox, pace, rules
from storage.database import Transaction
from storage.outbox import Call, Late, Message, Subject

_CLOCK_SKEW: Final = 5 * MINUTE
"""How far Slack's clock may be behind ours when history is asked for what was sent since."""
_LONG_AGO: Final = 7 * DAY
"""How far back is looked for what was sent at nobody knows what time."""
_AT_ONCE: Final = 4
_HOLDS: Final = frozenset({Remedy.HOLD_CHANNEL, Remedy.HOLD_ALL})
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
        self._ids: dict[str, str] = {}
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="deliver")

    def tick(self) -> Round:
        """Do one round: settle what is unclear, look for second copies, send what may be sent."""
        policy, now = self._policy, self._ctx.elapsed()
        with self._ctx.database.writing() as tx:
            outbox.expire_leases(tx, now=now, lease=policy.lease, settle=policy.settle)
            outbox.bury_orphans(tx)
            unclear = outbox.claim_unknown(
                tx, owner=self._owner, now=now, lease=policy.lease, limit=_RECONCILED_AT_ONCE
            )
            doubtful = outbox.to_verify(tx, now=now, again_at=now + policy.lease, limit=_RECONCILED_AT_ONCE)
        settled = self._each(self._settle, unclear) + self._each(self._verify, doubtful)
        # Only now: what is claimed is sent at once, and not after a search that outlasts the lease.
        now = self._ctx.elapsed()
        with self._ctx.database.writing() as tx:
            ready = outbox.claim(
                tx,
                owner=self._owner,
                now=now,
                lease=policy.lease,
                interval=policy.interval,
                place_of=self._place_of,
            )
        latest = now + policy.lease - policy.call_timeout
        return settled + self._each(partial(self._send, latest=latest), ready)

    def _each(self, do: Callable[[Message], Round], messages: Sequence[Message]) -> Round:
        def guarded(message: Message) -> Round:
            try:
                return do(message)
            except Exception:
                # One message's trouble is no other's: its lease runs out, and it is looked at again.
                log.exception("delivery_failed", message=message.id)
                return Round()

        return sum(self._pool.map(guarded, messages), Round())

    def _place_of(self, channel: str) -> str:
        """Give the one name a channel is paced under: its id, once Slack has told it."""
        named = channel or self._ctx.default_channel
        return self._ids.get(named, named)

    def close(self) -> None:
        """Let the calls under way end."""
        self._pool.shutdown(wait=True)

    def _send(self, message: Message, *, latest: int) -> Round:
        if self._ctx.elapsed() > latest:
            # The lease could run out during the call, and somebody else send it, too.
            return self._finish(message, Outcome(Delivery.PENDING, "too_late", retry_at=self._ctx.elapsed()))
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
            thread_ts=self._thread_of(root),
        )
        match said:
            case Answer():
                return self._posted(message, said, shown.content)
            case Refusal():
                return self._refused(message, said)
            case Silence():
                return self._unclear(message, said)

    def _thread_of(self, root: Message | None) -> str | None:
        """Give the thread that an answer to ``root`` stands in: that of its own head, where it is a reply itself."""
        if root is None or root.call is not Call.REPLY or root.root is None:
            return root.ts if root else None
        with self._ctx.database.reading() as tx:
            return outbox.get(tx, root.root).ts

    def _edit(self, message: Message, root: Message | None, content: Content, shown: str) -> Round:
        if root is None or root.ts is None or root.posted_channel is None:
            return self._finish(message, Outcome(Delivery.EXPIRED, "no_root"))
        if root.content == shown:
            return self._finish(message, Outcome(Delivery.SENT, "unchanged"))
        with self._ctx.database.writing() as tx:
            # Until Slack says so, nobody knows what the message shows: whoever edits it next must not believe us.
            outbox.note_content(tx, root.id, None)
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
        settled_at = now + self._policy.settle
        late: Late | None = None
        with self._ctx.database.writing() as tx:
            kept = outbox.finish(
                tx,
                message,
                state=Delivery.SENT,
                reason="ok",
                posted_channel=said.channel,
                ts=said.ts,
                sent_at=now,
                # Tried more than once: an earlier attempt may yet come to light.
                verify_at=settled_at if message.attempts > 1 else None,
            )
            if kept:
                outbox.note_content(tx, message.id, shown)
            else:
                late = outbox.finish_late(
                    tx, message, posted_channel=said.channel, ts=said.ts, now=now, verify_at=settled_at
                )
        self._note_name(message, said.channel)
        if late is None:
            self._recovered(message)
            return Round(sent=1)
        log.warning("lease_lost", message=message.id, late=str(late))
        if late is Late.DOUBLE:
            self._sender.delete(channel=said.channel, ts=said.ts)
            return Round(doubles_deleted=1)
        return Round(sent=1)

    def _note_name(self, message: Message, channel: str) -> None:
        """Note which id the channel has that a message was for: Slack says so when it takes one."""
        named = message.channel or self._ctx.default_channel
        if message.call is Call.POST and self._ids.get(named) != channel:
            channels.learn(self._ctx, channel, named)
        self._ids[named] = channel

    def _refused(self, message: Message, refusal: Refusal) -> Round:
        fallback = self._ctx.default_channel
        outcome = after_refusal(
            refusal,
            attempts=message.attempts,
            plain=message.plain,
            # A reply cannot go elsewhere than its root, and the fallback has no fallback.
            rerouted=message.rerouted or message.root is not None or fallback in ("", message.channel),
            answers=message.root is not None,
            now=self._ctx.elapsed(),
            policy=self._policy,
        )
        if refusal.error != RATE_LIMITED:
            log.warning("slack_refused", message=message.id, error=refusal.error, remedy=str(outcome.remedy))
        return self._finish(message, outcome)

    def _unclear(self, message: Message, silence: Silence) -> Round:
        now = self._ctx.elapsed()
        log.warning("slack_silent", message=message.id, what=silence.what)
        if not self._kept(message, after_silence(silence, now=now, policy=self._policy)):
            # Somebody else has it by now, and this copy may come to light beside theirs.
            with self._ctx.database.writing() as tx:
                outbox.doubt(tx, message.id, verify_at=now + self._policy.settle)
        return Round(unknown=1)

    def _finish(self, message: Message, outcome: Outcome) -> Round:
        if self._kept(message, outcome):
            self._degraded(message, outcome)
        return _counted(outcome.state)

    def _kept(self, message: Message, outcome: Outcome) -> bool:
        """Say what came of a message; False where it had been lost to another carrier."""
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
        if kept and outcome.retry_at is not None and outcome.remedy in _HOLDS:
            everywhere = outcome.remedy is Remedy.HOLD_ALL
            place = pace.EVERYWHERE if everywhere else message.place or self._place_of(message.channel)
            with self._ctx.database.writing() as tx:
                pace.hold(tx, channel=place, until=outcome.retry_at, reason=outcome.reason)
        return kept

    def _degraded(self, message: Message, outcome: Outcome) -> None:
        """Mark the rule, and tell the managers once that something stands in the way of its messages.

        In a transaction of its own: a rule's row is not to be waited for while a message's is held.
        """
        trouble = outcome.remedy is not Remedy.NOTHING or outcome.state is Delivery.DEAD
        if not trouble or outcome.reason == RATE_LIMITED:
            return
        if message.rule_id is None or message.call is not Call.POST:
            return
        with self._ctx.database.writing() as tx:
            rule = rules.by_id(tx, message.rule_id)
            if rule is None or rule.degraded == outcome.reason:
                return
            rules.set_degraded(tx, rule.id, outcome.reason)
            params = {"rule": rule.name, "channel": message.channel, "error": outcome.reason}
            tell_managers(tx, self._ctx, "delivery_trouble", params)

    def _recovered(self, message: Message) -> None:
        if message.rule_id is None or message.call is not Call.POST or message.rerouted or message.plain:
            return
        with self._ctx.database.reading() as tx:
            rule = rules.by_id(tx, message.rule_id)
        if rule is not None and rule.degraded is not None:
            with self._ctx.database.writing() as tx:
                rules.set_degraded(tx, rule.id, None)

    def _settle(self, message: Message) -> Round:
        """Find out whether a message of unclear fate stands in Slack; only where it does not is it sent again."""
        now = self._ctx.elapsed()
        if message.call is Call.UPDATE:
            return self._finish(message, Outcome(Delivery.PENDING, "edited_again", retry_at=now))
        found = self._find(message)
        if isinstance(found, Unreadable):
            return self._unreadable(message, found, now)
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

    def _unreadable(self, message: Message, found: Unreadable, now: int) -> Round:
        """Wait, where history cannot be read: nobody can say whether the message stands there."""
        reason = f"unreadable:{found.error}"
        if found.error == THREAD_GONE:
            # Somebody deleted the root: there is nothing left to answer to.
            return self._finish(message, Outcome(Delivery.EXPIRED, reason))
        if message.subject is Subject.NOTICE and found.retry_after is None:
            # A direct message cannot be read back; a manager told once or not at all is better than one told twice.
            return self._finish(message, Outcome(Delivery.EXPIRED, reason))
        wait = found.retry_after if found.retry_after is not None else self._policy.settle
        outcome = Outcome(Delivery.UNKNOWN, reason, retry_at=now + min(wait, LONGEST_WAIT))
        if not found.passing:
            outcome = replace(outcome, retry_at=now + self._policy.blocked, remedy=Remedy.HOLD_CHANNEL)
        return self._finish(message, outcome)

    def _verify(self, message: Message) -> Round:
        """Delete second copies of a message that was sent again after an unclear end."""
        found = self._find(message)
        if isinstance(found, Unreadable):
            if not found.passing:
                log.warning("copies_not_looked_for", message=message.id, error=found.error)
                with self._ctx.database.writing() as tx:
                    outbox.verified(tx, message.id)
            return Round()
        if message.ts is None:
            # Nobody has brought it back yet: it comes up again.
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
        now = self._ctx.elapsed()
        if since > now:
            # Noted by a clock that was ahead, and has been set back since.
            since = now - _LONG_AGO
        channel = message.posted_channel or (root.posted_channel if root else None) or message.channel
        return self._sender.find(
            channel=channel or self._ctx.default_channel,
            key=message.key,
            since=since - _CLOCK_SKEW,
            now=now,
            thread_ts=self._thread_of(root),
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
