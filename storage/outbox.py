"""Messages on their way to Slack: what is to be said, and where it stands.

Owns the table ``outbox``; carrying the messages is the business of `storage.carriage`, which works on the same rows.
It must not know how a message looks, nor Slack.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    Text,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.sql import expression
from sqlmodel import Field, SQLModel, col

from rules.alerts.retry import Delivery
from storage.counters import take
from storage.database import Transaction
from storage.sets import any_of


class Call(StrEnum):
    """What is asked of Slack."""

    POST = "post"
    UPDATE = "update"
    REPLY = "reply"


class Subject(StrEnum):
    """What a message is about."""

    ALERT = "alert"
    GROUP = "group"
    """Many alerts of one rule."""
    ESCALATION = "escalation"
    """One alert, told again in another channel because nobody claimed it."""
    CUSTOMER = "customer"
    """Several alerts of one customer."""
    DIGEST = "digest"
    """What was held back in a channel."""
    THREAD = "thread"
    """The head of a day's thread; ``payload`` says which day."""
    STEPS = "steps"
    """The steps of alerts that name this row in ``told_in``."""
    NOTICE = "notice"
    """Something for managers to know; ``payload`` says what."""


class Priority(IntEnum):
    """What goes before what, where a channel takes one message at a time; a lower number goes first."""

    ASKED = 0
    """A person waits to see it."""
    ALERT = 1
    """Alerts, and what becomes of them."""
    REST = 2
    """What can wait: digests and notices."""


class OutboxRow(SQLModel, table=True):
    """One call to be made. ``root`` is the row whose message is updated, or replied to."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_by_key", "key", unique=True),
        Index(
            "outbox_unfinished",
            "state",
            "next_at",
            sqlite_where=text("state IN ('forming', 'pending', 'sending', 'unknown')"),
            postgresql_where=text("state IN ('forming', 'pending', 'sending', 'unknown')"),
        ),
        Index("outbox_by_root", "root"),
        Index(
            "outbox_to_verify",
            "verify_at",
            sqlite_where=text("verify_at IS NOT NULL"),
            postgresql_where=text("verify_at IS NOT NULL"),
        ),
        # An edit that supersedes an unsent edit replaces it.
        Index(
            "outbox_one_update",
            "root",
            unique=True,
            sqlite_where=text("call = 'update' AND state = 'pending'"),
            postgresql_where=text("call = 'update' AND state = 'pending'"),
        ),
        Index(
            "outbox_in_order",
            "root",
            "call",
            "id",
            sqlite_where=text("state IN ('pending', 'sending', 'unknown')"),
            postgresql_where=text("state IN ('pending', 'sending', 'unknown')"),
        ),
        # What repeats an alert elsewhere is kept true as well.
        Index(
            "outbox_escalation",
            "alert_id",
            sqlite_where=text("subject = 'escalation' AND call = 'post'"),
            postgresql_where=text("subject = 'escalation' AND call = 'post'"),
        ),
        # A sweep adds to one message of a kind at a time.
        Index(
            "outbox_one_forming",
            text("coalesce(root, -rule_id)"),
            unique=True,
            sqlite_where=text("state = 'forming'"),
            postgresql_where=text("state = 'forming'"),
        ),
    )

    id: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    )
    key: str = Field(sa_column=Column(Text, nullable=False))
    call: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    root: int | None = Field(default=None, sa_column=Column(BigInteger))
    rule_id: int | None = Field(default=None, sa_column=Column(Integer))
    customer_id: int | None = Field(default=None, sa_column=Column(Integer))
    alert_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    payload: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    channel: str = Field(sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    next_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    owner: str | None = Field(default=None, sa_column=Column(Text))
    generation: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    lease_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    first_tried_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    priority: int = Field(
        default=int(Priority.ALERT), sa_column=Column(Integer, nullable=False, server_default="1")
    )
    plain: bool = Field(default=False, nullable=False)
    rerouted: bool = Field(default=False, nullable=False)
    reason: str | None = Field(default=None, sa_column=Column(Text))
    posted_channel: str | None = Field(default=None, sa_column=Column(Text))
    ts: str | None = Field(default=None, sa_column=Column(Text))
    content: str | None = Field(default=None, sa_column=Column(Text))
    """A hash of what the message shows now, so that an edit that changes nothing is not made."""
    verify_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When to look for a second copy: set on a message that was sent again after its fate had been unclear."""
    sent_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    unclear: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=expression.false())
    )
    """An attempt ended without a clear answer: a copy of it may come to light later."""
    looks: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    """How often it, or a second copy, was looked for in vain, in a row."""
    unread_since: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Since when history cannot be read, for a message that is to be looked for there."""
    stuck: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=expression.false())
    )
    """People were told that it cannot be looked for."""
    gone: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    """The stamps of copies that somebody deleted, with spaces between; it was posted anew after each."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands; times are of elapsed time."""

    id: int
    key: str
    call: Call
    subject: Subject
    root: int | None
    rule_id: int | None
    customer_id: int | None
    alert_id: int | None
    payload: Mapping[str, Any]
    channel: str
    created_at: int
    state: Delivery
    next_at: int
    owner: str | None
    generation: int
    attempts: int
    first_tried_at: int | None
    plain: bool
    rerouted: bool
    reason: str | None
    posted_channel: str | None
    ts: str | None
    content: str | None
    sent_at: int | None = None
    unclear: bool = False
    looks: int = 0
    unread_since: int | None = None
    stuck: bool = False
    gone: tuple[str, ...] = ()
    """The stamps of copies that somebody deleted; it was posted anew after each."""
    place: str = ""
    """The name that its channel is paced under, while it is being sent."""

    @property
    def can_stand_alone(self) -> bool:
        """Whether it may go elsewhere than under its root, which it does not need to be read: it tells alerts."""
        return self.root is None or (self.call is Call.REPLY and self.subject in TELLING)


