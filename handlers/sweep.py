"""The sweep: for whom the rules hold now, what changed since, and what becomes of it.

Looks at those alone who may have changed since the last sweep: whom something came in of, and whom nothing but the
passing of time touched. Reads in one snapshot, in blocks of customers; writes in short transactions. A sweep that is
cut short is simply repeated: what it read as touched is forgotten last. It must not know how a term is answered, nor
what an alert does next.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar, Final, TypeVar

import numpy as np
import structlog

from handlers import changes, kind_moves, meaning, moves, sources
from handlers.attend import attend
from handlers.changes import Block, Changes, Ids, Watched
from handlers.context import Context
from handlers.moves import RuleCount
from rules.alerts.rule import RuleState
from rules.conditions.reach import refuse_past
from rules.conditions.terms import Events, Fitted, Term
from rules.conditions.thresholds import constants
from rules.conditions.tree import Condition, terms
from rules.errors import WarmlineError
from rules.instants import iso
from storage import customers, definitions, dirty, fits, flips, kept, outbox, pruned, timers, turns
from storage import rules as rulebook
from storage import terms as answers
from storage.database import Dialect, Transaction
from storage.kept import Kept, More
from storage.rules import Rule

MEANING: Final = 1
"""Raised whenever the same condition over the same data comes to mean something else: all is evaluated anew then."""
FEW: Final = 1_000
"""So many customers are always looked at one by one."""
WORTH_ALL: Final[Mapping[Dialect, float]] = {"sqlite": 0.15, "postgresql": 0.05}
"""From this share of all customers on, evaluating all of them is faster."""
FORGOTTEN_AT_ONCE: Final = 25
"""Marks of so many batches are forgotten in one transaction, which intake waits for."""
TIMERS_AT_ONCE: Final = 5_000
CARRIED_AT_ONCE: Final = 2_000

_Item = TypeVar("_Item")
log = structlog.get_logger(__name__)


class SweepInPastError(WarmlineError):
    """The rules were swept at ``last`` already, later than ``as_of``: time runs forward. ``behind``: milliseconds."""

    code: ClassVar[str] = "sweep_in_past"

    def __init__(self, *, as_of: int, last: int) -> None:
        super().__init__(as_of=iso(as_of), last=iso(last))
        self.behind = last - as_of


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: at which instant, how long it took, for how many customers, and rule by rule."""

    as_of: int
    elapsed_ms: int
    candidates: int
    rules: tuple[RuleCount, ...]

    def as_json(self) -> dict[str, object]:
        """Give the answer of ``bot.py sweep --json``."""
        return {
            "as_of": iso(self.as_of),
            "elapsed_ms": self.elapsed_ms,
            "candidates": self.candidates,
            "rules": [
                {
                    "rule": one.rule,
                    "matched": one.matched,
                    "entered": one.entered,
                    "left": one.left,
                    "opened": one.opened,
                    "resolved": one.resolved,
                }
                for one in self.rules
            ],
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """What an audit found of one rule: customers for whom it held, or did not, unnoticed; and timers that were wrong."""

    rule: str
    entered: int
    left: int
    timers: int


@dataclass(frozen=True, slots=True)
class Audited:
    """A sweep, and how everything evaluated in full at its instant differed from what it left; nothing, if all is well."""

    swept: Swept
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, object]:
        """Give the answer of ``bot.py sweep --audit --json``."""
        return {**self.swept.as_json(), "differences": [asdict(one) for one in self.differences]}


