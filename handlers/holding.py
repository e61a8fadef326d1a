"""For which of some customers conditions hold at an instant: every distinct term is asked once, whichever share it."""

from collections.abc import Iterable, Mapping

from handlers import meaning
from handlers.context import Context
from rules.conditions.evaluate import evaluate
from rules.conditions.tree import terms
from storage import customers, definitions
from storage import terms as answers
from storage.database import Transaction

MOST_COUNTED = 250_000
"""Customers up to whom it is counted at once for how many a condition holds."""
_BLOCK = 50_000


def holding(
    tx: Transaction, ctx: Context, conditions: Mapping[int, str], customer_ids: Iterable[int], now: int
) -> dict[int, set[int]]:
    """Give, by the keys of ``conditions``, for which of ``customer_ids`` each holds at ``now``."""
    wanted = sorted(set(customer_ids))
    if not conditions or not wanted:
        return {key: set() for key in conditions}
    lifecycle = definitions.current(tx)
    trees = {key: meaning.under(condition, lifecycle) for key, condition in conditions.items()}
    asked = tuple(dict.fromkeys(term for tree in trees.values() for term in terms(tree)))
    ids, columns = answers.answer(
        tx, asked, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=wanted
    )
    return {key: set(ids[evaluate(tree, columns)].tolist()) for key, tree in trees.items()}


def count(tx: Transaction, ctx: Context, condition: str) -> tuple[int, int] | None:
    """Count for how many customers a condition holds now, and how many there are; None where that would take long."""
    if customers.count(tx) > MOST_COUNTED:
        return None
    tree, now, found = meaning.of(tx, condition), ctx.now(), 0
    known = customers.ids(tx, known_at=now)
    for start in range(0, len(known), _BLOCK):
        _, columns = answers.answer(
            tx,
            terms(tree),
            now=now,
            calendar=ctx.calendar,
            currency=ctx.currency,
            customers=known[start : start + _BLOCK],
        )
        found += int(evaluate(tree, columns).sum())
    return found, len(known)