@dataclass(frozen=True, slots=True)
class New:
    """A message to be sent. ``forming``: a sweep still adds to it; ``urgent``: a person waits to see it."""

    call: Call
    subject: Subject
    channel: str
    root: int | None = None
    rule_id: int | None = None
    customer_id: int | None = None
    alert_id: int | None = None
    payload: Mapping[str, Any] | None = None
    forming: bool = False
    urgent: bool = False

    @property
    def priority(self) -> Priority:
        """What it goes before in its channel."""
        if self.urgent:
            return Priority.ASKED
        of_digest = self.subject is Subject.STEPS and self.alert_id is None
        return Priority.REST if of_digest or self.subject in _CAN_WAIT else Priority.ALERT


_CAN_WAIT = frozenset({Subject.DIGEST, Subject.NOTICE})
TELLING: Final = frozenset({Subject.ALERT, Subject.GROUP, Subject.CUSTOMER})
"""What tells alerts, by itself or as a reply in the thread of a day."""


# Written out, not bound: only then does the planner see that the index of the unfinished has all of them.
UNFINISHED = text("outbox.state IN ('forming', 'pending', 'sending', 'unknown')")


def add(tx: Transaction, message: New, *, now: int) -> int:
    """Add a message to be sent and give its number; ``now`` is elapsed time."""
    return add_all(tx, [message], now=now)[0]


def add_all(tx: Transaction, messages: Sequence[New], *, now: int) -> range:
    """Add messages to be sent, in this order, and give their numbers; ``now`` is elapsed time."""
    if not messages:
        return range(0)
    for root in sorted({one.root for one in messages if one.urgent and one.root is not None}):
        _hurry(tx, root)
    numbers = take(tx, "outbox", len(messages))
    tx.execute(insert(OutboxRow), [_new_row(n, one, now) for n, one in zip(numbers, messages, strict=True)])
    return numbers


