"""For which of some customers conditions hold at an instant: every distinct term is asked once, whichever share it."""

from collections.abc import Iterable, Mapping
from typing import Final

import structlog

from handlers import meaning
from handlers.context import Context
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.rename import renamed
from rules.conditions.tree import Condition, terms
from rules.lifecycle.resolve import MeaningTooLargeError
from storage import customers, definitions, processes
from storage import terms as answers
from storage.database import Transaction

MOST_COUNTED: Final = 250_000
"""Customers up to whom it is counted at once for how many a condition holds."""
_BLOCK: Final = 50_000
log = structlog.get_logger(__name__)


def holding(
    tx: Transaction, ctx: Context, conditions: Mapping[int, str], customer_ids: Iterable[int], now: int
) -> dict[int, set[int]]:
    """Give, by the keys of ``conditions``, for which of ``customer_ids`` each holds at ``now``."""
    wanted = sorted(set(customer_ids))
    if not conditions or not wanted:
        return {key: set() for key in conditions}
    trees = _trees(tx, conditions)
    asked = tuple(dict.fromkeys(term for tree in trees.values() for term in terms(tree)))
    ids, columns = answers.answer(
        tx, asked, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=wanted
    )
    found = {key: set(ids[evaluate(tree, columns)].tolist()) for key, tree in trees.items()}
    return {key: found.get(key, set()) for key in conditions}


def _trees(tx: Transaction, conditions: Mapping[int, str]) -> dict[int, Condition]:
    """Give what conditions come to now, under the names that kinds have by now.

    One that definitions have made too large since it was saved holds for nobody: the others must not suffer.
    """
    lifecycle, aliases = definitions.current(tx), processes.aliases(tx)
    trees: dict[int, Condition] = {}
    for key, condition in conditions.items():
        try:
            trees[key] = meaning.under(to_text(renamed(parse(condition), aliases)), lifecycle)
        except MeaningTooLargeError:
            log.warning("condition_too_large", condition=key)
    return trees


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
