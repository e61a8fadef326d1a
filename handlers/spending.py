"""What customers spent: of which kinds of event the amounts are added, and what they come to.

It must not know who is shown the sum.
"""

from collections.abc import Iterable

from handlers.context import Context
from rules.lifecycle.definitions import Lifecycle
from storage import definitions, events, processes
from storage.database import Transaction


def kinds(tx: Transaction, lifecycle: Lifecycle) -> frozenset[str]:
    """Give the kinds whose amounts are what customers spent; see `rules.lifecycle.processes.Catalogue.spent`."""
    return processes.catalogue(tx).spent(lifecycle.kinds)


def totals(tx: Transaction, ctx: Context, customer_ids: Iterable[int], now: int) -> dict[int, int]:
    """Give what customers spent up to ``now``, less what they got back, in minor units of the account's currency.

    Who spent nothing lacks, and so does anyone of whom it cannot be said any more, as `storage.events.totals` has it.
    """
    return events.totals(tx, customer_ids, now, ctx.currency, kinds(tx, definitions.current(tx)))
