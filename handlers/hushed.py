"""What keeps alerts quiet, as the stages of the pipeline look at it: rules that hide others, and managers' silences."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from handlers.context import Context
from handlers.holding import holding
from rules.alerts.pipeline.stage import Hiding, Silence, Untold
from rules.alerts.rule import RuleState
from storage import alerts, rules, silences
from storage.database import Transaction


def hiding(
    tx: Transaction, untold: Sequence[Untold], *, but: Collection[int] = ()
) -> Mapping[int, list[Hiding]]:
    """Give by customer the unresolved alerts of watched rules that hide others, all ``but`` some by their numbers.

    Those that are not told yet count as well.
    """
    watched = rules.listing(tx, states=[RuleState.ACTIVE])
    hiders = {rule.id: rule for rule in watched if rule.body.hidden}
    found: dict[int, list[Hiding]] = {}
    if not hiders:
        return found
    for one in alerts.open_of_customers(tx, {each.customer_id for each in untold}):
        rule = hiders.get(one.rule_id)
        if rule is not None and one.id not in but:
            found.setdefault(one.customer_id, []).append(
                Hiding(one.id, rule.name, one.opened_at, rule.body.hidden)
            )
    return found


def silenced(
    tx: Transaction, ctx: Context, customer_ids: Iterable[int], now: int
) -> Mapping[int, list[Silence]]:
    """Give by customer the silences that hold at ``now``, of these customers."""
    running = {one.id: one for one in silences.running(tx, now=now)}
    conditions = {number: one.condition for number, one in running.items()}
    found: dict[int, list[Silence]] = {}
    for number, customers in holding(tx, ctx, conditions, customer_ids, now).items():
        one = running[number]
        for customer in customers:
            found.setdefault(customer, []).append(Silence(one.id, one.until, one.author, one.rule_id))
    return found
