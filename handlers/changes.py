"""What changed since the last sweep: for whom rules have come to hold, and for whom they hold no longer.

Reads only, in the snapshot of a sweep and in blocks of customers, so that memory does not grow with them. What follows
of a change is not decided here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from handlers import meaning, sources
from handlers.context import Context
from handlers.late import LateEvent, refutations
from rules.alerts.evidence import Evidence, evidence_of, evidence_terms
from rules.alerts.states import Reason
from rules.conditions.columns import Column
from rules.conditions.evaluate import evaluate
from rules.conditions.reach import within
from rules.conditions.terms import Subject
from rules.conditions.thresholds import constants
from rules.conditions.tree import Condition, terms
from storage import alerts, customers, definitions, matches, pruned, timers
from storage import terms as answers
from storage.database import Transaction
from storage.facts import Facts, IdRange
from storage.kept import Kept, More
from storage.rules import Rule

BLOCK: Final = 50_000
"""Customers whose terms are held in memory at once."""
AFTER_ALL: Final = 2**31 - 1
"""Above every number of a customer: they have 32 bits."""

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Watched:
    """An active rule with what its condition comes to under the life cycle in force, and who waits for an instant that has come.

    ``due`` gives for each of those the hold on the match that is over, or None for the end of a snooze or for an alert
    that is kept open no longer. ``stale`` is a source of what it looks at that has stopped, if any has.
    """

    rule: Rule
    condition: Condition
    due: Mapping[int, matches.Held | None]
    stale: str | None = None

    @property
    def timed(self) -> bool:
        """Whether the condition may turn at instants of the customers' own."""
        return any(answers.is_timed(term) for term in terms(self.condition))


