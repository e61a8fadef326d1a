"""Routes: which alerts are told where, in their order.

Owns the table ``route``. Which route an alert takes is decided in ``rules.alerts.route``; a condition is a text here.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Text, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel, col

from rules.alerts.route import Route, RouteExistsError, To
from storage.counters import take
from storage.database import Transaction


class RouteRow(SQLModel, table=True):
    """A route, from when it was added until it was removed; never changed in between."""

    __tablename__ = "route"
    __table_args__ = (
        Index(
            "route_by_name",
            "name",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    condition: str = Field(sa_column=Column(Text, nullable=False))
    rule_id: int | None = Field(default=None, sa_column=Column(Integer))
    target: str = Field(sa_column=Column(Text, nullable=False))
    channel: str = Field(sa_column=Column(Text, nullable=False))
    author: str = Field(sa_column=Column(Text, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    removed_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    removed_by: str | None = Field(default=None, sa_column=Column(Text))


def add(
    tx: Transaction,
    *,
    name: str,
    condition: str,
    rule_id: int | None,
    target: To,
    channel: str,
    author: str,
    now: int,
) -> Route:
    """Store a route behind those there are; raises `RouteExistsError` where the name is taken."""
    row = RouteRow(
        id=take(tx, "route")[0],
        name=name,
        condition=condition,
        rule_id=rule_id,
        target=str(target),
        channel=channel,
        author=author,
        at=now,
    )
    tx.session.add(row)
    try:
        tx.session.flush()
    except IntegrityError as error:
        raise RouteExistsError(name=name) from error
    return _route(row)


def listing(tx: Transaction) -> list[Route]:
    """Give the routes in force, in their order: that in which they were added."""
    rows = tx.session.execute(
        select(RouteRow).where(col(RouteRow.removed_at).is_(None)).order_by(col(RouteRow.id))
    ).scalars()
    return [_route(row) for row in rows]


def remove(tx: Transaction, route_id: int, *, by: str, now: int) -> bool:
    """Take a route out of force; of two who do at once, one is told that it was there."""
    done = tx.execute(
        update(RouteRow)
        .where(col(RouteRow.id) == route_id, col(RouteRow.removed_at).is_(None))
        .values(removed_at=now, removed_by=by)
    )
    return done.rowcount == 1


def _route(row: RouteRow) -> Route:
    return Route(
        id=row.id,
        name=row.name,
        condition=row.condition,
        rule_id=row.rule_id,
        target=To(row.target),
        channel=row.channel,
        author=row.author,
        at=row.at,
    )
