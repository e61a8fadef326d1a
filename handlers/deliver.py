"""Delivery: messages go from the outbox to Slack, each of them once.

Slack is never called inside a transaction: a message is taken under a lease, sent, and brought back; what was lost on
the way is looked for before it is sent again. It must not know what a message is about, nor how it looks.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Protocol

import structlog

from handlers import trouble
from handlers.context import Context
from handlers.finish import Finisher, GoesOn, Round
from handlers.reconcile import Reconciler
from handlers.slack.sender import Content, Sender
from rules.alerts.retry import (
    NO_CHANNEL,
    OF_THE_CHANNEL,
    RATE_LIMITED,
    ROOT_GONE,
    UNRENDERED,
    Answer,
    Delivery,
    DeliveryPolicy,
    Outcome,
    Refusal,
    Silence,
    after_refusal,
    after_silence,
)
from storage import carriage, outbox
from storage.carriage import Late
from storage.database import Transaction
from storage.outbox import Call, Message

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


def _always(_tx: Transaction, _message: Message) -> bool:
    return True


class Deliverer:
    """Carries messages to Slack; ``owner`` is unlike that of any other process, or any earlier life of this one.

    ``goes_on`` says of a message that was deleted whether it is worth posting anew.
    """

    def __init__(
        self,
        ctx: Context,
        sender: Sender,
        render: Render,
        *,
        owner: str,
        goes_on: GoesOn = _always,
        policy: DeliveryPolicy | None = None,
    ) -> None:
        self._ctx = ctx
        self._sender = sender
        self._render = render
        self._owner = owner
        self._policy = policy or DeliveryPolicy()
        self._finisher = Finisher(ctx, self._policy, goes_on)
        self._reconciler = Reconciler(ctx, sender, self._policy, self._finisher)
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="deliver")

    def tick(self) -> Round:
        """Do one round: settle what is unclear, look for second copies, send what may be sent."""
        policy, now = self._policy, self._ctx.elapsed()
        with self._ctx.database.writing() as tx:
            carriage.expire_leases(tx, now=now, lease=policy.lease, settle=policy.settle)
            carriage.bury_orphans(tx)
            unclear = carriage.claim_unknown(
                tx, owner=self._owner, now=now, lease=policy.lease, limit=_RECONCILED_AT_ONCE
            )
            doubtful = carriage.to_verify(tx, now=now, again_at=now + policy.lease, limit=_RECONCILED_AT_ONCE)
        settled = self._each(self._reconciler.settle, unclear)
        settled += self._each(self._reconciler.verify, doubtful)
        first = self._send_ready()
        # What a refusal has brought about goes at once: word to the rule's owner, the message in another channel.
        return settled + first + (self._send_ready() if first.again or first.dead else Round())

    def _send_ready(self) -> Round:
        # Only now: what is claimed is sent at once, and not after a search that outlasts the lease.
        now = self._ctx.elapsed()
        with self._ctx.database.writing() as tx:
            ready = carriage.claim(
                tx,
                owner=self._owner,
                now=now,
                lease=self._policy.lease,
                interval=self._policy.interval,
                place_of=self._finisher.place_of,
            )
        latest = now + self._policy.lease - self._policy.call_timeout
        return self._each(partial(self._send, latest=latest), ready)

    def _each(self, do: Callable[[Message], Round], messages: Sequence[Message]) -> Round:
        def guarded(message: Message) -> Round:
            try:
                return do(message)
            except Exception:
                # One message's trouble is no other's: its lease runs out, and it is looked at again.
                log.exception("delivery_failed", message=message.id)
                return Round()

        return sum(self._pool.map(guarded, messages), Round())

    def close(self) -> None:
        """Let the calls under way end."""
        self._pool.shutdown(wait=True)

    def _send(self, message: Message, *, latest: int) -> Round:
        with self._ctx.database.reading() as tx:
            root = outbox.get(tx, message.root) if message.root is not None else None
            thread = outbox.thread_of(tx, root)
            shown = self._shown(tx, message)
        channel = message.channel or self._ctx.default_channel
        if root is not None and (root.ts is None or root.posted_channel is None):
            # Somebody deleted it a moment ago: what hangs on it waits until it is posted anew, or let go.
            return self._again(message, "root_deleted")
        if isinstance(shown, Refusal):
            return self._refused(message, shown)
        if not channel:
            return self._refused(message, Refusal(NO_CHANNEL))
        content = Content(text=shown.text, blocks=None if message.plain else shown.blocks)
        if message.call is Call.UPDATE:
            return self._edit(message, root, content, shown.content, latest=latest)
        if self._ctx.elapsed() > latest:
            return self._again(message, "too_late")
        said = self._sender.post(
            channel=root.posted_channel if root and root.posted_channel else channel,
            content=content,
            key=message.key,
            thread_ts=thread,
        )
        match said:
            case Answer():
                return self._posted(message, said, shown.content)
            case Refusal():
                return self._refused(message, said, root)
            case Silence():
                return self._unclear(message, said)

    def _edit(
        self, message: Message, root: Message | None, content: Content, shown: str, *, latest: int
    ) -> Round:
        if root is None or root.ts is None or root.posted_channel is None:
            return self._finisher.finish(message, Outcome(Delivery.EXPIRED, "no_root"))
        if root.content == shown:
            return self._finisher.finish(message, Outcome(Delivery.SENT, "unchanged"))
        with self._ctx.database.writing() as tx:
            # Until Slack says so, nobody knows what the message shows: whoever edits it next must not believe us.
            carriage.note_content(tx, root.id, None)
        if self._ctx.elapsed() > latest:
            return self._again(message, "too_late")
        said = self._sender.update(channel=root.posted_channel, ts=root.ts, content=content, key=root.key)
        if isinstance(said, Answer):
            with self._ctx.database.writing() as tx:
                carriage.note_content(tx, root.id, shown)
            return self._finisher.finish(message, Outcome(Delivery.SENT, "ok"))
        if isinstance(said, Refusal):
            return self._refused(message, said, root)
        return self._unclear(message, said)

    def _again(self, message: Message, reason: str) -> Round:
        """Give a message back unsent; ``too_late``: its lease could run out in mid-call, and somebody else send it."""
        return self._finisher.finish(message, Outcome(Delivery.PENDING, reason, retry_at=self._ctx.elapsed()))

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
            kept = carriage.finish(
                tx,
                message,
                state=Delivery.SENT,
                reason="ok",
                posted_channel=said.channel,
                ts=said.ts,
                sent_at=now,
                # Of an attempt before this one a copy may yet come to light.
                verify_at=settled_at if message.unclear else None,
            )
            if kept:
                carriage.note_content(tx, message.id, shown)
            else:
                late = carriage.finish_late(
                    tx, message, posted_channel=said.channel, ts=said.ts, now=now, verify_at=settled_at
                )
        if message.root is None:
            self._finisher.learn(message, said.channel)
        if late is None:
            trouble.recovered(self._ctx, message)
            return Round(sent=1)
        log.warning("lease_lost", message=message.id, late=str(late))
        if late is Late.DOUBLE:
            self._sender.delete(channel=said.channel, ts=said.ts)
            return Round(doubles_deleted=1)
        return Round(sent=1)

    def _refused(self, message: Message, refusal: Refusal, root: Message | None = None) -> Round:
        if root is not None and refusal.error in ROOT_GONE:
            return self._finisher.deleted(message, root)
        if trouble.pass_on(self._ctx, message, refusal.error):
            return self._finisher.finish(message, Outcome(Delivery.EXPIRED, refusal.error))
        if refusal.error in OF_THE_CHANNEL and (moved := self._finisher.moved(message)) is not None:
            return moved
        fallback = self._ctx.default_channel
        outcome = after_refusal(
            refusal,
            attempts=message.attempts,
            plain=message.plain,
            # A reply cannot go elsewhere than its root, and the fallback has no fallback.
            rerouted=message.rerouted or not message.can_stand_alone or fallback in ("", message.channel),
            answers=not message.can_stand_alone,
            now=self._ctx.elapsed(),
            policy=self._policy,
        )
        if refusal.error != RATE_LIMITED:
            log.warning("slack_refused", message=message.id, error=refusal.error, remedy=str(outcome.remedy))
        return self._finisher.finish(message, outcome)

    def _unclear(self, message: Message, silence: Silence) -> Round:
        now = self._ctx.elapsed()
        log.warning("slack_silent", message=message.id, what=silence.what)
        if not self._finisher.kept(message, after_silence(silence, now=now, policy=self._policy)):
            # Somebody else has it by now, and this copy may come to light beside theirs.
            with self._ctx.database.writing() as tx:
                carriage.doubt(tx, message.id, verify_at=now + self._policy.settle)
        return Round(unknown=1)