@dataclass(slots=True)
class _Doubt:
    """Collects what a full evaluation finds of customers of whom nothing came in since the sweep before it."""

    came: Ids
    revisions: Mapping[int, int]
    """By rule id, of the rules that the sweep before it has settled: one that was changed since differs by right."""
    found: dict[int, Counter[str]] = field(default_factory=dict)

    def trust(self, settled: Iterable[int]) -> None:
        """Doubt those rules alone that are ``settled`` still: under a fit made meanwhile one differs by right."""
        kept = set(settled)
        self.revisions = {one: revision for one, revision in self.revisions.items() if one in kept}

    def note(self, block: Changes) -> None:
        same = {
            one.watched.rule.id
            for one in block.rules
            if self.revisions.get(one.watched.rule.id) == one.watched.rule.revision
        }
        for change in block.rules:
            if change.watched.rule.id not in same:
                continue
            for name, ids in (("entered", change.entered), ("left", change.left)):
                self._count(change.watched.rule.id, name, len(np.setdiff1d(ids, self.came)))
        for customer, rule_id in block.due_at:
            self._count(rule_id, "timers", int(rule_id in same and customer not in self.came))

    def _count(self, rule_id: int, name: str, many: int) -> None:
        if many:
            self.found.setdefault(rule_id, Counter())[name] += many


@dataclass(slots=True)
class _Plan:
    """Which rules are looked at for whom: ``everybody`` for all customers, ``few`` for the ``candidates`` alone."""

    everybody: list[Watched]
    few: list[Watched] = field(default_factory=list)
    candidates: Ids = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def passes(self, tx: Transaction, now: int) -> Iterator[tuple[Sequence[Watched], Block]]:
        if self.everybody:
            for block in changes.all_blocks(tx, now=now):
                yield self.everybody, block
        if self.few:
            for block in changes.blocks_of(self.candidates):
                yield self.few, block


def sweep(ctx: Context, *, as_of: int | None = None, full: bool = False) -> Swept:
    """Evaluate every active rule for whoever may have changed (with ``full``, for everybody), and do what follows.

    Raises `SweepInPastError` where a rule was swept later already, `storage.pruned.BeforeHorizonError` or
    `rules.conditions.reach.PastHorizonError` where events that it would need were pruned (nothing is written then),
    and `storage.errors.SweepRunningError` where another sweep is under way.
    """
    started = time.perf_counter_ns()
    now = ctx.now() if as_of is None else as_of
    with turns.sweeping(ctx.database) as held:
        ctx = replace(ctx, database=held)
        kind_moves.finish(ctx)
        sources.notice(ctx, now=now)
        counts, candidates = _sweep(ctx, now, full=full)
        attend(ctx, now=now)
    elapsed_ms = (time.perf_counter_ns() - started) // 1_000_000
    log.info("swept", elapsed_ms=elapsed_ms, candidates=candidates, rules=len(counts))
    return Swept(as_of=now, elapsed_ms=elapsed_ms, candidates=candidates, rules=tuple(counts))


def sweep_and_audit(ctx: Context, *, as_of: int | None = None) -> Audited:
    """Sweep, evaluate everything in full at the same instant, put right what differs, and say what did.

    Raises what `sweep` raises.
    """
    started = time.perf_counter_ns()
    now = ctx.now() if as_of is None else as_of
    with turns.sweeping(ctx.database) as held:
        ctx = replace(ctx, database=held)
        kind_moves.finish(ctx)
        sources.notice(ctx, now=now)
        counts, _ = _sweep(ctx, now, full=False)
        with ctx.database.reading() as tx:
            rules = rulebook.listing(tx)
            bases = _bases(tx, ctx, rules, now)
            settled = {one.id: one for one in rules if _is_settled(one, bases)}
        revisions = {one.id: one.revision for one in settled.values()}
        doubt = _Doubt(came=np.zeros(0, dtype=np.int64), revisions=revisions)
        again, everybody = _sweep(ctx, now, full=True, doubt=doubt)
        attend(ctx, now=now)
    for first, second in zip(counts, again, strict=False):
        if first.rule == second.rule:
            second.entered, second.left = first.entered + second.entered, first.left + second.left
            second.opened, second.resolved = first.opened + second.opened, first.resolved + second.resolved
    elapsed_ms = (time.perf_counter_ns() - started) // 1_000_000
    differences = [
        Difference(settled[rule_id].name, many["entered"], many["left"], many["timers"])
        for rule_id, many in sorted(doubt.found.items())
    ]
    log.info("audited", elapsed_ms=elapsed_ms, customers=everybody, differences=len(differences))
    swept = Swept(as_of=now, elapsed_ms=elapsed_ms, candidates=everybody, rules=tuple(again))
    return Audited(swept=swept, differences=tuple(differences))