def _hurry(tx: Transaction, root: int) -> None:
    """Let what must go before an answer that a person waits for go as soon: the message, and the replies before it."""
    numbers: list[int] = []
    # One after the other: asked for together, neither would be looked up in its index.
    for place in (col(OutboxRow.id) == root, col(OutboxRow.root) == root):
        first = select(col(OutboxRow.id)).where(
            place,
            col(OutboxRow.state).in_([str(Delivery.FORMING), str(Delivery.PENDING)]),
            col(OutboxRow.priority) > int(Priority.ASKED),
        )
        # What somebody else holds is being carried already; who waited for it could wait in a circle.
        locked = first.order_by(col(OutboxRow.id)).with_for_update(skip_locked=True)
        numbers += tx.execute(locked).scalars().all()
    if numbers:
        hurried = update(OutboxRow).where(col(OutboxRow.id).in_(numbers))
        tx.execute(hurried.values(priority=int(Priority.ASKED)))


def in_order(tx: Transaction) -> None:
    """Let all that is to be sent go in the order in which it was asked for, none before another: nobody waits for it."""
    tx.execute(update(OutboxRow).where(UNFINISHED).values(priority=int(Priority.ALERT)))


def _new_row(number: int, message: New, now: int) -> dict[str, Any]:
    return {
        "id": number,
        "key": secrets.token_hex(16),
        "call": str(message.call),
        "subject": str(message.subject),
        "root": message.root,
        "rule_id": message.rule_id,
        "customer_id": message.customer_id,
        "alert_id": message.alert_id,
        "payload": json.dumps(dict(message.payload or {})),
        "channel": message.channel,
        "created_at": now,
        "state": str(Delivery.FORMING if message.forming else Delivery.PENDING),
        "next_at": now,
        "generation": 0,
        "attempts": 0,
        "priority": int(message.priority),
        "plain": False,
        "rerouted": False,
    }


def add_updates(tx: Transaction, roots: Sequence[Message], *, now: int) -> None:
    """Ask for the messages ``roots`` to be edited to how things stand; an edit that waits already will do."""
    hold_roots(tx, [root.id for root in roots])
    waiting = set(
        tx.execute(
            select(col(OutboxRow.root))
            .where(
                col(OutboxRow.root).in_(any_of(tx.dialect, [root.id for root in roots], "int")),
                col(OutboxRow.call) == str(Call.UPDATE),
                col(OutboxRow.state) == str(Delivery.PENDING),
            )
            # Whoever is about to take one must wait, or have taken it before: else it could render what this replaces.
            .order_by(col(OutboxRow.id))
            .with_for_update()
        ).scalars()
    )
    updates = [
        New(
            call=Call.UPDATE,
            subject=root.subject,
            channel=root.channel,
            root=root.id,
            rule_id=root.rule_id,
            customer_id=root.customer_id,
            alert_id=root.alert_id,
        )
        for root in roots
        if root.id not in waiting
    ]
    add_all(tx, updates, now=now)


def hold_roots(tx: Transaction, numbers: Sequence[int]) -> None:
    """Let nobody else ask for an edit of these messages, or hand one back, until the transaction ends."""
    chosen = any_of(tx.dialect, numbers, "int")
    held = select(col(OutboxRow.id)).where(col(OutboxRow.id).in_(chosen)).order_by(col(OutboxRow.id))
    tx.execute(held.with_for_update()).all()


def forming(tx: Transaction, *, root: int) -> int | None:
    """Give the reply to a message that a sweep, perhaps one cut short, still adds to."""
    return tx.execute(
        select(col(OutboxRow.id)).where(
            col(OutboxRow.state) == str(Delivery.FORMING),
            col(OutboxRow.root) == root,
        )
    ).scalar_one_or_none()


def release_forming(tx: Transaction, *, now: int) -> None:
    """Let the messages that sweeps added to be sent."""
    tx.execute(
        update(OutboxRow)
        .where(col(OutboxRow.state) == str(Delivery.FORMING))
        .values(state=str(Delivery.PENDING), next_at=now)
    )


