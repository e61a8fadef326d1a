"""Where customers stand in the life cycle, asked and counted: one, or all of them, now or under other definitions.

It must not know how definitions come to be, nor how an answer is laid out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from handlers.context import Context
from rules.conditions.columns import Bools, Column
from rules.conditions.reach import within
from rules.conditions.terms import Family, Subject
from rules.lifecycle.definitions import FIRST_MATCH, Lifecycle
from rules.lifecycle.standing import NONE, Standing, asked, standing
from storage import customers, definitions, pruned
from storage import terms as answers
from storage.database import Transaction

MOST_COUNTED: Final = 250_000
"""Customers up to whom all are asked while somebody waits in chat."""
_BLOCK: Final = 50_000
_SHOWN: Final = (Family.STATUS, Family.STAGE, Family.TYPE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one customer stands: None where no definition holds, or no life cycle is in use."""

    status: str | None = None
    stage: str | None = None
    types: tuple[str, ...] = ()


@dataclass(slots=True)
class Count:
    """How many customers there are, how many have each label under the new definitions, and how many move.

    ``holds`` by (family, label); ``moves`` by (family, label before, label after), where None is no label.
    """

    known: int = 0
    holds: Counter[tuple[Family, str]] = field(default_factory=Counter)
    moves: Counter[tuple[Family, str | None, str | None]] = field(default_factory=Counter)


def place(tx: Transaction, ctx: Context, customer_id: int, *, now: int) -> Place:
    """Say where a customer stands at ``now``, by the definitions in force today.

    What would need events that were pruned is left open.
    """
    lifecycle = definitions.current(tx)
    if not lifecycle:
        return Place()
    horizon = pruned.horizon(tx)
    shown = tuple(
        family
        for family in _SHOWN
        if len(within(wanted := asked(lifecycle, (family,)), horizon, now, ctx.calendar)) == len(wanted)
    )
    facts = answers.facts_of(
        tx, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=[customer_id]
    )
    if not len(facts):
        return Place()
    columns = answers.columns(facts, asked(lifecycle, shown))
    held = {family: _labels(standing(lifecycle, family, columns)) for family in shown}
    status, stage = (next(iter(held.get(family, ())), None) for family in (Family.STATUS, Family.STAGE))
    return Place(status, stage, held.get(Family.TYPE, ()))


def counted(
    tx: Transaction,
    ctx: Context,
    before: Lifecycle,
    after: Lifecycle,
    families: tuple[Family, ...] = tuple(Family),
    *,
    most: int | None = MOST_COUNTED,
) -> Count | None:
    """Count all customers now, under two life cycles; None where there are more than ``most``."""
    if most is not None and customers.count(tx) > most:
        return None
    found = Count()
    terms = tuple(dict.fromkeys((*asked(before, families), *asked(after, families))))
    known = customers.ids(tx, known_at=ctx.now())
    for start in range(0, len(known), _BLOCK):
        ids, columns = answers.answer(
            tx,
            terms,
            now=ctx.now(),
            calendar=ctx.calendar,
            currency=ctx.currency,
            customers=known[start : start + _BLOCK],
        )
        found.known += len(ids)
        for family in families:
            _count(found, family, (before, after), columns, len(ids))
    return found


def _labels(found: Standing) -> tuple[str, ...]:
    return tuple(label for label, held in zip(found.labels, found.holds, strict=True) if held[0])


def _count(
    found: Count,
    family: Family,
    lifecycles: tuple[Lifecycle, Lifecycle],
    columns: Mapping[Subject, Column],
    many: int,
) -> None:
    old, new = (standing(one, family, columns) if one else Standing((), ()) for one in lifecycles)
    for label, held in zip(new.labels, new.holds, strict=True):
        found.holds[family, label] += int(held.sum())
    if lifecycles[0] == lifecycles[1]:
        return
    for moved, n in _moves(family, old, new, many):
        found.moves[family, *moved] += n


def _moves(
    family: Family, old: Standing, new: Standing, many: int
) -> Iterator[tuple[tuple[str | None, str | None], int]]:
    if family in FIRST_MATCH:
        labels = list(dict.fromkeys((*old.labels, *new.labels)))
        froms, tos = (_codes(one, labels, many) for one in (old, new))
        pairs, times = np.unique(np.stack([froms, tos])[:, froms != tos], axis=1, return_counts=True)
        for (before, after), n in zip(pairs.T.tolist(), times.tolist(), strict=True):
            yield (_named(labels, before), _named(labels, after)), n
        return
    nobody = np.zeros(many, dtype=np.bool_)
    held: tuple[dict[str, Bools], dict[str, Bools]] = (
        dict(zip(old.labels, old.holds, strict=True)),
        dict(zip(new.labels, new.holds, strict=True)),
    )
    for label in dict.fromkeys((*old.labels, *new.labels)):
        before, after = (one.get(label, nobody) for one in held)
        yield (label, None), int((before & ~after).sum())
        yield (None, label), int((after & ~before).sum())


def _codes(one: Standing, labels: list[str], many: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    places = np.array([*(labels.index(label) for label in one.labels), NONE], dtype=np.int64)
    # The last place is found by `NONE`.
    return places[one.codes()] if one.labels else np.full(many, NONE, dtype=np.int64)


def _named(labels: list[str], code: int) -> str | None:
    return None if code == NONE else labels[code]
