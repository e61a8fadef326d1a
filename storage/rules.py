"""Rules and their versions.

Owns the tables ``rule`` and ``rule_version``. It must not know what a condition means: it is a text in here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Select,
    Text,
    bindparam,
    case,
    func,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel, col

from rules.alerts.rule import RuleBody, RuleChange, RuleState
from rules.errors import WarmlineError
from storage.counters import take
from storage.database import Transaction


class RuleRow(SQLModel, table=True):
    """A rule under its name; what it says stands in its versions."""

    __tablename__ = "rule"
    __table_args__ = (
        # A removed rule leaves its name free.
        Index(
            "rule_by_name",
            "name",
            unique=True,
            sqlite_where=text("state <> 'removed'"),
            postgresql_where=text("state <> 'removed'"),
        ),
    )

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    """Raised by whatever is done to the rule, a pause too: a sweep goes on with a rule only while this stays."""
    change: str | None = Field(default=None, sa_column=Column(Text))
    """What happened to the rule since a sweep last went through with it."""
    swept_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The instant of the last sweep that began to write for this rule."""
    settled_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The instant of the last sweep that went through with it: what is stored is true of then. None: not at all."""
    basis: str | None = Field(default=None, sa_column=Column(Text))
    """What that sweep took for granted beside the rule; under another basis all is to be evaluated anew."""
    matched: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    """For how many customers it holds: counting the matches of a large rule is slow."""
    degraded: str | None = Field(default=None, sa_column=Column(Text))
    """Why its messages do not reach their channel, if so: Slack's error."""


