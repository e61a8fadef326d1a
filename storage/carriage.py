"""Carrying messages to Slack: who may take what and when, and what came of it.

Works on the table ``outbox``, which `storage.outbox` owns, and of it only on what carrying changes. Every finish is
fenced by the carrier and the generation under which it took the message. It must not know what a message says, nor
Slack.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, func, or_, select, text, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from rules.alerts.retry import LONGEST_WAIT, Delivery
from storage import pace
from storage.database import Transaction
from storage.outbox import TELLING, UNFINISHED, Call, Message, OutboxRow, get, hold_roots
from storage.sets import any_of


class Late(StrEnum):
    """What became of a message whose carrier came back after it had lost the message to another."""

    SAME = "same"
    """The other found this very message in Slack."""
    ADOPTED = "adopted"
    """Nobody had sent it again yet: this one counts."""
    DOUBLE = "double"
    """Another copy was sent, or is being sent: this one must go."""


# Written out, not bound: only then does the planner see that the partial indexes have all that is asked for.
_READY = text(
    "SELECT id, priority, place, lane FROM (SELECT o.id AS id, o.priority AS priority, coalesce(r.posted_channel, o.channel) AS place, "
    "CASE WHEN o.call = 'update' THEN 'edit' ELSE 'post' END AS lane, row_number() OVER ("
    "PARTITION BY coalesce(r.posted_channel, o.channel), CASE WHEN o.call = 'update' THEN 'edit' ELSE 'post' END "
    "ORDER BY o.priority, o.id) AS turn "
    "FROM outbox o LEFT JOIN outbox r ON r.id = o.root "
    "WHERE o.state = 'pending' AND o.state IN ('forming', 'pending', 'sending', 'unknown') AND (o.next_at <= :now OR o.next_at > :far) "
    "AND (o.root IS NULL OR (r.state = 'sent' AND NOT EXISTS ("
    # Replies keep their order, and of two edits the later must land last.
    "SELECT 1 FROM outbox e WHERE e.root = o.root AND e.call = o.call AND e.id < o.id "
    "AND e.state IN ('pending', 'sending', 'unknown'))))) AS ready WHERE turn = 1"
)


_ALONE: dict[str, Any] = {"call": str(Call.POST), "root": None}


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

    Of what waits for a channel the first by priority goes, and of those the one asked for first. A reply or an edit
    waits until its root is sent, and until the ones before it are through. ``lease`` and ``interval`` in milliseconds. Two that claim at once never get the same message, nor a channel's slot twice.
    ``place_of`` gives the one name that a channel is paced under, whichever it was named by.
    """
    params = {"now": now, "far": now + LONGEST_WAIT}
    ready = [(place_of(row[2]), row[3], row[1], row[0]) for row in tx.execute(_READY, params)]
    taken: list[Message] = []
    # In one order, so that two who claim at once never wait for each other in a circle.
    for place, lane, _, number in sorted(ready):
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
    rerouted: bool = False,
    plain: bool | None = None,
    posted_channel: str | None = None,
    ts: str | None = None,
    sent_at: int | None = None,
    verify_at: int | None = None,
    looks: int = 0,
    unread_since: int | None = None,
    stuck: bool = False,
    alone: bool = False,
) -> bool:
    """Say what came of a message; False where the carrier had lost it to another meanwhile (nothing is written then).

    ``channel``: it goes there now, and ``rerouted`` says that this is not where it belongs. ``looks``, ``unread_since`` and ``stuck`` are those of a message that is looked for, and nothing for any other.
    ``alone``: it is a reply to nothing any more.
    """
    values: dict[str, Any] = {"state": str(state), "reason": reason, "lease_until": None, "owner": None}
    values |= {"looks": looks, "unread_since": unread_since, "stuck": stuck}
    if state is Delivery.UNKNOWN:
        values["unclear"] = True
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
        values |= {"channel": channel, "rerouted": rerouted}
    if alone:
        values |= _ALONE
    if state is Delivery.PENDING and message.call is Call.UPDATE and message.root is not None:
        hold_roots(tx, [message.root])
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
        row.unclear, row.looks = True, 0
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
            UNFINISHED,
            col(OutboxRow.state) == str(Delivery.SENDING),
            or_(col(OutboxRow.lease_until) < now, col(OutboxRow.lease_until) > now + 2 * lease),
        )
        .values(
            state=str(Delivery.UNKNOWN),
            owner=None,
            unclear=True,
            looks=0,
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
                UNFINISHED,
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
    doubted = update(OutboxRow).where(col(OutboxRow.id) == number, col(OutboxRow.call) != str(Call.UPDATE))
    tx.execute(doubted.values(verify_at=verify_at, looks=0, unclear=True))


def looked(tx: Transaction, number: int, *, looks: int, again_at: int | None) -> None:
    """Note how often a second copy was looked for, and when to look again; None: the message stands in Slack once."""
    tx.execute(update(OutboxRow).where(col(OutboxRow.id) == number).values(verify_at=again_at, looks=looks))


def root_gone(tx: Transaction, root: Message, *, state: Delivery, reason: str, now: int) -> bool:
    """Note that somebody deleted what was posted; ``state`` is pending where it is to be posted anew.

    False where that is known already: of many edits and replies that find out, one counts.
    """
    again = {"gone": " ".join([*root.gone, root.ts or ""]), "attempts": 0, "first_tried_at": None}
    again |= {
        "ts": None,
        "content": None,
        "next_at": now,
        "sent_at": None,
        "verify_at": None,
        "unclear": False,
    }
    noted = tx.execute(
        update(OutboxRow)
        .where(
            col(OutboxRow.id) == root.id,
            col(OutboxRow.state) == str(Delivery.SENT),
            col(OutboxRow.ts) == root.ts,
        )
        .values(
            state=str(state),
            reason=reason,
            generation=col(OutboxRow.generation) + 1,
            **(again if state is Delivery.PENDING else {}),
        )
    )
    return noted.rowcount == 1


def redirect(tx: Transaction, rule_id: int, *, was: Collection[str], channel: str, now: int) -> int:
    """Let what waits for the channel that a rule had (its names are ``was``) go to the one that it has now, at once; gives how many.

    So does what waits elsewhere because that channel was dead. What is being carried, or looked for, finds its way when
    it comes back.
    """
    waiting = select(col(OutboxRow.id)).where(
        UNFINISHED,
        col(OutboxRow.rule_id) == rule_id,
        col(OutboxRow.call) == str(Call.POST),
        col(OutboxRow.state).in_([str(Delivery.FORMING), str(Delivery.PENDING)]),
        or_(col(OutboxRow.channel).in_(was), col(OutboxRow.rerouted)),
    )
    # Whoever carries one just now is not waited for: two could wait for each other.
    numbers = (
        tx.execute(waiting.order_by(col(OutboxRow.id)).with_for_update(skip_locked=True)).scalars().all()
    )
    if numbers:
        tx.execute(
            update(OutboxRow)
            .where(col(OutboxRow.id).in_(any_of(tx.dialect, numbers, "int")))
            .values(channel=channel, rerouted=False, next_at=now)
        )
    return len(numbers)


def note_content(tx: Transaction, number: int, content: str | None) -> None:
    """Note what a message shows by now; None while nobody knows."""
    tx.execute(update(OutboxRow).where(col(OutboxRow.id) == number).values(content=content))


def bury_orphans(tx: Transaction) -> int:
    """Let go of edits of, and replies to, messages that cannot be delivered; gives how many.

    What tells alerts under the head of a day's thread is not let go: it is posted by itself.
    """
    root = aliased(OutboxRow)
    orphans = (
        UNFINISHED,
        col(OutboxRow.state) == str(Delivery.PENDING),
        col(OutboxRow.root).is_not(None),
        exists().where(
            col(root.id) == col(OutboxRow.root),
            col(root.state).in_([str(Delivery.DEAD), str(Delivery.EXPIRED)]),
        ),
    )
    telling = col(OutboxRow.subject).in_([str(one) for one in TELLING])
    alone = update(OutboxRow).where(*orphans, col(OutboxRow.call) == str(Call.REPLY), telling)
    tx.execute(alone.values(**_ALONE))
    buried = update(OutboxRow).where(*orphans).values(state=str(Delivery.EXPIRED), reason="root_dead")
    return tx.execute(buried).rowcount
