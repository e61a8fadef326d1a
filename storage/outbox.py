"""Messages on their way to Slack: what is to be said, where it stands, and who carries it.

Owns the table ``outbox``. Every finish is fenced by the carrier and the generation under which it took the message.
It must not know how a message looks, nor Slack.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Text,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col

from rules.alerts.retry import LONGEST_WAIT, Delivery
from storage import pace
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
    urgent: bool = Field(default=False, nullable=False)
    """A person waits to see it: it goes before what no person asked for."""
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
    place: str = ""
    """The name that its channel is paced under, while it is being sent."""


class Late(StrEnum):
    """What became of a message whose carrier came back after it had lost the message to another."""

    SAME = "same"
    """The other found this very message in Slack."""
    ADOPTED = "adopted"
    """Nobody had sent it again yet: this one counts."""
    DOUBLE = "double"
    """Another copy was sent, or is being sent: this one must go."""


@dataclass(frozen=True, slots=True)
class New:
    """A message to be sent. ``forming``: a sweep still adds to it."""

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


# Written out, not bound: only then does the planner see that the index of the unfinished has all of them.
_UNFINISHED = text("outbox.state IN ('forming', 'pending', 'sending', 'unknown')")


def add(tx: Transaction, message: New, *, now: int) -> int:
    """Add a message to be sent and give its number; ``now`` is elapsed time."""
    return add_all(tx, [message], now=now)[0]


def add_all(tx: Transaction, messages: Sequence[New], *, now: int) -> range:
    """Add messages to be sent, in this order, and give their numbers; ``now`` is elapsed time."""
    if not messages:
        return range(0)
    numbers = take(tx, "outbox", len(messages))
    tx.execute(insert(OutboxRow), [_new_row(n, one, now) for n, one in zip(numbers, messages, strict=True)])
    return numbers


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
        "urgent": message.urgent,
        "plain": False,
        "rerouted": False,
    }


def add_updates(tx: Transaction, roots: Sequence[Message], *, now: int) -> None:
    """Ask for the messages ``roots`` to be edited to how things stand; an edit that waits already will do."""
    _hold_roots(tx, [root.id for root in roots])
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


def _hold_roots(tx: Transaction, numbers: Sequence[int]) -> None:
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


_LATER: Final = 1 << 40
"""Above every number: what no person waits for is put so far behind what one does."""

# Written out, not bound: only then does the planner see that the partial indexes have all that is asked for.
_READY = text(
    "SELECT min(CASE WHEN o.urgent THEN o.id ELSE o.id + :later END), coalesce(r.posted_channel, o.channel) AS place, "
    "CASE WHEN o.call = 'update' THEN 'edit' ELSE 'post' END AS lane "
    "FROM outbox o LEFT JOIN outbox r ON r.id = o.root "
    "WHERE o.state = 'pending' AND o.state IN ('forming', 'pending', 'sending', 'unknown') AND (o.next_at <= :now OR o.next_at > :far) "
    "AND (o.root IS NULL OR (r.state = 'sent' AND NOT EXISTS ("
    # Replies keep their order, and of two edits the later must land last.
    "SELECT 1 FROM outbox e WHERE e.root = o.root AND e.call = o.call AND e.id < o.id "
    "AND e.state IN ('pending', 'sending', 'unknown')))) "
    "GROUP BY place, lane"
)


def claim(
    tx: Transaction,
    *,
    owner: str,
    now: int,
    lease: int,
    interval: int,
    place_of: Callable[[str], str] = str,
) -> list[Message]:
    """Take what may be sent at ``now``: at most one post, and one edit, for each channel.

    A reply or an edit waits until its root is sent, and until the ones before it are through. ``lease`` and
    ``interval`` in milliseconds. Two that claim at once never get the same message, nor a channel's slot twice.
    ``place_of`` gives the one name that a channel is paced under, whichever it was named by.
    """
    params = {"now": now, "far": now + LONGEST_WAIT, "later": _LATER}
    ready = [(place_of(row[1]), row[2], row[0] % _LATER) for row in tx.execute(_READY, params)]
    taken: list[Message] = []
    # In one order, so that two who claim at once never wait for each other in a circle.
    for place, lane, number in sorted(ready):
        if not pace.take(tx, channel=place, lane=lane, now=now, interval=interval):
            continue
        won = tx.execute(
            update(OutboxRow)
            .where(col(OutboxRow.id) == number, col(OutboxRow.state) == str(Delivery.PENDING))
            .values(
                state=str(Delivery.SENDING),
                owner=owner,
                generation=OutboxRow.generation + 1,
                lease_until=now + lease,
                attempts=OutboxRow.attempts + 1,
                first_tried_at=func.coalesce(OutboxRow.first_tried_at, now),
            )
        )
        if won.rowcount == 1:
            taken.append(replace(get(tx, number), place=place))
    return taken


def finish(
    tx: Transaction,
    message: Message,
    *,
    state: Delivery,
    reason: str | None = None,
    next_at: int | None = None,
    channel: str | None = None,
    plain: bool | None = None,
    posted_channel: str | None = None,
    ts: str | None = None,
    sent_at: int | None = None,
    verify_at: int | None = None,
) -> bool:
    """Say what came of a message; False where the carrier had lost it to another meanwhile (nothing is written then)."""
    values: dict[str, Any] = {"state": str(state), "reason": reason, "lease_until": None, "owner": None}
    values |= {
        name: value
        for name, value in (
            ("next_at", next_at),
            ("plain", plain),
            ("posted_channel", posted_channel),
            ("ts", ts),
            ("sent_at", sent_at),
            ("verify_at", verify_at),
        )
        if value is not None
    }
    if channel is not None:
        values |= {"channel": channel, "rerouted": True}
    if state is Delivery.PENDING and message.call is Call.UPDATE and message.root is not None:
        _hold_roots(tx, [message.root])
        # Another edit may wait by now; it will show the same, so this one is done with.
        newer = aliased(OutboxRow)
        waits = tx.execute(
            select(col(newer.id)).where(
                col(newer.root) == message.root,
                col(newer.call) == str(Call.UPDATE),
                col(newer.state) == str(Delivery.PENDING),
            )
        ).first()
        if waits is not None:
            values |= {"state": str(Delivery.EXPIRED), "reason": "superseded"}
    done = tx.execute(
        update(OutboxRow)
        .where(
            col(OutboxRow.id) == message.id,
            col(OutboxRow.state) == str(message.state),
            col(OutboxRow.generation) == message.generation,
            col(OutboxRow.owner) == message.owner if message.owner else col(OutboxRow.owner).is_(None),
        )
        .values(**values)
    )
    return done.rowcount == 1


def finish_late(
    tx: Transaction, message: Message, *, posted_channel: str, ts: str, now: int, verify_at: int
) -> Late:
    """Settle a post that Slack took after its carrier had lost it; whoever held it since may have sent it, too."""
    row = tx.session.execute(
        select(OutboxRow).where(col(OutboxRow.id) == message.id).with_for_update()
    ).scalar_one()
    if row.state == str(Delivery.SENT) and row.ts == ts:
        return Late.SAME
    if row.state in (str(Delivery.PENDING), str(Delivery.UNKNOWN)):
        row.state, row.posted_channel, row.ts, row.sent_at = str(Delivery.SENT), posted_channel, ts, now
        row.generation += 1
        row.reason = "late"
        row.verify_at = verify_at
        return Late.ADOPTED
    # Whoever is to delete this copy may fail at that, or die: then it is found.
    row.verify_at = verify_at
    return Late.DOUBLE


def expire_leases(tx: Transaction, *, now: int, lease: int, settle: int) -> int:
    """Call unknown what a carrier took and did not bring back in time; it may have been sent. Gives how many.

    One that would end later than two whole leases from now was given by a clock that has been set back since.
    """
    lost = tx.execute(
        update(OutboxRow)
        .where(
            _UNFINISHED,
            col(OutboxRow.state) == str(Delivery.SENDING),
            or_(col(OutboxRow.lease_until) < now, col(OutboxRow.lease_until) > now + 2 * lease),
        )
        .values(
            state=str(Delivery.UNKNOWN),
            owner=None,
            generation=col(OutboxRow.generation) + 1,
            lease_until=None,
            next_at=now + settle,
            reason="lease_expired",
        )
    )
    return lost.rowcount


def claim_unknown(tx: Transaction, *, owner: str, now: int, lease: int, limit: int) -> list[Message]:
    """Take messages of unclear fate whose settle time is over, to look for them; the state stays ``unknown``."""
    numbers = (
        tx.execute(
            select(col(OutboxRow.id))
            .where(
                _UNFINISHED,
                col(OutboxRow.state) == str(Delivery.UNKNOWN),
                or_(col(OutboxRow.next_at) <= now, col(OutboxRow.next_at) > now + LONGEST_WAIT),
                or_(
                    col(OutboxRow.lease_until).is_(None),
                    col(OutboxRow.lease_until) < now,
                    col(OutboxRow.lease_until) > now + 2 * lease,
                ),
            )
            .order_by(col(OutboxRow.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        .scalars()
        .all()
    )
    if numbers:
        tx.execute(
            update(OutboxRow)
            .where(col(OutboxRow.id).in_(numbers))
            .values(owner=owner, generation=col(OutboxRow.generation) + 1, lease_until=now + lease)
        )
    return [get(tx, number) for number in numbers]


def to_verify(tx: Transaction, *, now: int, again_at: int, limit: int) -> list[Message]:
    """Give the messages sent twice, perhaps, whose second copy can be looked for by ``now``.

    They come up again at ``again_at`` unless `verified` is told of them, so that nobody's death leaves one out.
    """
    numbers = (
        tx.execute(
            select(col(OutboxRow.id))
            .where(or_(col(OutboxRow.verify_at) <= now, col(OutboxRow.verify_at) > now + LONGEST_WAIT))
            .order_by(col(OutboxRow.verify_at), col(OutboxRow.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        .scalars()
        .all()
    )
    if numbers:
        tx.execute(update(OutboxRow).where(col(OutboxRow.id).in_(numbers)).values(verify_at=again_at))
    return [get(tx, number) for number in numbers]


def doubt(tx: Transaction, number: int, *, verify_at: int) -> None:
    """Have a second copy of a message looked for: somebody sent one without learning what became of it.

    An edit leaves no second copy, however often it is made.
    """
    doubted = col(OutboxRow.id) == number, col(OutboxRow.call) != str(Call.UPDATE)
    tx.execute(update(OutboxRow).where(*doubted).values(verify_at=verify_at))


def verified(tx: Transaction, number: int) -> None:
    """Note that a message stands in Slack once."""
    tx.execute(update(OutboxRow).where(col(OutboxRow.id) == number).values(verify_at=None))


def note_content(tx: Transaction, number: int, content: str | None) -> None:
    """Note what a message shows by now; None while nobody knows."""
    tx.execute(update(OutboxRow).where(col(OutboxRow.id) == number).values(content=content))


def bury_orphans(tx: Transaction) -> int:
    """Let go of edits of, and replies to, messages that cannot be delivered; gives how many."""
    root = aliased(OutboxRow)
    gone = exists().where(
        col(root.id) == col(OutboxRow.root),
        col(root.state).in_([str(Delivery.DEAD), str(Delivery.EXPIRED)]),
    )
    buried = tx.execute(
        update(OutboxRow)
        .where(
            _UNFINISHED, col(OutboxRow.state) == str(Delivery.PENDING), col(OutboxRow.root).is_not(None), gone
        )
        .values(state=str(Delivery.EXPIRED), reason="root_dead")
    )
    return buried.rowcount


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
    )
