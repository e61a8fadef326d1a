"""What a rule would have done: a condition looked at over a stretch of the past, block by block, in one snapshot.

Exactly what sweeps at those instants would have found, had the events come in time. It must not know Slack's
requests, nor how an answer is laid out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import ClassVar, Final

from handlers import channels, meaning, rulebook, shown, spending
from handlers.context import Context
from rules.alerts.rule import RuleBody
from rules.conditions.columns import Ints
from rules.conditions.evaluate import evaluate
from rules.conditions.problems import Problem
from rules.conditions.reach import refuse_past
from rules.conditions.terms import Fitted, Stored, Term, events_of
from rules.conditions.tree import Condition, terms
from rules.errors import WarmlineError
from rules.instants import DAY, iso
from rules.money import decimal_text
from rules.preview.grid import MOST_CUSTOMERS, Grid, reach
from rules.preview.messages import Reader
from rules.preview.outcome import Crossings, Outcome, crossings
from rules.preview.steps import Steps, Stretch, every_text, weeks
from storage import customers, events, fits, pruned
from storage.database import Transaction
from storage.facts import known_customers
from storage.history import History
from templates.views import EnteredView, Money, PreviewView

TOP: Final = 10
"""How many of the most valuable customers are named."""
MOST_IN_CHAT: Final = 100_000_000
"""Customers times steps that are looked at while somebody waits in chat: some fifteen seconds."""
_CELLS: Final = 1_000_000
"""Customers times steps that are in memory at once, a few columns of each."""
_EVENTS: Final = 2_000_000
"""Events that are in memory at once, if customers have about as many each."""

Progress = Callable[[int, int], None]
"""Is told how many customers are done, and of how many."""


class TooMuchForChatError(WarmlineError):
    """So many ``customers`` at so many ``steps`` would let somebody in chat wait too long; ``every`` would do."""

    code: ClassVar[str] = "too_much_for_chat"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at: a rule that is in use or ships, by ``name``, or a condition that is none's.

    ``body`` says what becomes of a backlog and how long alerts cool down; for a bare condition, the defaults. ``tree``
    is the condition as it is written: `preview` puts the definitions in.
    """

    name: str | None
    body: RuleBody
    tree: Condition
    warnings: tuple[Problem, ...] = ()


def subject(ctx: Context, text: str, *, entities: bool = False) -> Subject:
    """Find what ``text`` means: the name of a rule, or else a condition.

    Raises `rulebook.NeitherError` for what looks like a name and is none's, or
    `rules.conditions.problems.ConditionError`.
    """
    name, body, accepted = rulebook.rule_or_condition(ctx, text, entities=entities)
    return Subject(name, body, accepted.tree, accepted.warnings)


def preview(
    ctx: Context,
    of: Subject,
    stretch: Stretch,
    *,
    most: int | None = None,
    progress: Progress | None = None,
) -> PreviewView:
    """Look at ``of`` over ``stretch``.

    Raises `TooMuchForChatError` where customers times steps are more than ``most``, and where events that it would
    need were pruned `storage.pruned.BeforeHorizonError` or `rules.conditions.reach.PastHorizonError`.
    """
    steps = Steps(stretch, ctx.calendar)
    entered: list[tuple[Ints, Ints]] = []
    with ctx.database.reading() as tx:
        pruned.refuse_before(tx, stretch.since)
        of = replace(of, tree=meaning.resolved(tx, of.tree))
        refuse_past(of.tree, pruned.horizon(tx), stretch.since, ctx.calendar)
        ids, known_since = known_customers(
            tx, now=stretch.until, customers=customers.ids(tx, known_at=stretch.until)
        )
        _bound(len(ids), stretch, most)
        outcome = Outcome(steps, of.body, _reader(tx, ctx, of.body))
        size = _block_size(tx, terms(of.tree), len(ids), len(steps))
        for begin in range(0, len(ids), size):
            block = slice(begin, begin + size)
            found = _crossings(tx, ctx, of.tree, steps, ids=ids[block], known_since=known_since[block])
            new = outcome.add(found, ids[block])
            entered.append((ids[block][new.places], steps.instants[new.steps]))
            if progress is not None:
                progress(min(begin + size, len(ids)), len(ids))
        return _view(tx, ctx, of, stretch, outcome, entered=entered, known=len(ids))


def _reader(tx: Transaction, ctx: Context, body: RuleBody) -> Reader:
    """Give the channel that the rule would tell: as if it had all its attention."""

    def worth(customer_ids: Sequence[int], now: int) -> dict[int, int]:
        return spending.totals(tx, ctx, customer_ids, now)

    return Reader(channels.settings_of(tx, ctx, body.channel), ctx.calendar.zone.key, worth)


