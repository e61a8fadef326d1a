"""Fits of the value models, and which of them is in force at an instant.

Owns the table ``value_fit``: a row for each fit, those too that lacked something. A row is never changed. What a fit
makes of a customer is not stored anywhere.
"""

import json
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, Final, TypeVarTuple

from sqlalchemy import BigInteger, Boolean, Column, Select, Text, func, select, text
from sqlmodel import Field, SQLModel, col

from rules.lifecycle.buying import Buying, Model
from rules.lifecycle.fit import Calibration, Fit, Lack, Lacking, Part, Terms, Unit
from rules.lifecycle.spending import Spending
from storage import processes, pruned
from storage.counters import take
from storage.database import Transaction


class FitRow(SQLModel, table=True):
    """A fit as of an instant, made at another; ``what`` is a JSON object. ``usable``: nothing lacked."""

    __tablename__ = "value_fit"

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    as_of: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    made_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    usable: bool = Field(sa_column=Column(Boolean, nullable=False))
    what: str = Field(sa_column=Column(Text, nullable=False))


def add(tx: Transaction, fit: Fit, *, now: int) -> Fit:
    """Keep a fit, and give it with its number."""
    number = take(tx, "value_fit")[0]
    what = json.dumps({name: value for name, value in asdict(fit).items() if name != "id"})
    row = FitRow(id=number, as_of=fit.as_of, made_at=now, usable=_is_usable(tx, fit), what=what)
    tx.session.add(row)
    tx.session.flush()
    return replace(fit, id=number)


def _is_usable(tx: Transaction, fit: Fit) -> bool:
    """Tell whether customers may be scored by a fit: one that lacks amounts takes nothing from one that has them."""
    if fit.whole is None:
        return False
    stands = in_force(tx, fit.as_of) if fit.whole.spending is None else None
    return stands is None or stands.whole is None or stands.whole.spending is None


def _named(tx: Transaction, fit: Fit) -> Fit:
    """Give a fit with its kind of purchases under the name that it has today."""
    meant = processes.aliases(tx).get(fit.terms.kind)
    return fit if meant is None else replace(fit, terms=replace(fit.terms, kind=meant))


def latest(tx: Transaction) -> Fit | None:
    """Give the fit that was made last, usable or not."""
    row = tx.execute(_LATEST).first()
    return None if row is None else _named(tx, _read(*row))


def in_force(tx: Transaction, now: int) -> Fit | None:
    """Give the fit that customers are scored by at ``now``: of the usable ones as of then or earlier the latest.

    None once events were pruned: nobody's days of purchases are all there any more.
    """
    if pruned.horizon(tx) is not None:
        return None
    row = tx.execute(_IN_FORCE, {"now": now}).first()
    return None if row is None else _named(tx, _read(*row))


def number_in_force(tx: Transaction, now: int) -> int | None:
    """Give the number of the fit in force at ``now``, as `in_force` does."""
    if pruned.horizon(tx) is not None:
        return None
    return tx.execute(_latest_as_of(select(col(FitRow.id)), now)).scalar_one_or_none()


def first(tx: Transaction) -> int | None:
    """Give the instant from which on a fit is in force; None without any."""
    found: int | None = tx.execute(select(func.min(col(FitRow.as_of))).where(col(FitRow.usable))).scalar_one()
    return found


def during(tx: Transaction, since: int, until: int) -> list[Fit]:
    """Give the fits that are in force some time from ``since`` to ``until``, in the order of their instants."""
    if pruned.horizon(tx) is not None:
        return []
    before = number_in_force(tx, since)
    statement = (
        select(col(FitRow.as_of), col(FitRow.id))
        .where(col(FitRow.usable), col(FitRow.as_of) > since, col(FitRow.as_of) <= until)
        .order_by(col(FitRow.as_of), col(FitRow.id))
    )
    # Of several as of one instant the one that was made last.
    numbers = [
        *([] if before is None else [before]),
        *{row[0]: row[1] for row in tx.execute(statement)}.values(),
    ]
    found = {row[0]: row for row in tx.execute(_COLUMNS.where(col(FitRow.id).in_(numbers)))}
    return [_named(tx, _read(*found[number])) for number in numbers]


_COLUMNS = select(col(FitRow.id), col(FitRow.what))


# Asked for every card: made once.
_LATEST: Final = text("SELECT id, what FROM value_fit ORDER BY id DESC LIMIT 1")
_IN_FORCE: Final = text(
    "SELECT id, what FROM value_fit WHERE usable AND as_of <= :now ORDER BY as_of DESC, id DESC LIMIT 1"
)
_Columns = TypeVarTuple("_Columns")


def _latest_as_of(columns: Select[*_Columns], now: int) -> Select[*_Columns]:
    usable = columns.where(col(FitRow.usable), col(FitRow.as_of) <= now)
    return usable.order_by(col(FitRow.as_of).desc(), col(FitRow.id).desc()).limit(1)


@lru_cache(maxsize=8)
def _read(number: int, what: str) -> Fit:
    said = json.loads(what)
    terms = said["terms"]
    return Fit(
        **{
            **said,
            "id": number,
            "terms": Terms(
                **{**terms, "model": Model(terms["model"]), "unit": Unit(terms["unit"])},
            ),
            "whole": _part(said["whole"]),
            "lacks": _lacks(said["lacks"]),
            "segments": {name: _part(part) for name, part in said["segments"].items()},
            "calibration": _calibration(said["calibration"]),
            "cuts": tuple(said["cuts"]),
        }
    )


def _part(said: Any) -> Part | None:
    if said is None:
        return None
    buying, spending = said["buying"], said["spending"]
    return Part(
        **{
            **said,
            "buying": Buying(**{**buying, "model": Model(buying["model"])}),
            "spending": None if spending is None else Spending(**spending),
            "lacks": _lacks(said["lacks"]),
        }
    )


def _lacks(said: Any) -> tuple[Lack, ...]:
    return tuple(Lack(**{**one, "what": Lacking(one["what"])}) for one in said)


def _calibration(said: Any) -> Calibration | None:
    if said is None:
        return None
    return Calibration(said["since"], said["customers"], tuple(said["expected"]), tuple(said["actual"]))