def _sweep(ctx: Context, now: int, *, full: bool, doubt: _Doubt | None = None) -> tuple[list[RuleCount], int]:
    with ctx.database.reading() as snapshot:
        rules = rulebook.listing(snapshot, states=[RuleState.ACTIVE])
        last = max((rule.swept_at for rule in rules if rule.swept_at is not None), default=None)
        if last is not None and now < last:
            raise SweepInPastError(as_of=now, last=last)
        pruned.refuse_before(snapshot, now)
        _refuse_past(snapshot, ctx, rules, now)
        touched = dirty.batches(snapshot)
        stood = kept.kept(snapshot)
        # Whoever doubts what is stored does not trust what is kept; and while events are pruned none can be true.
        climbs = not full and pruned.is_through(snapshot)
        watched = changes.watch(snapshot, rules, now=now)
        counts = {rule.id: RuleCount(rule=rule.name) for rule in rules}
        bases = _bases(snapshot, ctx, rules, now)
        plan = _Plan(everybody=watched) if full else _plan(snapshot, ctx, watched, bases, now)
        if doubt is not None:
            doubt.came = dirty.customers(snapshot)
            doubt.trust(rule.id for rule in rules if _is_settled(rule, bases))
        looked_at, more = _go_through(
            snapshot, ctx, plan, counts, now=now, stood=stood if climbs else None, doubt=doubt
        )
    with ctx.database.writing() as tx:
        # The rules before their messages, as whoever removes a rule takes them.
        revisions = [(rule.id, rule.revision) for rule in rules]
        rulebook.finish_sweep(tx, revisions, now=now, bases=bases)
        outbox.release_forming(tx, now=ctx.elapsed())
        if doubt is not None:
            rulebook.recount_matches(tx)
            if doubt.found:
                kept.forget_all(tx)
        kept.undo(tx, stood)
        kept.put_up(tx, more.rungs)
        for rule_id, matched in rulebook.match_counts(tx, list(counts)).items():
            counts[rule_id].matched = matched
    for some in _cut(more.carried, CARRIED_AT_ONCE):
        with ctx.database.writing() as tx:
            kept.carry(tx, some)
    _forget(ctx, touched)
    return list(counts.values()), looked_at


def _go_through(
    snapshot: Transaction,
    ctx: Context,
    plan: _Plan,
    counts: moves.Counts,
    *,
    now: int,
    stood: Kept | None,
    doubt: _Doubt | None,
) -> tuple[int, More]:
    """Read block by block, and write what changed; gives how many customers were looked at, and what more is to be kept."""
    begun, everybody, more = False, 0, More()
    for watched, block in plan.passes(snapshot, now):
        found = changes.read(snapshot, ctx, watched, block, now=now, kept=stood)
        if doubt is not None:
            doubt.note(found)
        for batch in moves.batches(changes.pairs(snapshot, ctx, found.rules, now=now)):
            with ctx.database.writing() as tx:
                if not begun:
                    rulebook.begin_sweep(tx, list(counts), now=now)
                    begun = True
                moves.write(tx, ctx, batch, counts, now)
        # After the matches: a timer that was moved has done its work.
        for some in _cut(list(found.due_at.items()), TIMERS_AT_ONCE):
            with ctx.database.writing() as tx:
                active = {rule_id for rule_id, _ in rulebook.current(tx, list(counts))}
                timers.move(tx, {pair: at for pair, at in some if pair[1] in active})
        everybody += len(block.ids) if block.everybody else 0
        more.add(found.more)
    return everybody or len(plan.candidates), more