class RuleVersion(SQLModel, table=True):
    """What a rule said from one edit to the next; never changed, never deleted."""

    __tablename__ = "rule_version"
    __table_args__ = (PrimaryKeyConstraint("rule_id", "version"), {"sqlite_with_rowid": False})

    rule_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    version: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    condition: str = Field(sa_column=Column(Text, nullable=False))
    channel: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    severity: str = Field(sa_column=Column(Text, nullable=False))
    backlog: str = Field(sa_column=Column(Text, nullable=False))
    action: str = Field(sa_column=Column(Text, nullable=False))
    cooldown: int = Field(sa_column=Column(BigInteger, nullable=False))
    pending: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    keep: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    remind: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    escalate: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    hides: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    unreadable: str = Field(default="repeat", sa_column=Column(Text, nullable=False, server_default="repeat"))
    author: str = Field(sa_column=Column(Text, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    diff: str = Field(sa_column=Column(Text, nullable=False))


class RuleExistsError(WarmlineError):
    """There is a rule of this ``name`` already."""

    code: ClassVar[str] = "rule_exists"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with what its current version says."""

    id: int
    name: str
    state: RuleState
    version: int
    revision: int
    body: RuleBody
    change: RuleChange | None
    swept_at: int | None
    settled_at: int | None
    basis: str | None
    matched: int
    degraded: str | None
    author: str
    at: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a rule: who said what, when, and how it differs from the one before."""

    version: int
    body: RuleBody
    author: str
    at: int
    diff: str


def listing(
    tx: Transaction, *, states: Iterable[RuleState] = (RuleState.ACTIVE, RuleState.PAUSED)
) -> list[Rule]:
    """Give the rules in any of ``states``, by name."""
    wanted = [str(state) for state in states]
    return [
        _rule(row, version)
        for row, version in tx.session.execute(
            _joined().where(col(RuleRow.state).in_(wanted)).order_by(col(RuleRow.name))
        )
    ]


def lock_all(tx: Transaction) -> None:
    """Lock every rule until the transaction ends, in the order that all keep."""
    tx.execute(select(col(RuleRow.id)).order_by(col(RuleRow.id)).with_for_update()).all()


def by_name(tx: Transaction, name: str, *, lock: bool = False) -> Rule | None:
    """Give the rule of that very name, unless it was removed; with ``lock`` nobody else changes it meanwhile."""
    chosen = (col(RuleRow.name) == name, col(RuleRow.state) != str(RuleState.REMOVED))
    if lock:
        # First the lock, then what there is to read: who waited for it reads what the other has written.
        tx.session.execute(select(col(RuleRow.id)).where(*chosen).with_for_update()).first()
    found = tx.session.execute(_joined().where(*chosen)).first()
    return _rule(*found) if found else None


def by_id(tx: Transaction, rule_id: int) -> Rule | None:
    """Give a rule, removed ones too."""
    found = tx.session.execute(_joined().where(col(RuleRow.id) == rule_id)).first()
    return _rule(*found) if found else None


def history(tx: Transaction, rule_id: int) -> list[Version]:
    """Give every version of a rule, the newest first."""
    rows = tx.session.execute(
        select(RuleVersion)
        .where(col(RuleVersion.rule_id) == rule_id)
        .order_by(col(RuleVersion.version).desc())
    ).scalars()
    return [
        Version(version=row.version, body=_body(row), author=row.author, at=row.at, diff=row.diff)
        for row in rows
    ]


def version_of(tx: Transaction, rule_id: int, version: int) -> Version:
    """Give one version of a rule; raises `sqlalchemy.exc.NoResultFound` where there is none."""
    row = tx.session.execute(
        select(RuleVersion).where(col(RuleVersion.rule_id) == rule_id, col(RuleVersion.version) == version)
    ).scalar_one()
    return Version(version=row.version, body=_body(row), author=row.author, at=row.at, diff=row.diff)


def add(tx: Transaction, *, name: str, body: RuleBody, author: str, now: int, diff: str) -> Rule:
    """Store a new rule, active; the next sweep evaluates it. Raises `RuleExistsError` where the name is taken."""
    rule_id = take(tx, "rule")[0]
    row = RuleRow(
        id=rule_id,
        name=name,
        state=str(RuleState.ACTIVE),
        version=1,
        revision=1,
        change=str(RuleChange.ADDED),
    )
    tx.session.add(row)
    try:
        tx.session.flush()
    except IntegrityError as error:
        # Somebody else took the name after the caller had looked.
        raise RuleExistsError(name=name) from error
    version = _store_version(tx, rule_id=rule_id, version=1, body=body, author=author, now=now, diff=diff)
    return _rule(row, version)


def edit(tx: Transaction, rule: Rule, *, body: RuleBody, author: str, now: int, diff: str) -> Rule:
    """Store the next version of ``rule``; only another condition (canonical text) makes the next sweep settle it anew."""
    row = tx.session.get_one(RuleRow, rule.id)
    row.version = rule.version + 1
    row.revision += 1
    # Who is told, where and how often may change without anyone entering or leaving by it. A rule that no sweep has
    # begun to write for is still a new one.
    if body.condition != rule.body.condition and row.swept_at is not None:
        row.change = str(RuleChange.EDITED)
    version = _store_version(
        tx, rule_id=rule.id, version=row.version, body=body, author=author, now=now, diff=diff
    )
    return _rule(row, version)


def set_meaning_edited(tx: Transaction, rule_ids: Iterable[int]) -> None:
    """Note that the conditions of these rules mean something else than before: the next sweep settles them anew."""
    edited = case((col(RuleRow.swept_at).is_not(None), str(RuleChange.EDITED)), else_=col(RuleRow.change))
    tx.execute(
        update(RuleRow)
        .where(col(RuleRow.id).in_(list(rule_ids)))
        .values(change=edited, revision=col(RuleRow.revision) + 1)
    )


def set_state(tx: Transaction, rule: Rule, state: RuleState) -> None:
    """Pause, resume or remove a rule; one that is resumed is evaluated as if edited."""
    row = tx.session.get_one(RuleRow, rule.id)
    if state is RuleState.REMOVED:
        row.matched = 0
    if state is RuleState.ACTIVE and row.state == RuleState.PAUSED and row.change is None:
        row.change = str(RuleChange.RESUMED)
    row.state = str(state)
    row.revision += 1
    tx.session.flush()


def set_degraded(tx: Transaction, rule_id: int, reason: str | None) -> bool:
    """Note why a rule's messages do not reach their channel, or that they do again; False where it is known already."""
    noted = tx.execute(
        update(RuleRow)
        .where(col(RuleRow.id) == rule_id, col(RuleRow.degraded).is_distinct_from(reason))
        .values(degraded=reason)
    )
    return noted.rowcount == 1


def moved_to(tx: Transaction, rule_id: int, channel: str, *, default: str) -> str | None:
    """Give the channel that a rule has now, where ``channel`` is one that it had before; ``default`` where it names none."""
    versions = tx.execute(
        select(col(RuleVersion.channel))
        .where(col(RuleVersion.rule_id) == rule_id)
        .order_by(col(RuleVersion.version))
    ).scalars()
    had = [named or default for named in versions]
    return had[-1] if had and had[-1] != channel and channel in had else None


def last_swept(tx: Transaction) -> int | None:
    """Give the latest instant at which any active rule was swept."""
    found: int | None = tx.execute(
        select(func.max(col(RuleRow.swept_at))).where(col(RuleRow.state) == str(RuleState.ACTIVE))
    ).scalar_one()
    return found


def begin_sweep(tx: Transaction, rule_ids: Iterable[int], *, now: int) -> None:
    """Note that a sweep at ``now`` begins to write for these rules: no earlier one may follow."""
    tx.execute(update(RuleRow).where(col(RuleRow.id).in_(list(rule_ids))).values(swept_at=now))


def finish_sweep(
    tx: Transaction, revisions: Iterable[tuple[int, int]], *, now: int, bases: Mapping[int, str]
) -> None:
    """Note that a sweep at ``now`` went through with these (rule id, revision) pairs, and on which basis, by rule id.

    A rule that something was done to meanwhile keeps its mark, and is settled no more: the sweep has left out
    customers of it, even where it was paused and is watched again.
    """
    swept = sorted(revisions)
    rule_ids = [rule_id for rule_id, _ in swept]
    statement = (
        select(col(RuleRow.id), col(RuleRow.revision))
        .where(col(RuleRow.id).in_(rule_ids))
        .order_by(col(RuleRow.id))
    )
    through = set(swept) & {(row[0], row[1]) for row in tx.execute(statement.with_for_update())}
    tx.execute(update(RuleRow).where(col(RuleRow.id).in_(rule_ids)).values(swept_at=now, settled_at=None))
    for basis in sorted(set(bases.values())):
        tx.execute(
            update(RuleRow)
            .where(col(RuleRow.id).in_([rule_id for rule_id, _ in through if bases[rule_id] == basis]))
            .values(change=None, settled_at=now, basis=basis)
        )


def count_matches(tx: Transaction, changes: Mapping[int, int]) -> None:
    """Keep count of for how many customers rules hold, given by how many more it is by rule id."""
    rows = [{"b_id": rule_id, "b_more": more} for rule_id, more in sorted(changes.items()) if more]
    if rows:
        tx.execute(
            update(RuleRow.__table__)  # type: ignore[attr-defined]
            .where(col(RuleRow.id) == bindparam("b_id"))
            .values(matched=col(RuleRow.matched) + bindparam("b_more")),
            rows,
        )


def match_counts(tx: Transaction, rule_ids: Iterable[int]) -> dict[int, int]:
    """Give for how many customers rules hold, by rule id."""
    rows = tx.execute(
        select(col(RuleRow.id), col(RuleRow.matched)).where(col(RuleRow.id).in_(list(rule_ids)))
    )
    return {row[0]: row[1] for row in rows}


def recount_matches(tx: Transaction) -> None:
    """Count anew for how many customers each rule holds."""
    tx.execute(
        text('UPDATE rule SET matched = (SELECT count(*) FROM "match" WHERE "match".rule_id = rule.id)')
    )


def current(tx: Transaction, rule_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Give (rule id, revision) of those of ``rule_ids`` that are active, locked until the transaction ends."""
    statement = select(col(RuleRow.id), col(RuleRow.revision)).where(
        col(RuleRow.id).in_(list(rule_ids)), col(RuleRow.state) == str(RuleState.ACTIVE)
    )
    # Order keeps two that lock the same rules from waiting for each other.
    return {
        (row[0], row[1]) for row in tx.execute(statement.order_by(col(RuleRow.id)).with_for_update(read=True))
    }


def _joined() -> Select[RuleRow, RuleVersion]:
    return select(RuleRow, RuleVersion).where(
        col(RuleVersion.rule_id) == col(RuleRow.id), col(RuleVersion.version) == col(RuleRow.version)
    )


def _store_version(
    tx: Transaction, *, rule_id: int, version: int, body: RuleBody, author: str, now: int, diff: str
) -> RuleVersion:
    row = RuleVersion(
        rule_id=rule_id,
        version=version,
        condition=body.condition,
        channel=body.channel,
        kind=str(body.kind),
        severity=str(body.severity),
        backlog=str(body.backlog),
        action=body.action,
        cooldown=body.cooldown,
        pending=body.pending,
        keep=body.keep,
        remind=body.remind,
        escalate=body.escalate,
        hides=body.hides,
        unreadable=str(body.unreadable),
        author=author,
        at=now,
        diff=diff,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def _body(row: RuleVersion) -> RuleBody:
    return RuleBody.of(
        condition=row.condition,
        channel=row.channel,
        kind=row.kind,
        severity=row.severity,
        backlog=row.backlog,
        action=row.action,
        cooldown=row.cooldown,
        pending=row.pending,
        keep=row.keep,
        remind=row.remind,
        escalate=row.escalate,
        hides=row.hides,
        unreadable=row.unreadable,
    )


def _rule(row: RuleRow, version: RuleVersion) -> Rule:
    return Rule(
        id=row.id,
        name=row.name,
        state=RuleState(row.state),
        version=row.version,
        revision=row.revision,
        body=_body(version),
        change=RuleChange(row.change) if row.change else None,
        swept_at=row.swept_at,
        settled_at=row.settled_at,
        basis=row.basis,
        matched=row.matched,
        degraded=row.degraded,
        author=version.author,
        at=version.at,
    )