def _bound(known: int, stretch: Stretch, most: int | None) -> None:
    if most is None or known * stretch.looks <= most:
        return
    # So many looks would do; fewer than two are no preview.
    looks = max(most // known, 2)
    every = -(-(stretch.until - stretch.since) // ((looks - 1) * DAY)) * DAY
    raise TooMuchForChatError(customers=known, steps=stretch.looks, every=every_text(every))


def _block_size(tx: Transaction, asked: Sequence[Term], known: int, steps: int) -> int:
    """Give how many customers are looked at together, so that memory grows neither with them nor with the steps."""
    stored, kinds = events.kinds(tx), {one.kind for term in asked for one in events_of(term)}
    each = max(1, sum(stored.get(kind, 0) for kind in kinds) // max(known, 1))
    return max(1, min(MOST_CUSTOMERS, _CELLS // steps, _EVENTS // each))


def _crossings(
    tx: Transaction, ctx: Context, tree: Condition, steps: Steps, *, ids: Ints, known_since: Ints
) -> Crossings:
    asked = terms(tree)
    past = History(
        tx,
        first=steps.first,
        last=steps.last,
        reach=reach(asked, steps),
        calendar=ctx.calendar,
        currency=ctx.currency,
        ids=ids,
        known_since=known_since,
    )
    grid = Grid(past, steps)
    holds = evaluate(tree, grid.columns(asked)).reshape(-1, len(steps))
    return crossings(holds & grid.known())


def _view(
    tx: Transaction,
    ctx: Context,
    of: Subject,
    stretch: Stretch,
    outcome: Outcome,
    *,
    entered: Sequence[tuple[Ints, Ints]],
    known: int,
) -> PreviewView:
    mondays = weeks(stretch, ctx.calendar)
    kinds = {one.kind for term in terms(of.tree) for one in events_of(term)}
    return PreviewView(
        name=of.name,
        condition=of.body.condition,
        since=stretch.since,
        until=stretch.until,
        every=stretch.every,
        steps=stretch.looks,
        backlog=int(outcome.entered[0]),
        entered=int(outcome.entered[1:].sum()),
        left=int(outcome.left.sum()),
        customers=outcome.customers,
        returned=outcome.returned,
        messages=outcome.messages,
        weeks=tuple(zip(mondays, outcome.per_week(mondays, ctx.calendar), strict=True)),
        top=_most_valuable(tx, ctx, entered, stretch.until),
        known=known,
        asks_for_events=bool(kinds),
        data_from=_data_from(tx, kinds),
        valued_from=fits.first(tx) if any(isinstance(term, Fitted) for term in terms(of.tree)) else None,
        asks_for_health=any(isinstance(term, Stored) for term in terms(of.tree)),
        clipped=stretch.clipped,
        warnings=of.warnings,
    )


def _data_from(tx: Transaction, kinds: Iterable[str]) -> int | None:
    """Give the first instant of which anything is known: of events that were pruned no more than their firsts are."""
    firsts = (events.first_of(tx, kinds), pruned.first_of(tx, events.kind_ids(tx, kinds).values()))
    return min((at for at in firsts if at is not None), default=None)


def _most_valuable(
    tx: Transaction, ctx: Context, entered: Sequence[tuple[Ints, Ints]], until: int
) -> tuple[EnteredView, ...]:
    """Give the first ten in the order of what they spent up to the end, in purchases."""
    when = {
        customer: at
        for ids, instants in entered
        for customer, at in zip(ids.tolist(), instants.tolist(), strict=True)
    }
    if not when:
        return ()
    spent = spending.totals(tx, ctx, when, until)
    first = nsmallest(TOP, when, key=lambda one: (-spent.get(one, 0), one))
    profiles = customers.by_ids(tx, first)
    return tuple(
        EnteredView(
            customer=shown.person(profiles.get(one), one, ctx),
            entered_at=when[one],
            spent=Money(spent[one], ctx.currency) if one in spent else None,
        )
        for one in first
    )


def as_json(view: PreviewView) -> dict[str, object]:
    """Give the answer of ``bot.py rules preview --json``."""
    return {
        "rule": view.name,
        "condition": view.condition,
        "from": iso(view.since),
        "to": iso(view.until),
        "every": every_text(view.every),
        "steps": view.steps,
        "backlog": view.backlog,
        "entered": view.entered,
        "left": view.left,
        "customers": view.customers,
        "per_week": [{"week": week.isoformat(), "entered": n} for week, n in view.weeks],
        "messages": view.messages,
        "returned": view.returned,
        "top": [
            {
                "customer": one.customer.external_id,
                "name": one.customer.name,
                "entered_at": iso(one.entered_at),
                "spent": {one.spent.currency: decimal_text(one.spent.minor, one.spent.currency)}
                if one.spent
                else {},
            }
            for one in view.top
        ],
        "data_from": None if view.data_from is None else iso(view.data_from),
    }
