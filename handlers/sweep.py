"""The sweep: for whom the rules hold now, what changed since, and what becomes of it.

Reads in one snapshot, in blocks of customers; writes in short transactions, each of which moves match, alert,
transition and outbox together for its customers. A sweep that is cut short is simply repeated: what it read as
touched is forgotten last. It must not know how a term is answered, nor how an alert looks.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Final

import numpy as np
import structlog
from numpy.typing import NDArray

from handlers import steps
from handlers.context import Context
from handlers.steps import Told
from rules.alerts.decide import Decision, LastAlert, Policy, Previous, decide
from rules.alerts.evidence import Evidence, evidence_of, evidence_terms
from rules.alerts.rule import RuleState
from rules.alerts.states import Verb
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.reach import within
from rules.conditions.tree import Condition, terms
from rules.errors import WarmlineError
from rules.instants import iso
from storage import alerts, customers, dirty, matches, outbox, pruned
from storage import rules as rulebook
from storage import terms as answers
from storage.alerts import Alert, Opening, Step
from storage.database import Transaction
from storage.outbox import Call, New, Subject
from storage.rules import Rule

BLOCK: Final = 50_000
"""Customers whose terms are held in memory at once."""
BATCH: Final = 250
"""Pairs of customer and rule that one transaction moves: well under 100 ms, so that intake never waits long."""

log = structlog.get_logger(__name__)


class SweepInPastError(WarmlineError):
    """The rules were swept at ``last`` already, later than ``as_of``: time runs forward."""

    code: ClassVar[str] = "sweep_in_past"


@dataclass(slots=True)
class RuleCount:
    """What a sweep found and did for one rule; all but ``matched`` are changes."""

    rule: str
    matched: int = 0
    entered: int = 0
    left: int = 0
    opened: int = 0
    resolved: int = 0


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
class _Watched:
    """An active rule with its condition read; for whom it held, ascending; and who waits for an instant that has come.

    ``due`` gives for each of those the end of the hold on the match, or None for the end of a snooze.
    """

    rule: Rule
    condition: Condition
    held: NDArray[np.int64]
    due: Mapping[int, int | None]


@dataclass(frozen=True, slots=True)
class _Block:
    """Customers to be evaluated together, ascending; the block answers for every number from ``first`` to ``after``."""

    ids: NDArray[np.int64]
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """One customer and one rule that need a decision. ``matched`` and ``before``: whether it holds, and held."""

    customer_id: int
    watched: _Watched
    matched: bool
    before: bool
    held_until: int | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class _Change:
    """For how many customers of a block a rule holds, and for whom it has come to hold, has ceased to, or is due."""

    watched: _Watched
    matched: int
    entered: NDArray[np.int64]
    left: NDArray[np.int64]
    due: NDArray[np.int64]


def sweep(ctx: Context, *, as_of: int | None = None) -> Swept:
    """Evaluate every active rule for every customer known, and do what follows.

    Raises `SweepInPastError` where a rule was swept later already, `storage.pruned.BeforeHorizonError` where events
    of then were pruned (nothing is written then), and `storage.errors.SweepRunningError` where another sweep is under
    way.
    """
    started = time.perf_counter_ns()
    now = ctx.now() if as_of is None else as_of
    with ctx.database.sweeping():
        counts, candidates = _sweep(ctx, now)
    elapsed_ms = (time.perf_counter_ns() - started) // 1_000_000
    log.info("swept", elapsed_ms=elapsed_ms, candidates=candidates, rules=len(counts))
    return Swept(as_of=now, elapsed_ms=elapsed_ms, candidates=candidates, rules=tuple(counts))


def _sweep(ctx: Context, now: int) -> tuple[list[RuleCount], int]:
    with ctx.database.reading() as snapshot:
        last = rulebook.last_swept(snapshot)
        if last is not None and now < last:
            raise SweepInPastError(as_of=iso(now), last=iso(last))
        pruned.refuse_before(snapshot, now)
        touched = dirty.batches(snapshot)
        watched = _watched(snapshot, now)
        counts = {one.rule.id: RuleCount(rule=one.rule.name) for one in watched}
        with ctx.database.writing() as tx:
            rulebook.begin_sweep(tx, list(counts), now=now)
        known = customers.ids(snapshot, known_at=now)
        for block in _blocks(known):
            changes = _read_block(snapshot, ctx, watched, block, now)
            for change in changes:
                counts[change.watched.rule.id].matched += change.matched
            for batch in _batches(_pairs(snapshot, ctx, changes, now)):
                with ctx.database.writing() as tx:
                    _write(tx, ctx, batch, counts, now)
    with ctx.database.writing() as tx:
        # The rules before their messages, as whoever removes a rule takes them.
        rulebook.finish_sweep(tx, sorted((one.rule.id, one.rule.revision) for one in watched))
        outbox.release_forming(tx, now=ctx.elapsed())
        dirty.forget(tx, touched)
    return list(counts.values()), len(known)


def _watched(tx: Transaction, now: int) -> list[_Watched]:
    rules = rulebook.listing(tx, states=[RuleState.ACTIVE])
    waiting: dict[int, dict[int, int | None]] = {rule.id: {} for rule in rules}
    for held in matches.held(tx, list(waiting), now=now):
        waiting[held.rule_id][held.customer_id] = held.held_until
    for alert in alerts.due(tx, list(waiting), now=now):
        waiting[alert.rule_id].setdefault(alert.customer_id, None)
    return [
        _Watched(
            rule=rule,
            condition=parse(rule.body.condition),
            held=matches.of_rule(tx, rule.id),
            due=waiting[rule.id],
        )
        for rule in rules
    ]


def _blocks(known: NDArray[np.int64]) -> Iterator[_Block]:
    """Cut the customers into blocks whose spans leave no number out: a match may stand for one not known any more."""
    starts = range(0, max(len(known), 1), BLOCK)
    for start in starts:
        ids = known[start : start + BLOCK]
        after = known[start + BLOCK] if start + BLOCK < len(known) else np.iinfo(np.int64).max
        yield _Block(ids=ids, first=int(ids[0]) if start else 0, after=int(after))


def _read_block(
    tx: Transaction, ctx: Context, watched: Sequence[_Watched], block: _Block, now: int
) -> list[_Change]:
    wanted = tuple(dict.fromkeys(term for one in watched for term in terms(one.condition)))
    ids, columns = answers.answer(
        tx, wanted, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=block.ids
    )
    changes = []
    for one in watched:
        matching = ids[evaluate(one.condition, columns)]
        before = one.held[np.searchsorted(one.held, block.first) : np.searchsorted(one.held, block.after)]
        waiting = np.fromiter(sorted(one.due), dtype=np.int64, count=len(one.due))
        stayed = np.intersect1d(before, matching, assume_unique=True)
        changes.append(
            _Change(
                watched=one,
                matched=len(matching),
                entered=np.setdiff1d(matching, before, assume_unique=True),
                left=np.setdiff1d(before, matching, assume_unique=True),
                due=np.intersect1d(waiting, stayed, assume_unique=True),
            )
        )
    return changes


def _pairs(tx: Transaction, ctx: Context, changes: Iterable[_Change], now: int) -> Iterator[_Pair]:
    """Give the pairs that need a decision, rule by rule: the evidence of one rule is in memory, not that of all."""
    for change in changes:
        one = change.watched
        spoken = _evidence(tx, ctx, one.condition, np.union1d(change.entered, change.due), now)
        for customer in change.left.tolist():
            yield _Pair(customer, one, matched=False, before=True)
        for customer in change.entered.tolist():
            yield _Pair(customer, one, matched=True, before=False, evidence=spoken[customer])
        for customer in change.due.tolist():
            yield _Pair(
                customer,
                one,
                matched=True,
                before=True,
                held_until=one.due[customer],
                evidence=spoken[customer],
            )


def _evidence(
    tx: Transaction, ctx: Context, condition: Condition, wanted: NDArray[np.int64], now: int
) -> Mapping[int, tuple[Evidence, ...]]:
    asked = within(evidence_terms(condition), pruned.horizon(tx), now, ctx.calendar)
    if not len(wanted) or not asked:
        return dict.fromkeys(wanted.tolist(), ())
    ids, columns = answers.answer(
        tx, asked, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=wanted
    )
    return evidence_of(asked, columns, ids.tolist())


def _batches(pairs: Iterable[_Pair]) -> Iterator[Sequence[_Pair]]:
    """Cut into batches as they come, each in the order of customers, so that two that write lock them in one order."""
    coming = iter(pairs)
    while batch := list(islice(coming, BATCH)):
        yield sorted(batch, key=lambda pair: (pair.customer_id, pair.watched.rule.id))


def _write(
    tx: Transaction, ctx: Context, batch: Sequence[_Pair], counts: Mapping[int, RuleCount], now: int
) -> None:
    """Move match, alert, transition and outbox for these pairs; leave those alone whose rule changed meanwhile."""
    rule_ids = sorted({pair.watched.rule.id for pair in batch})
    current = rulebook.current(tx, rule_ids)
    pairs = [pair for pair in batch if (pair.watched.rule.id, pair.watched.rule.revision) in current]
    last = alerts.latest(tx, rule_ids, sorted({pair.customer_id for pair in pairs}))
    decided = [
        (pair, _decide(pair, last.get((pair.watched.rule.id, pair.customer_id)), now)) for pair in pairs
    ]
    told = Told(now=now, elapsed=ctx.elapsed(), forming=True)
    _move_matches(tx, decided, now)
    _open(tx, [(pair, decision) for pair, decision in decided if decision.verb is Verb.OPEN], told)
    _step(tx, decided, last, told)
    for pair, decision in decided:
        count = counts[pair.watched.rule.id]
        count.entered += pair.matched and not pair.before
        count.left += pair.before and not pair.matched
        count.opened += decision.verb is Verb.OPEN
        count.resolved += decision.verb is Verb.RESOLVE


def _decide(pair: _Pair, alert: Alert | None, now: int) -> Decision:
    rule = pair.watched.rule
    last = LastAlert(alert.snoozed_until, alert.resolved_at, alert.resolution) if alert else None
    policy = Policy(
        kind=rule.body.kind, backlog=rule.body.backlog, cooldown=rule.body.cooldown, change=rule.change
    )
    return decide(Previous(pair.before, pair.held_until, last), pair.matched, now, policy)


def _move_matches(tx: Transaction, decided: Iterable[tuple[_Pair, Decision]], now: int) -> None:
    entered, left, holds = [], [], []
    for pair, decision in decided:
        key = (pair.customer_id, pair.watched.rule.id)
        if pair.matched and not pair.before:
            entered.append(key)
        if pair.before and not pair.matched:
            left.append(key)
        if decision.verb is Verb.HOLD:
            holds.append((*key, decision.until))
        if decision.verb is Verb.OPEN and pair.held_until is not None:
            holds.append((*key, None))
    matches.enter(tx, entered, now=now)
    matches.leave(tx, left)
    matches.hold(tx, holds)


def _open(tx: Transaction, decided: Sequence[tuple[_Pair, Decision]], told: Told) -> None:
    if not decided:
        return
    ids = alerts.number(tx, len(decided))
    told_alone = {
        alert_id: pair
        for (pair, decision), alert_id in zip(decided, ids, strict=True)
        if not decision.in_digest
    }
    posts = outbox.add_all(
        tx, [_post(pair, alert_id) for alert_id, pair in told_alone.items()], now=told.elapsed
    )
    roots = dict(zip(told_alone, posts, strict=True))
    backlogs = {pair.watched.rule.id: pair.watched.rule for pair, decision in decided if decision.in_digest}
    digests = {rule_id: _digest(tx, rule, told) for rule_id, rule in backlogs.items()}
    openings = [
        Opening(
            customer_id=pair.customer_id,
            rule_id=pair.watched.rule.id,
            rule_version=pair.watched.rule.version,
            reason=decision.reason,
            evidence=pair.evidence,
            root=roots[alert_id] if alert_id in roots else digests[pair.watched.rule.id],
        )
        for (pair, decision), alert_id in zip(decided, ids, strict=True)
    ]
    alerts.open_all(tx, openings, ids, now=told.now)


def _post(pair: _Pair, alert_id: int) -> New:
    rule = pair.watched.rule
    return New(
        call=Call.POST,
        subject=Subject.ALERT,
        channel=rule.body.channel,
        rule_id=rule.id,
        customer_id=pair.customer_id,
        alert_id=alert_id,
    )


def _digest(tx: Transaction, rule: Rule, told: Told) -> int:
    """Give the digest that this sweep, or one that was cut short before it, adds to."""
    waiting = outbox.forming(tx, rule_id=rule.id, root=None)
    if waiting is not None:
        return waiting
    digest = New(
        call=Call.POST, subject=Subject.DIGEST, channel=rule.body.channel, rule_id=rule.id, forming=True
    )
    return outbox.add(tx, digest, now=told.elapsed)


def _step(
    tx: Transaction,
    decided: Iterable[tuple[_Pair, Decision]],
    last: Mapping[tuple[int, int], Alert],
    told: Told,
) -> None:
    taken: list[Step] = []
    for pair, decision in decided:
        alert = last.get((pair.watched.rule.id, pair.customer_id))
        if alert is None:
            continue
        if decision.verb is Verb.WAKE:
            taken.append(steps.waking(alert, reason=decision.reason))
        if decision.verb is Verb.RESOLVE and decision.resolution is not None:
            taken.append(
                steps.resolving(alert, resolution=decision.resolution, reason=decision.reason, now=told.now)
            )
    steps.take(tx, taken, told)
