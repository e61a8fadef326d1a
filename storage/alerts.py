"""Alerts and every step of their lives.

Owns the tables ``alert`` and ``alert_transition``. What is to be done is decided in ``rules.alerts``; who is told
stands in ``storage.outbox``.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlmodel import Field, SQLModel, col

from rules.alerts.evidence import Evidence
from rules.alerts.states import AlertState, Reason, Resolution, Verb
from storage.counters import take
from storage.database import Transaction
from storage.sets import any_of


class AlertRow(SQLModel, table=True):
    """One rule holding for one customer, from entering to leaving."""

    __tablename__ = "alert"
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "id"),
        # The promise of at most one unresolved alert for a rule and a customer.
        Index(
            "alert_unresolved",
            "customer_id",
            "rule_id",
            unique=True,
            sqlite_where=text("state <> 'resolved'"),
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("alert_by_id", "id"),
        Index("alert_by_pair", "rule_id", "customer_id", "id"),
        Index("alert_by_root", "root", "id"),
        # With the state that it is about: it is enough for counting, then.
        Index(
            "alert_open",
            "id",
            "rule_id",
            "state",
            sqlite_where=text("state <> 'resolved'"),
            postgresql_where=text("state <> 'resolved'"),
        ),
        # Those that no message tells yet.
        Index(
            "alert_untold",
            "look_again_at",
            sqlite_where=text("root IS NULL AND state <> 'resolved'"),
            postgresql_where=text("root IS NULL AND state <> 'resolved'"),
        ),
        # Those that ended without anybody being told.
        Index(
            "alert_passed",
            "resolved_at",
            sqlite_where=text("root IS NULL AND state = 'resolved'"),
            postgresql_where=text("root IS NULL AND state = 'resolved'"),
        ),
        Index(
            "alert_snoozed",
            "snoozed_until",
            sqlite_where=text("snoozed_until IS NOT NULL"),
            postgresql_where=text("snoozed_until IS NOT NULL"),
        ),
        # Those that sleep until they worsen.
        Index(
            "alert_until_worse",
            "id",
            sqlite_where=text("worse_than IS NOT NULL"),
            postgresql_where=text("worse_than IS NOT NULL"),
        ),
        # Those that are kept open for a while.
        Index(
            "alert_leaving",
            "leaving_at",
            sqlite_where=text("leaving_at IS NOT NULL"),
            postgresql_where=text("leaving_at IS NOT NULL"),
        ),
        # Those that somebody is to be reminded of.
        Index(
            "alert_to_nag",
            "next_nag_at",
            sqlite_where=text("next_nag_at IS NOT NULL"),
            postgresql_where=text("next_nag_at IS NOT NULL"),
        ),
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    id: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    rule_id: int = Field(sa_column=Column(Integer, nullable=False))
    rule_version: int = Field(sa_column=Column(Integer, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    opened_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    root: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The outbox row of the message that tells it, once one does."""
    held_by: str | None = Field(default=None, sa_column=Column(Text))
    """The stage of the pipeline that holds it back from being told."""
    look_again_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When the pipeline is to look again at one that is held back; None: at every tick."""
    steps: int = Field(sa_column=Column(Integer, nullable=False))
    claimed_by: str | None = Field(default=None, sa_column=Column(Text))
    claimed_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    snoozed_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    snoozed_by: str | None = Field(default=None, sa_column=Column(Text))
    snoozed_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    snooze_reason: str | None = Field(default=None, sa_column=Column(Text))
    """What whoever snoozed it gave as a reason; empty where nothing."""
    worse_than: str | None = Field(default=None, sa_column=Column(Text))
    """Of one that sleeps until it worsens: the numbers that spoke for it at the snooze, as ``evidence`` is written."""
    resolved_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    resolved_by: str | None = Field(default=None, sa_column=Column(Text))
    resolution: str | None = Field(default=None, sa_column=Column(Text))
    leaving_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The condition has ceased to hold: until when the alert is kept open."""
    nag_from: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Since when it has stood there told and unclaimed: the clocks of reminders and escalation run from here."""
    next_nag_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When to look again whether somebody is to be reminded of it; None: nobody is."""
    reminded: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    """How often its thread was told that nobody has claimed it, since then."""
    escalated: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    """How many steps of its rule's escalation were taken, since then."""


