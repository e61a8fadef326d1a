"""How fast a channel may be written to.

Owns the table ``pace``: one slot a second for posts, and one for edits, in each channel; a refusal holds the channel.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    PrimaryKeyConstraint,
    Text,
    func,
    select,
    text,
)
from sqlmodel import Field, SQLModel, col

from rules.alerts.retry import LONGEST_WAIT
from storage.database import Transaction

EVERYWHERE = "*"
"""Stands where a channel would: nothing can be sent to anywhere."""


class Pace(SQLModel, table=True):
    """From when on a channel takes the next post (lane ``post``) or the next edit (lane ``edit``)."""

    __table_args__ = (PrimaryKeyConstraint("channel", "lane"),)

    channel: str = Field(sa_column=Column(Text, nullable=False))
    lane: str = Field(sa_column=Column(Text, nullable=False))
    next_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str | None = Field(default=None, sa_column=Column(Text))
    """Why the channel is held, as Slack said it; nothing where it only keeps its pace."""


_TAKE = text(
    "INSERT INTO pace (channel, lane, next_at) VALUES (:channel, :lane, :until) "
    "ON CONFLICT (channel, lane) DO UPDATE SET next_at = :until, reason = NULL "
    # An instant that lies too far ahead was written by a clock that has been set back since.
    "WHERE pace.next_at <= :now OR pace.next_at > :far"
)
_TAKE_UNLESS_TAKEN = text(
    "INSERT INTO pace (channel, lane, next_at) SELECT :channel, :lane, CAST(:until AS bigint) "
    # Another process takes it at this instant, or was stopped in the midst of that: nobody waits for it.
    "WHERE NOT EXISTS (SELECT FROM pace p WHERE p.channel = :channel AND p.lane = :lane) "
    "OR EXISTS (SELECT FROM pace p WHERE p.channel = :channel AND p.lane = :lane FOR UPDATE SKIP LOCKED) "
    "ON CONFLICT (channel, lane) DO UPDATE SET next_at = excluded.next_at, reason = NULL "
    "WHERE pace.next_at <= :now OR pace.next_at > :far"
)
_HOLD = text(
    "INSERT INTO pace (channel, lane, next_at, reason) VALUES (:channel, :lane, :until, :reason) "
    "ON CONFLICT (channel, lane) DO UPDATE SET next_at = :until, reason = :reason"
)


def take(tx: Transaction, *, channel: str, lane: str, now: int, interval: int) -> bool:
    """Take a channel's next slot; False where it is not time yet, another takes it just now, or everything is held."""
    held = tx.execute(select(func.max(col(Pace.next_at))).where(col(Pace.channel) == EVERYWHERE)).scalar_one()
    if held is not None and now < held <= now + LONGEST_WAIT:
        return False
    params = {
        "channel": channel,
        "lane": lane,
        "now": now,
        "until": now + interval,
        "far": now + LONGEST_WAIT,
    }
    statement = _TAKE if tx.dialect == "sqlite" else _TAKE_UNLESS_TAKEN
    return tx.execute(statement, params).rowcount == 1


def hold(tx: Transaction, *, channel: str, until: int, reason: str) -> None:
    """Send nothing to ``channel`` (or `EVERYWHERE`) before ``until``."""
    # In the order in which slots are taken, so that nobody waits in a circle.
    for lane in ("edit", "post"):
        tx.execute(_HOLD, {"channel": channel, "lane": lane, "until": until, "reason": reason})


def free(tx: Transaction, channel: str) -> None:
    """Let a channel take messages again at once, as when somebody has mended it."""
    tx.execute(
        text("UPDATE pace SET next_at = 0, reason = NULL WHERE channel = :channel"), {"channel": channel}
    )


def held(tx: Transaction, *, now: int) -> dict[str, str]:
    """Give the channels that are held at ``now`` for a reason, with it."""
    rows = tx.execute(
        select(col(Pace.channel), col(Pace.reason)).where(
            col(Pace.next_at) > now, col(Pace.reason).is_not(None)
        )
    )
    return {row[0]: row[1] for row in rows}