def _plan(
    tx: Transaction, ctx: Context, watched: Sequence[Watched], bases: Mapping[int, str], now: int
) -> _Plan:
    """Find who may have changed since the last sweep; rules that are new, edited or resumed are looked at for everybody.

    Whoever is told of by nothing that came in, no edge that an event has crossed, no timer and no wait that is over
    answers every rule as before.
    """
    few = [one for one in watched if _is_settled(one.rule, bases)]
    if not few:
        return _Plan(everybody=list(watched))
    most = max(FEW, int(WORTH_ALL[tx.dialect] * customers.about(tx)))
    candidates = _candidates(tx, ctx, few, now, most)
    if candidates is None:
        return _Plan(everybody=list(watched))
    kept = {one.rule.id for one in few}
    return _Plan(
        everybody=[one for one in watched if one.rule.id not in kept], few=few, candidates=candidates
    )


def _candidates(tx: Transaction, ctx: Context, few: Sequence[Watched], now: int, most: int) -> Ids | None:
    came = dirty.customers_up_to(tx, most)
    if came is None:
        return None
    asked = constants(one.condition for one in few)
    last = min(one.rule.settled_at for one in few if one.rule.settled_at is not None)
    passing = flips.Passing(last=last, now=now, calendar=ctx.calendar, purchases=_purchases(tx, asked, now))
    passed = flips.customers_in(tx, answers.flips(asked, passing), most)
    if passed is None:
        return None
    due = timers.due(tx, [one.rule.id for one in few if one.timed], now=now)
    waited = np.array([customer for one in few for customer in one.due], dtype=np.int64)
    found = np.unique(np.concatenate([came, passed, due, waited]))
    return None if len(found) > most else found


def _refuse_past(tx: Transaction, ctx: Context, rules: Iterable[Rule], now: int) -> None:
    """Refuse to answer from what is left of events that were pruned: a rule may look further back at another ``now``."""
    horizon = pruned.horizon(tx)
    if horizon is not None:
        lifecycle = definitions.current(tx)
        for rule in rules:
            refuse_past(meaning.under(rule.body.condition, lifecycle), horizon, now, ctx.calendar)


def _purchases(tx: Transaction, asked: Iterable[Term], now: int) -> Events | None:
    """Give what the fit in force takes for purchases, if anything that is asked hangs on it."""
    fit = fits.in_force(tx, now) if any(isinstance(term, Fitted) for term in asked) else None
    return None if fit is None else Events(fit.terms.kind)


def _is_settled(rule: Rule, bases: Mapping[int, str]) -> bool:
    return rule.change is None and rule.settled_at is not None and rule.basis == bases[rule.id]


def _bases(tx: Transaction, ctx: Context, rules: Iterable[Rule], now: int) -> dict[int, str]:
    """Say of each rule what its answers hang on beside its condition and the data.

    In another zone days begin at other instants; and under another fit everybody is worth something else.
    """
    common = f"{MEANING} {ctx.calendar.zone} {ctx.currency}"
    fitted = f"{common} fit {fits.number_in_force(tx, now)}"
    lifecycle = definitions.current(tx)
    return {
        rule.id: fitted if _is_fitted(meaning.under(rule.body.condition, lifecycle)) else common
        for rule in rules
    }


def _is_fitted(condition: Condition) -> bool:
    return any(isinstance(term, Fitted) for term in terms(condition))


def _forget(ctx: Context, touched: Sequence[bytes]) -> None:
    """Forget what was read as touched, some batches at a time; what is left of a forgetting cut short is read again."""
    for batches in _cut(touched, FORGOTTEN_AT_ONCE):
        with ctx.database.writing() as tx:
            dirty.forget(tx, batches)


def _cut(items: Sequence[_Item], size: int) -> Iterable[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
