"""Alerts that were wrong: events that came in late show that the condition did not hold when the alert opened.

Reads only, in the snapshot of a sweep: what is touched and not forgotten says who may be concerned, so a sweep that was
cut short finds the same again. It must not know what follows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handlers.context import Context
from rules.conditions.evaluate import evaluate
from rules.conditions.reach import PastHorizonError, refuse_past
from rules.conditions.terms import events_of
from rules.conditions.tree import Condition, terms
from storage import alerts, dirty, events, pruned
from storage import terms as answers
from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class LateEvent:
    """An event of ``kind`` that occurred before an alert opened, and came in after it."""

    kind: str
    occurred_at: int


def refutations(
    tx: Transaction, ctx: Context, rule_id: int, condition: Condition, customer_ids: Sequence[int]
) -> dict[int, LateEvent]:
    """Give whose open alert of a rule a late event shows to have been wrong; the others lack.

    Only events that came in since the last sweep are looked at, of kinds that the condition looks at; of what was pruned
    nobody can say how it was.
    """
    if not customer_ids:
        return {}
    opened = alerts.opened_at(tx, rule_id, customer_ids)
    touched = dirty.since(tx, sorted(opened)) if opened else {}
    if not touched:
        return {}
    kinds = events.kind_ids(tx, {one.kind for term in terms(condition) for one in events_of(term)})
    late = {
        customer: found
        for customer, at in opened.items()
        if (found := _latest(tx, customer, at, kinds, touched)) is not None
    }
    groups: dict[int, list[int]] = defaultdict(list)
    for customer in sorted(late):
        groups[opened[customer]].append(customer)
    wrong: set[int] = set()
    for at, some in groups.items():
        wrong.update(_did_not_hold(tx, ctx, condition, at, some))
    return {customer: late[customer] for customer in sorted(wrong)}


def _latest(
    tx: Transaction,
    customer: int,
    opened_at: int,
    kinds: Mapping[str, int],
    touched: Mapping[tuple[int, int], int],
) -> LateEvent | None:
    """Give the last event before ``opened_at`` among those that may have come in late, if any did."""
    found = [
        LateEvent(name, at)
        for name, kind in kinds.items()
        if (since := touched.get((customer, kind))) is not None and since < opened_at
        if (at := events.last_between(tx, customer, kind, since, opened_at - 1)) is not None
    ]
    return max(found, key=lambda one: (one.occurred_at, one.kind), default=None)


def _did_not_hold(
    tx: Transaction, ctx: Context, condition: Condition, at: int, customer_ids: Sequence[int]
) -> Sequence[int]:
    try:
        refuse_past(condition, pruned.horizon(tx), at, ctx.calendar)
    except PastHorizonError:
        return ()
    ids, columns = answers.answer(
        tx,
        terms(condition),
        now=at,
        calendar=ctx.calendar,
        currency=ctx.currency,
        customers=np.array(customer_ids, dtype=np.int64),
    )
    holding = ids[evaluate(condition, columns)]
    return [int(one) for one in np.setdiff1d(ids, holding, assume_unique=True)]