def get(tx: Transaction, number: int) -> Message:
    """Give a message; raises `sqlalchemy.exc.NoResultFound` where there is none."""
    return _message(tx.session.execute(select(OutboxRow).where(col(OutboxRow.id) == number)).scalar_one())


def thread_of(tx: Transaction, root: Message | None) -> str | None:
    """Give the thread that an answer to ``root`` stands in: that of its own head, where it is a reply itself."""
    if root is None or root.call is not Call.REPLY or root.root is None:
        return root.ts if root is not None else None
    return get(tx, root.root).ts


def by_numbers(tx: Transaction, numbers: Sequence[int]) -> dict[int, Message]:
    """Give messages by their numbers, in that order."""
    chosen = any_of(tx.dialect, numbers, "int")
    wanted = select(OutboxRow).where(col(OutboxRow.id).in_(chosen)).order_by(col(OutboxRow.id))
    rows = tx.session.execute(wanted).scalars()
    return {row.id: _message(row) for row in rows}


_ESCALATIONS: Final = text("outbox.subject = 'escalation' AND outbox.call = 'post'")


def escalations(tx: Transaction, alert_ids: Sequence[int]) -> list[Message]:
    """Give the messages that repeat these alerts in other channels, in their order."""
    rows = tx.session.execute(
        select(OutboxRow).where(
            _ESCALATIONS, col(OutboxRow.alert_id).in_(any_of(tx.dialect, alert_ids, "int"))
        )
    ).scalars()
    return sorted((_message(row) for row in rows), key=lambda one: one.id)


def of_root(tx: Transaction, root: int) -> list[Message]:
    """Give the edits of a message and the replies to it, in their order."""
    rows = tx.session.execute(
        select(OutboxRow).where(col(OutboxRow.root) == root).order_by(col(OutboxRow.id))
    )
    return [_message(row) for row in rows.scalars()]


def after(tx: Transaction, number: int) -> list[Message]:
    """Give the messages that were asked for after the one of this ``number``, in their order."""
    rows = tx.session.execute(
        select(OutboxRow).where(col(OutboxRow.id) > number).order_by(col(OutboxRow.id))
    ).scalars()
    return [_message(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many messages wait, by state, and since when (elapsed time) the oldest of those that may be sent does."""

    counts: Mapping[str, int]
    oldest: int | None


_WAITING = text(
    "SELECT state, count(*), min(created_at) FROM outbox "
    "WHERE state IN ('forming', 'pending', 'sending', 'unknown') GROUP BY state"
)


def waiting(tx: Transaction) -> Waiting:
    """Count the messages that are not through yet; costs as much as there are of those, however many were sent."""
    rows = tx.execute(_WAITING).all()
    oldest = [made for state, _, made in rows if state != str(Delivery.FORMING)]
    return Waiting(counts={row[0]: row[1] for row in rows}, oldest=min(oldest, default=None))


def _message(row: OutboxRow) -> Message:
    return Message(
        id=row.id,
        key=row.key,
        call=Call(row.call),
        subject=Subject(row.subject),
        root=row.root,
        rule_id=row.rule_id,
        customer_id=row.customer_id,
        alert_id=row.alert_id,
        payload=json.loads(row.payload),
        channel=row.channel,
        created_at=row.created_at,
        state=Delivery(row.state),
        next_at=row.next_at,
        owner=row.owner,
        generation=row.generation,
        attempts=row.attempts,
        first_tried_at=row.first_tried_at,
        plain=row.plain,
        rerouted=row.rerouted,
        reason=row.reason,
        posted_channel=row.posted_channel,
        ts=row.ts,
        content=row.content,
        sent_at=row.sent_at,
        unclear=row.unclear,
        looks=row.looks,
        unread_since=row.unread_since,
        stuck=row.stuck,
        gone=tuple(row.gone.split()),
    )
