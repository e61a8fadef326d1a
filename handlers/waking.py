"""Alerts that sleep until they worsen: their numbers are looked at again at every tick, and those that are worse wake.

What worse means stands in `rules.alerts.worse`. Few alerts sleep so, and the condition of each rule is asked for all of
its customers at once.
"""

from collections.abc import Iterable, Mapping, Sequence

from handlers import meaning, steps
from handlers.context import Context
from handlers.steps import Told
from rules.alerts.evidence import Evidence, evidence_of, evidence_terms
from rules.alerts.rule import RuleState
from rules.alerts.states import Reason
from rules.alerts.worse import graver, worsened
from rules.conditions.parse import parse
from rules.conditions.reach import within
from rules.conditions.rename import renamed
from rules.conditions.tree import Condition
from rules.lifecycle.resolve import MeaningTooLargeError
from storage import alerts, processes, pruned, rules
from storage import terms as answers
from storage.alerts import Alert
from storage.database import Transaction

_Detail = Mapping[str, object]


def baseline(tx: Transaction, ctx: Context, alert: Alert, now: int) -> tuple[Evidence, ...]:
    """Give the numbers that speak for an alert at ``now``, for holding later ones against them."""
    tree = condition_of(tx, alert)
    return numbers(tx, ctx, tree, [alert.customer_id], now).get(alert.customer_id, ())


def condition_of(tx: Transaction, alert: Alert) -> Condition:
    """Give what the condition that raised an alert comes to now."""
    # The version that raised it may name a kind that has become another since.
    text = rules.version_of(tx, alert.rule_id, alert.rule_version).body.condition
    return meaning.resolved(tx, renamed(parse(text), processes.aliases(tx)))


def numbers(
    tx: Transaction, ctx: Context, tree: Condition, customer_ids: Sequence[int], now: int
) -> Mapping[int, tuple[Evidence, ...]]:
    """Give what speaks for a condition at ``now``, in numbers, by customer."""
    asked = within(evidence_terms(tree), pruned.horizon(tx), now, ctx.calendar)
    ids, columns = answers.answer(
        tx, asked, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=customer_ids
    )
    return evidence_of(asked, columns, ids.tolist())


def wake(ctx: Context, *, now: int) -> int:
    """Wake the alerts that have worsened by ``now``, each told what became worse; gives how many."""
    with ctx.database.reading() as tx:
        watched = {rule.id for rule in rules.listing(tx, states=[RuleState.ACTIVE])}
        sleeping = [one for one in alerts.until_worse(tx) if one.rule_id in watched]
        if not sleeping:
            return 0
        worse = {**_by_rules(tx, sleeping), **_by_numbers(tx, ctx, sleeping, now)}
    if not worse:
        return 0
    with ctx.database.writing() as tx:
        # Who was woken, or put to sleep anew, since they were read is left alone.
        read = {one.id: one.steps for one in sleeping}
        still = [one for one in alerts.until_worse(tx, sorted(worse)) if one.steps == read[one.id]]
        woken = [steps.waking(one, reason=Reason.WORSENED, detail=worse[one.id]) for one in still]
        steps.take(tx, woken, Told(now=now, elapsed=ctx.elapsed()))
    return len(woken)


def _by_numbers(tx: Transaction, ctx: Context, sleeping: Iterable[Alert], now: int) -> dict[int, _Detail]:
    together: dict[tuple[int, int], list[Alert]] = {}
    for one in sleeping:
        together.setdefault((one.rule_id, one.rule_version), []).append(one)
    found: dict[int, _Detail] = {}
    for some in together.values():
        try:
            tree = condition_of(tx, some[0])
        except MeaningTooLargeError:
            # Definitions have changed since that version of the rule was in use: nobody can say any more.
            continue
        today = numbers(tx, ctx, tree, sorted({one.customer_id for one in some}), now)
        for one in some:
            what = worsened(tree, one.worse_than or (), today.get(one.customer_id, ()))
            if what is not None:
                found[one.id] = {"term": what.term, "before": what.before, "now": what.now}
    return found


def _by_rules(tx: Transaction, sleeping: Sequence[Alert]) -> dict[int, _Detail]:
    """Find those for whose customer a rule that matters more has opened an alert since they were put to sleep."""
    opened = alerts.open_of_customers(tx, {one.customer_id for one in sleeping})
    known = {
        rule_id: rules.by_id(tx, rule_id)
        for rule_id in {one.rule_id for one in sleeping} | {one.rule_id for one in opened}
    }
    found: dict[int, _Detail] = {}
    for one in sleeping:
        own = known[one.rule_id]
        for other in opened:
            rule = known[other.rule_id]
            if own is None or rule is None or other.customer_id != one.customer_id:
                continue
            since = one.snoozed_at if one.snoozed_at is not None else 0
            if other.opened_at > since and graver(rule.body.severity, own.body.severity):
                found[one.id] = {"rule": rule.name}
    return found