class TransitionRow(SQLModel, table=True):
    """One step of an alert's life, with its reason and actor; never changed."""

    __tablename__ = "alert_transition"
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "alert_id", "seq"),
        Index("alert_transition_told", "told_in"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    alert_id: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    verb: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    actor: str | None = Field(default=None, sa_column=Column(Text))
    detail: str = Field(sa_column=Column(Text, nullable=False))
    told_in: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The outbox row of the message that tells this step."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands."""

    id: int
    customer_id: int
    rule_id: int
    rule_version: int
    state: AlertState
    reason: Reason
    opened_at: int
    evidence: tuple[Evidence, ...]
    root: int | None
    held_by: str | None
    look_again_at: int | None
    steps: int
    claimed_by: str | None
    claimed_at: int | None
    snoozed_until: int | None
    snoozed_by: str | None
    snoozed_at: int | None
    snooze_reason: str | None
    worse_than: tuple[Evidence, ...] | None
    resolved_at: int | None
    resolved_by: str | None
    resolution: Resolution | None
    leaving_at: int | None
    nag_from: int | None
    next_nag_at: int | None
    reminded: int
    escalated: int

    @property
    def unresolved(self) -> bool:
        """Whether the alert has not ended."""
        return self.state is not AlertState.RESOLVED


@dataclass(frozen=True, slots=True)
class OpenMember:
    """What a digest shows of one of its alerts that has not ended."""

    alert_id: int
    customer_id: int
    claimed_by: str | None
    snoozed_until: int | None
    snoozed_by: str | None
    rule_id: int
    rule_version: int


@dataclass(frozen=True, slots=True)
class OpenOf:
    """Of an alert that has not ended: of which rule it is, for whom, and since when."""

    id: int
    customer_id: int
    rule_id: int
    opened_at: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of a rule's alerts: how many opened, were told, in how many messages, claimed, ended without anybody."""

    rule_id: int
    opened: int
    posted: int
    messages: int
    claimed: int
    by_itself: int


@dataclass(frozen=True, slots=True)
class Opened:
    """Of an alert that has not ended: which version of which rule opened it, for whom and when."""

    rule_id: int
    rule_version: int
    customer_id: int
    opened_at: int


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an alert's life. ``detail`` holds what the verb needs: ``until``, ``resolution``, ``note``."""

    customer_id: int
    alert_id: int
    seq: int
    at: int
    verb: Verb
    reason: Reason
    actor: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """An alert to be opened; whether and with what it is told is asked afterwards."""

    customer_id: int
    rule_id: int
    rule_version: int
    reason: Reason
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step to be taken by an alert that exists. ``changes`` are columns of the alert that become what they say."""

    alert: Alert
    verb: Verb
    reason: Reason
    changes: Mapping[str, Any]
    actor: str | None = None
    detail: Mapping[str, Any] | None = None
    told_in: int | None = None


_CHANGEABLE = (
    "state",
    "claimed_by",
    "claimed_at",
    "snoozed_until",
    "snoozed_by",
    "snoozed_at",
    "snooze_reason",
    "worse_than",
    "resolved_at",
    "resolved_by",
    "resolution",
    "leaving_at",
    "nag_from",
    "next_nag_at",
    "reminded",
    "escalated",
)


# Written out, not bound: only then does the planner see that the index of the unresolved has all of them.
_OPEN = text("alert.state <> 'resolved'")


def number(tx: Transaction, n: int) -> range:
    """Take ``n`` numbers for alerts that are about to be opened."""
    return take(tx, "alert", n)


def open_all(tx: Transaction, openings: Sequence[Opening], ids: Sequence[int], *, now: int) -> None:
    """Open alerts under ``ids``, each with its first transition.

    Raises `sqlalchemy.exc.IntegrityError` where an unresolved one stands already: the caller decided on stale facts.
    """
    if not openings:
        return
    tx.execute(
        insert(AlertRow),
        [
            {
                "customer_id": opening.customer_id,
                "id": alert_id,
                "rule_id": opening.rule_id,
                "rule_version": opening.rule_version,
                "state": str(AlertState.OPEN),
                "reason": str(opening.reason),
                "opened_at": now,
                "evidence": _written(opening.evidence),
                "steps": 1,
                "reminded": 0,
                "escalated": 0,
            }
            for opening, alert_id in zip(openings, ids, strict=True)
        ],
    )
    tx.execute(
        insert(TransitionRow),
        [
            {
                "customer_id": opening.customer_id,
                "alert_id": alert_id,
                "seq": 1,
                "at": now,
                "verb": str(Verb.OPEN),
                "reason": str(opening.reason),
                "detail": "{}",
            }
            for opening, alert_id in zip(openings, ids, strict=True)
        ],
    )


def take_steps(tx: Transaction, steps: Sequence[Step], *, now: int) -> None:
    """Let alerts take their next steps: the alert changes and the transition is noted, together."""
    if not steps:
        return
    table = AlertRow.__table__  # type: ignore[attr-defined]
    rows = []
    for step in steps:
        unknown = set(step.changes) - set(_CHANGEABLE)
        if unknown:
            raise ValueError(f"not columns that a step may change: {sorted(unknown)}")
        values = {name: step.changes.get(name, getattr(step.alert, name)) for name in _CHANGEABLE}
        rows.append(
            {"b_customer": step.alert.customer_id, "b_id": step.alert.id, "b_steps": step.alert.steps + 1}
            | {f"b_{name}": _stored(name, value) for name, value in values.items()}
        )
    tx.execute(
        update(table)
        .where(table.c.customer_id == bindparam("b_customer"), table.c.id == bindparam("b_id"))
        .values(steps=bindparam("b_steps"), **{name: bindparam(f"b_{name}") for name in _CHANGEABLE}),
        rows,
    )
    tx.execute(
        insert(TransitionRow),
        [
            {
                "customer_id": step.alert.customer_id,
                "alert_id": step.alert.id,
                "seq": step.alert.steps + 1,
                "at": now,
                "verb": str(step.verb),
                "reason": str(step.reason),
                "actor": step.actor,
                "detail": json.dumps(dict(step.detail or {})),
                "told_in": step.told_in,
            }
            for step in steps
        ],
    )


def by_id(tx: Transaction, alert_id: int, *, lock: bool = False) -> Alert | None:
    """Give an alert; with ``lock`` nobody else moves it until the transaction ends."""
    statement = select(AlertRow).where(col(AlertRow.id) == alert_id)
    row = tx.session.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()
    return _alert(row) if row else None


def latest(
    tx: Transaction, rule_ids: Sequence[int], customer_ids: Sequence[int]
) -> dict[tuple[int, int], Alert]:
    """Give the latest alert of each (rule id, customer id), locked until the transaction ends; pairs without one lack."""
    chosen = any_of(tx.dialect, customer_ids, "int")
    newest = (
        select(func.max(col(AlertRow.id)))
        .where(col(AlertRow.rule_id).in_(rule_ids), col(AlertRow.customer_id).in_(chosen))
        .group_by(col(AlertRow.rule_id), col(AlertRow.customer_id))
    )
    # The customer stands in the statement again, so that its rows are found by the primary key.
    rows = tx.session.execute(
        select(AlertRow)
        .where(col(AlertRow.customer_id).in_(chosen), col(AlertRow.id).in_(newest))
        .order_by(col(AlertRow.id))
        .with_for_update()
    ).scalars()
    return {(row.rule_id, row.customer_id): _alert(row) for row in rows}


def latest_of(tx: Transaction, *, rule_id: int, customer_id: int) -> Alert | None:
    """Give the latest alert of a rule for a customer, ended or not."""
    row = tx.session.execute(
        select(AlertRow)
        .where(col(AlertRow.rule_id) == rule_id, col(AlertRow.customer_id) == customer_id)
        .order_by(col(AlertRow.id).desc())
        .limit(1)
    ).scalar_one_or_none()
    return _alert(row) if row else None


def unresolved(
    tx: Transaction,
    *,
    rule_id: int | None = None,
    customer_id: int | None = None,
    claimed_by: str | None = None,
    root: int | None = None,
    limit: int | None = None,
    offset: int = 0,
    lock: bool = False,
) -> list[Alert]:
    """Give alerts that have not ended, the newest first, from place ``offset`` on.

    With ``lock`` nobody else moves them until the transaction ends, and the oldest comes first: whoever locks several
    takes them in that order, and before any number of a counter, so that no two wait for each other.
    """
    statement = select(AlertRow).where(_OPEN)
    for column, value in (
        (AlertRow.rule_id, rule_id),
        (AlertRow.customer_id, customer_id),
        (AlertRow.claimed_by, claimed_by),
        (AlertRow.root, root),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    order = col(AlertRow.id).asc() if lock else col(AlertRow.id).desc()
    ordered = statement.order_by(order).limit(limit).offset(offset)
    rows = tx.session.execute(ordered.with_for_update() if lock else ordered).scalars()
    return [_alert(row) for row in rows]


_OPEN_OF: Final = text(
    "SELECT * FROM alert WHERE customer_id = :customer AND state <> 'resolved' ORDER BY id DESC"
)


def open_of(tx: Transaction, customer_id: int) -> list[Alert]:
    """Give a customer's alerts that have not ended, the newest first; quick, for the card."""
    return [_alert(row) for row in tx.execute(_OPEN_OF, {"customer": customer_id})]


def unresolved_pairs(tx: Transaction) -> list[tuple[int, int, str | None]]:
    """Give (alert id, customer id, who claimed it) of all that have not ended, the newest first; quick for thousands."""
    rows = tx.execute(
        select(col(AlertRow.id), col(AlertRow.customer_id), col(AlertRow.claimed_by))
        .where(_OPEN)
        .order_by(col(AlertRow.id).desc())
    )
    return [(row[0], row[1], row[2]) for row in rows]


def openings(tx: Transaction) -> list[Opened]:
    """Give how each alert that has not ended was opened, the oldest first; quick for thousands."""
    rows = tx.execute(
        select(
            col(AlertRow.rule_id),
            col(AlertRow.rule_version),
            col(AlertRow.customer_id),
            col(AlertRow.opened_at),
        )
        .where(_OPEN)
        .order_by(col(AlertRow.id))
    )
    return [Opened(*row) for row in rows]


def unresolved_count(tx: Transaction, *, rule_id: int | None = None, root: int | None = None) -> int:
    """Count alerts that have not ended."""
    statement = select(func.count()).select_from(AlertRow).where(_OPEN)
    if rule_id is not None:
        statement = statement.where(col(AlertRow.rule_id) == rule_id)
    if root is not None:
        statement = statement.where(col(AlertRow.root) == root)
    return int(tx.execute(statement).scalar_one())


_NO_ROOT: Final = text("alert.root IS NULL")
# What has ceased to hold, and is kept open in case it comes back, is not told until it does.
_UNTOLD: Final = text("alert.root IS NULL AND alert.state <> 'resolved' AND alert.leaving_at IS NULL")


def untold(
    tx: Transaction, *, now: int, never_again: str, alert_ids: Iterable[int] | None = None
) -> list[Alert]:
    """Give the alerts that no message tells and that the pipeline is to look at by ``now``, the oldest first.

    Those held back by the stage ``never_again`` until nobody knows when lack: something else tells them. Of
    ``alert_ids``, if given, all that are untold, locked until the transaction ends.
    """
    statement = select(AlertRow).where(_UNTOLD).order_by(col(AlertRow.id))
    if alert_ids is None:
        statement = statement.where(
            or_(
                col(AlertRow.held_by).is_(None),
                and_(col(AlertRow.held_by) != never_again, col(AlertRow.look_again_at).is_(None)),
                col(AlertRow.look_again_at) <= now,
            )
        )
    else:
        chosen = any_of(tx.dialect, alert_ids, "int")
        statement = statement.where(col(AlertRow.id).in_(chosen)).with_for_update()
    return [_alert(row) for row in tx.session.execute(statement).scalars()]


_UNTIL_WORSE: Final = text("alert.worse_than IS NOT NULL")


def until_worse(tx: Transaction, alert_ids: Iterable[int] | None = None) -> list[Alert]:
    """Give the unresolved alerts that sleep until they worsen; of ``alert_ids``, if given, locked."""
    statement = select(AlertRow).where(_UNTIL_WORSE, _OPEN).order_by(col(AlertRow.id))
    if alert_ids is not None:
        chosen = any_of(tx.dialect, alert_ids, "int")
        statement = statement.where(col(AlertRow.id).in_(chosen)).with_for_update()
    return [_alert(row) for row in tx.session.execute(statement).scalars()]


def open_of_customers(tx: Transaction, customer_ids: Iterable[int]) -> list[OpenOf]:
    """Give the unresolved alerts of these customers, the oldest first; quick for thousands."""
    rows = tx.execute(
        select(col(AlertRow.id), col(AlertRow.customer_id), col(AlertRow.rule_id), col(AlertRow.opened_at))
        .where(col(AlertRow.customer_id).in_(any_of(tx.dialect, customer_ids, "int")), _OPEN)
        .order_by(col(AlertRow.id))
    )
    return [OpenOf(*row) for row in rows]


def held(tx: Transaction) -> list[Alert]:
    """Give the alerts that no message tells and that a stage of the pipeline holds back, the oldest first."""
    statement = select(AlertRow).where(_UNTOLD, col(AlertRow.held_by).is_not(None)).order_by(col(AlertRow.id))
    return [_alert(row) for row in tx.session.execute(statement).scalars()]


_PASSED: Final = text("alert.root IS NULL AND alert.state = 'resolved'")


def passed(tx: Transaction, *, after: int, until: int) -> list[Alert]:
    """Give the alerts that were held back and ended, after an instant up to another, before any message told them."""
    statement = select(AlertRow).where(
        _PASSED,
        col(AlertRow.resolved_at) > after,
        col(AlertRow.resolved_at) <= until,
        col(AlertRow.held_by).is_not(None),
    )
    return [_alert(row) for row in tx.session.execute(statement.order_by(col(AlertRow.id))).scalars()]


def look_again(tx: Transaction, stages: Iterable[str], *, now: int, rule_id: int | None = None) -> None:
    """Let the pipeline look again by ``now`` at what these stages hold back: what they go by has changed.

    So it does at what is kept open only, should that come back. Of ``rule_id``, if given, alone.
    """
    held = update(AlertRow).where(_NO_ROOT, _OPEN, col(AlertRow.held_by).in_(list(stages)))
    if rule_id is not None:
        held = held.where(col(AlertRow.rule_id) == rule_id)
    tx.execute(held.values(look_again_at=now))


def tell_all(tx: Transaction, alert_ids: Sequence[int], *, root: int, now: int) -> None:
    """Note that one message tells these alerts, from ``now`` on: nobody has claimed them yet."""
    chosen = any_of(tx.dialect, alert_ids, "int")
    tx.execute(
        update(AlertRow)
        .where(col(AlertRow.id).in_(chosen))
        .values(root=root, held_by=None, look_again_at=None, nag_from=now, next_nag_at=now)
    )


def leave_at(tx: Transaction, leaving: Iterable[tuple[int, int, int | None]]) -> None:
    """Set until when alerts whose condition has ceased are kept open: (customer id, alert id, instant or None)."""
    rows = [{"b_customer": customer, "b_id": number, "b_at": at} for customer, number, at in leaving]
    if rows:
        table = AlertRow.__table__  # type: ignore[attr-defined]
        tx.execute(
            update(table)
            .where(table.c.customer_id == bindparam("b_customer"), table.c.id == bindparam("b_id"))
            .values(leaving_at=bindparam("b_at")),
            rows,
        )


def due_to_nag(tx: Transaction, *, now: int) -> list[tuple[int, int]]:
    """Give (alert id, root) of those that it is time to look at for reminders, the oldest first."""
    # Put in order here: asked to do it, SQLite would read the whole table in that order.
    rows = tx.execute(
        select(col(AlertRow.id), col(AlertRow.root)).where(
            col(AlertRow.next_nag_at) <= now, col(AlertRow.root).is_not(None)
        )
    )
    return sorted((row[0], row[1]) for row in rows)


def to_nag(tx: Transaction, alert_ids: Sequence[int], *, now: int) -> list[Alert]:
    """Give those of ``alert_ids`` that it still is time to look at, the oldest first, locked until the transaction ends."""
    rows = tx.session.execute(
        select(AlertRow)
        .where(
            col(AlertRow.id).in_(any_of(tx.dialect, alert_ids, "int")),
            col(AlertRow.next_nag_at) <= now,
        )
        .order_by(col(AlertRow.id))
        .with_for_update()
    ).scalars()
    return [_alert(row) for row in rows]


def nag_at(tx: Transaction, moved: Iterable[tuple[int, int, int | None]]) -> None:
    """Set when to look at alerts again for reminders: (customer id, alert id, instant or None)."""
    rows = [{"b_customer": customer, "b_id": number, "b_at": at} for customer, number, at in moved]
    if rows:
        table = AlertRow.__table__  # type: ignore[attr-defined]
        tx.execute(
            update(table)
            .where(table.c.customer_id == bindparam("b_customer"), table.c.id == bindparam("b_id"))
            .values(next_nag_at=bindparam("b_at")),
            rows,
        )


def nag_later(tx: Transaction, some: Iterable[Alert], *, since: int, again_at: int) -> None:
    """Let the clocks of alerts run from ``since``, and look at them again at ``again_at``."""
    rows = [{"b_customer": one.customer_id, "b_id": one.id} for one in some]
    if rows:
        table = AlertRow.__table__  # type: ignore[attr-defined]
        tx.execute(
            update(table)
            .where(table.c.customer_id == bindparam("b_customer"), table.c.id == bindparam("b_id"))
            .values(nag_from=since, next_nag_at=again_at),
            rows,
        )


def nag_anew(tx: Transaction, rule_id: int, *, now: int) -> None:
    """Let the clocks of a rule's open alerts run anew from ``now``: what the rule says of them has changed."""
    tx.execute(
        update(AlertRow)
        .where(
            col(AlertRow.rule_id) == rule_id,
            _OPEN,
            col(AlertRow.root).is_not(None),
            col(AlertRow.claimed_by).is_(None),
            col(AlertRow.snoozed_until).is_(None),
        )
        .values(nag_from=now, next_nag_at=now, reminded=0, escalated=0)
    )


def opened_at(tx: Transaction, rule_id: int, customer_ids: Sequence[int]) -> dict[int, int]:
    """Give when a rule's open alerts of these customers opened, by customer id; those without one lack."""
    rows = tx.execute(
        select(col(AlertRow.customer_id), col(AlertRow.opened_at)).where(
            col(AlertRow.customer_id).in_(any_of(tx.dialect, customer_ids, "int")),
            col(AlertRow.rule_id) == rule_id,
            _OPEN,
        )
    )
    return {row[0]: row[1] for row in rows}


def hold_back(tx: Transaction, held: Iterable[tuple[int, str, int | None]]) -> None:
    """Note which stage holds alerts back, and when to look again: (alert id, stage, instant or None)."""
    rows = [{"b_id": alert_id, "b_stage": stage, "b_again": again} for alert_id, stage, again in held]
    if rows:
        table = AlertRow.__table__  # type: ignore[attr-defined]
        tx.execute(
            update(table)
            .where(table.c.id == bindparam("b_id"))
            .values(held_by=bindparam("b_stage"), look_again_at=bindparam("b_again")),
            rows,
        )


def of_root(tx: Transaction, root: int, *, limit: int | None = None) -> list[Alert]:
    """Give the alerts that one message tells, in the order of their opening."""
    statement = select(AlertRow).where(col(AlertRow.root) == root).order_by(col(AlertRow.id)).limit(limit)
    return [_alert(row) for row in tx.session.execute(statement).scalars()]


def of_customer(tx: Transaction, customer_id: int, *, limit: int | None = None) -> list[Alert]:
    """Give a customer's alerts, ended ones too, the newest first."""
    statement = select(AlertRow).where(col(AlertRow.customer_id) == customer_id)
    return [
        _alert(row)
        for row in tx.session.execute(statement.order_by(col(AlertRow.id).desc()).limit(limit)).scalars()
    ]


def open_of_root(tx: Transaction, root: int) -> list[OpenMember]:
    """Give those alerts of one message that have not ended, in the order of their opening; quick for thousands."""
    rows = tx.execute(
        select(
            col(AlertRow.id),
            col(AlertRow.customer_id),
            col(AlertRow.claimed_by),
            col(AlertRow.snoozed_until),
            col(AlertRow.snoozed_by),
            col(AlertRow.rule_id),
            col(AlertRow.rule_version),
        )
        .where(col(AlertRow.root) == root, _OPEN)
        .order_by(col(AlertRow.id))
    )
    return [OpenMember(*row) for row in rows]


def any_open(tx: Transaction, root: int) -> bool:
    """Tell whether one of the alerts that a message tells has not ended."""
    return (
        tx.execute(select(col(AlertRow.id)).where(col(AlertRow.root) == root, _OPEN).limit(1)).first()
        is not None
    )


def resolutions(tx: Transaction, root: int) -> dict[str, int]:
    """Count how the alerts that one message tells have ended; those that have not count under ``open``."""
    rows = tx.execute(
        select(col(AlertRow.resolution), func.count())
        .where(col(AlertRow.root) == root)
        .group_by(col(AlertRow.resolution))
    )
    return {row[0] or "open": row[1] for row in rows}


def due(tx: Transaction, rule_ids: Sequence[int], *, now: int) -> list[Alert]:
    """Give the unresolved alerts of these rules whose snooze is over at ``now``, or that are kept open no longer."""
    found = {
        row.id: _alert(row)
        for over in (col(AlertRow.snoozed_until) <= now, col(AlertRow.leaving_at) <= now)
        for row in tx.session.execute(
            select(AlertRow).where(over, col(AlertRow.rule_id).in_(rule_ids), _OPEN)
        ).scalars()
    }
    return list(found.values())


_BY_ITSELF: Final = (str(Resolution.RECOVERED), str(Resolution.EXPIRED))


def outcomes(tx: Transaction, *, since: int) -> list[Outcomes]:
    """Count rule by rule what came of the alerts that opened at ``since`` or later."""
    alone = col(AlertRow.resolved_by).is_(None) & col(AlertRow.resolution).in_(_BY_ITSELF)
    rows = tx.execute(
        select(
            col(AlertRow.rule_id),
            func.count(),
            func.count(col(AlertRow.root)),
            func.count(func.distinct(col(AlertRow.root))),
            func.count(col(AlertRow.claimed_at)),
            func.sum(case((alone, 1), else_=0)),
        )
        .where(col(AlertRow.opened_at) >= since)
        .group_by(col(AlertRow.rule_id))
    )
    return [Outcomes(*(int(value) for value in row)) for row in rows]


def claim_waits(tx: Transaction, *, since: int) -> list[tuple[int, int]]:
    """Give (rule id, milliseconds to the claim) of the claimed alerts that opened at ``since`` or later."""
    rows = tx.execute(
        select(col(AlertRow.rule_id), col(AlertRow.claimed_at) - col(AlertRow.opened_at)).where(
            col(AlertRow.opened_at) >= since, col(AlertRow.claimed_at).is_not(None)
        )
    )
    return [(row[0], int(row[1])) for row in rows]


def open_before(tx: Transaction, *, rule_id: int, before: int) -> list[int]:
    """Give the numbers of a rule's unresolved alerts that opened before an instant, the oldest first."""
    return list(
        tx.execute(
            select(col(AlertRow.id))
            .where(_OPEN, col(AlertRow.rule_id) == rule_id, col(AlertRow.opened_at) < before)
            .order_by(col(AlertRow.id))
        ).scalars()
    )


def transitions(tx: Transaction, alert: Alert) -> list[Transition]:
    """Give every step of an alert's life, the first one first."""
    rows = tx.session.execute(
        select(TransitionRow)
        .where(col(TransitionRow.customer_id) == alert.customer_id, col(TransitionRow.alert_id) == alert.id)
        .order_by(col(TransitionRow.seq))
    ).scalars()
    return [_transition(row) for row in rows]


def told_in(tx: Transaction, outbox_id: int) -> list[Transition]:
    """Give the steps that one message tells, in the order of the alerts."""
    rows = tx.session.execute(
        select(TransitionRow)
        .where(col(TransitionRow.told_in) == outbox_id)
        .order_by(col(TransitionRow.alert_id))
    ).scalars()
    return [_transition(row) for row in rows]


def by_ids(tx: Transaction, alert_ids: Iterable[int], *, lock: bool = False) -> dict[int, Alert]:
    """Give alerts by their numbers; with ``lock`` nobody else moves them until the transaction ends."""
    chosen = any_of(tx.dialect, alert_ids, "int")
    statement = select(AlertRow).where(col(AlertRow.id).in_(chosen)).order_by(col(AlertRow.id))
    rows = tx.session.execute(statement.with_for_update() if lock else statement).scalars()
    return {row.id: _alert(row) for row in rows}


def _stored(name: str, value: Any) -> Any:
    if value and name in ("state", "resolution"):
        return str(value)
    return _written(value) if name == "worse_than" and value is not None else value


def _written(evidence: Iterable[Evidence]) -> str:
    return json.dumps([[one.term, one.value] for one in evidence])


def _read(text: str) -> tuple[Evidence, ...]:
    return tuple(Evidence(term=term, value=value) for term, value in json.loads(text))


def _alert(row: Any) -> Alert:
    return Alert(
        id=row.id,
        customer_id=row.customer_id,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        state=AlertState(row.state),
        reason=Reason(row.reason),
        opened_at=row.opened_at,
        evidence=_read(row.evidence),
        root=row.root,
        held_by=row.held_by,
        look_again_at=row.look_again_at,
        steps=row.steps,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        snoozed_until=row.snoozed_until,
        snoozed_by=row.snoozed_by,
        snoozed_at=row.snoozed_at,
        snooze_reason=row.snooze_reason,
        worse_than=None if row.worse_than is None else _read(row.worse_than),
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        resolution=Resolution(row.resolution) if row.resolution else None,
        leaving_at=row.leaving_at,
        nag_from=row.nag_from,
        next_nag_at=row.next_nag_at,
        reminded=row.reminded,
        escalated=row.escalated,
    )


def _transition(row: TransitionRow) -> Transition:
    return Transition(
        customer_id=row.customer_id,
        alert_id=row.alert_id,
        seq=row.seq,
        at=row.at,
        verb=Verb(row.verb),
        reason=Reason(row.reason),
        actor=row.actor,
        detail=json.loads(row.detail),
    )