@dataclass(frozen=True, slots=True)
class Pair:
    """One customer and one rule that need a decision. ``matched`` and ``before``: whether it holds, and held.

    ``late`` is an event that came in late and shows that it did not hold when the alert opened.
    """

    customer_id: int
    watched: Watched
    matched: bool
    before: bool
    held_until: int | None = None
    evidence: tuple[Evidence, ...] = ()
    held_for: Reason = Reason.COOLDOWN_OVER
    late: LateEvent | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Customers to be looked at together, ascending: ``ids``, or all who are known from number ``first`` to ``after``.

    Rules are held against what they matched in the same stretch: a match may stand for one not known any more.
    """

    ids: Ids
    first: int
    after: int
    everybody: bool


@dataclass(frozen=True, slots=True)
class Change:
    """For whom a rule has come to hold, has ceased to, or is due, each ascending; ``over``: due, and holding no longer."""

    watched: Watched
    entered: Ids
    left: Ids
    due: Ids
    over: Ids


@dataclass(slots=True)
class Changes:
    """What a block came to: changes rule by rule, the timers that move, and more that is to be kept."""

    rules: list[Change] = field(default_factory=list)
    due_at: dict[timers.Pair, int | None] = field(default_factory=dict)
    more: More = field(default_factory=More)


def watch(tx: Transaction, rules: Sequence[Rule], *, now: int) -> list[Watched]:
    """Read the conditions of ``rules``, and who waits for an instant that has come at ``now``.

    That is the end of a hold on a match, of a snooze, or of the time for which an alert is kept open.
    """
    lifecycle = definitions.current(tx)
    conditions = {rule.id: meaning.under(rule.body.condition, lifecycle) for rule in rules}
    stale = sources.stale_rules(tx, conditions)
    waiting: dict[int, dict[int, matches.Held | None]] = {rule.id: {} for rule in rules}
    if waiting:
        for held in matches.held(tx, list(waiting), now=now):
            waiting[held.rule_id][held.customer_id] = held
        for alert in alerts.due(tx, list(waiting), now=now):
            # Whom a stopped source keeps open is looked at again once it is back.
            if alert.leaving_at is None or alert.rule_id not in stale:
                waiting[alert.rule_id].setdefault(alert.customer_id, None)
    return [
        Watched(rule, conditions[rule.id], due=waiting[rule.id], stale=stale.get(rule.id)) for rule in rules
    ]


def all_blocks(tx: Transaction, *, now: int, first: int = 0) -> Iterator[Block]:
    """Cut all customers known at ``now``, from number ``first`` on, into blocks whose stretches leave no number out."""
    while True:
        ids = customers.ids(tx, known_at=now, first=first, limit=BLOCK)
        whole = len(ids) == BLOCK
        after = int(ids[-1]) + 1 if whole else AFTER_ALL
        yield Block(ids=ids, first=first, after=after, everybody=True)
        if not whole:
            return
        first = after


def blocks_of(candidates: Ids) -> Iterator[Block]:
    """Cut candidates into blocks; nothing is said of anybody else."""
    for start in range(0, len(candidates), BLOCK):
        ids = candidates[start : start + BLOCK]
        yield Block(ids=ids, first=int(ids[0]), after=int(ids[-1]) + 1, everybody=False)


def read(
    tx: Transaction,
    ctx: Context,
    watched: Sequence[Watched],
    block: Block,
    *,
    now: int,
    kept: Kept | None,
) -> Changes:
    """Evaluate rules for the customers of a block; every distinct term is asked once, whichever rules share it."""
    facts = answers.facts_of(
        tx,
        now=now,
        calendar=ctx.calendar,
        currency=ctx.currency,
        customers=IdRange(block.first, block.after) if block.everybody else block.ids,
        kept=kept,
    )
    columns = answers.columns(facts, dict.fromkeys(term for one in watched for term in terms(one.condition)))
    chosen = None if block.everybody else block.ids.tolist()
    held = matches.of_customers(
        tx, [one.rule.id for one in watched], first=block.first, after=block.after, customers=chosen
    )
    found = Changes()
    for one in watched:
        found.rules.append(_change(one, block, facts.ids, columns, held[one.rule.id]))
    timed = [one for one in watched if one.timed]
    if timed:
        found.due_at = _moved_timers(tx, facts, timed, block, chosen)
    found.more = facts.more()
    return found


def _change(one: Watched, block: Block, ids: Ids, columns: Mapping[Subject, Column], before: Ids) -> Change:
    matching = ids[evaluate(one.condition, columns)]
    due = np.fromiter(sorted(one.due), dtype=np.int64, count=len(one.due))
    return Change(
        watched=one,
        entered=np.setdiff1d(matching, before, assume_unique=True),
        left=np.setdiff1d(before, matching, assume_unique=True),
        due=due[np.isin(due, before) & np.isin(due, matching)] if len(due) else due,
        over=np.setdiff1d(_within(due, block), np.union1d(before, matching)) if len(due) else due,
    )


def _within(some: Ids, block: Block) -> Ids:
    if block.everybody:
        return some[(some >= block.first) & (some < block.after)]
    return some[np.isin(some, block.ids)]


def _moved_timers(
    tx: Transaction, facts: Facts, timed: Sequence[Watched], block: Block, chosen: Sequence[int] | None
) -> dict[timers.Pair, int | None]:
    before = timers.of_customers(
        tx, [one.rule.id for one in timed], first=block.first, after=block.after, customers=chosen
    )
    after: dict[timers.Pair, int] = {}
    for one in timed:
        soonest = answers.timers(facts, constants([one.condition]))
        set_ = soonest != answers.NO_TIMER
        for customer, at in zip(facts.ids[set_].tolist(), soonest[set_].tolist(), strict=True):
            after[customer, one.rule.id] = at
    moved: dict[timers.Pair, int | None] = {pair: None for pair in before if pair not in after}
    return moved | {pair: at for pair, at in after.items() if before.get(pair) != at}


def pairs(tx: Transaction, ctx: Context, changes: Iterable[Change], *, now: int) -> Iterator[Pair]:
    """Give the pairs that need a decision, rule by rule: the evidence of one rule is in memory, not that of all."""
    for change in changes:
        one = change.watched
        spoken = _evidence(tx, ctx, one.condition, np.union1d(change.entered, change.due), now)
        late = refutations(tx, ctx, one.rule.id, one.condition, change.left.tolist())
        for customer in change.left.tolist():
            yield Pair(customer, one, matched=False, before=True, late=late.get(customer))
        for customer in change.over.tolist():
            yield Pair(customer, one, matched=False, before=False)
        for customer in change.entered.tolist():
            yield Pair(customer, one, matched=True, before=False, evidence=spoken[customer])
        for customer in change.due.tolist():
            yield _due(customer, one, spoken[customer])


def _due(customer: int, one: Watched, evidence: tuple[Evidence, ...]) -> Pair:
    found, held = Pair(customer, one, matched=True, before=True, evidence=evidence), one.due[customer]
    return found if held is None else replace(found, held_until=held.held_until, held_for=held.held_for)


def _evidence(
    tx: Transaction, ctx: Context, condition: Condition, wanted: Ids, now: int
) -> Mapping[int, tuple[Evidence, ...]]:
    if not len(wanted):
        return {}
    asked = within(evidence_terms(condition), pruned.horizon(tx), now, ctx.calendar)
    if not asked:
        return dict.fromkeys(wanted.tolist(), ())
    ids, columns = answers.answer(
        tx, asked, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=wanted
    )
    return evidence_of(asked, columns, ids.tolist())
