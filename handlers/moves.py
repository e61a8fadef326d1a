"""What becomes of changes: match, alert, transition and outbox are moved together, for some pairs at a time.

Each call is to be one short transaction. It must not know how a change was found, nor how an alert looks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from handlers import steps
from handlers.changes import Pair
from handlers.context import Context
from handlers.steps import Told
from rules.alerts.decide import Decision, LastAlert, Policy, Previous, decide
from rules.alerts.states import Reason, Verb
from storage import alerts, matches
from storage import rules as rulebook
from storage.alerts import Alert, Opening, Step
from storage.database import Transaction

BATCH: Final = 250
"""Pairs of customer and rule that one transaction moves: well under 100 ms, so that intake never waits long."""


@dataclass(slots=True)
class RuleCount:
    """What a sweep found and did for one rule; all but ``matched`` are changes."""

    rule: str
    matched: int = 0
    entered: int = 0
    left: int = 0
    opened: int = 0
    resolved: int = 0


Counts = Mapping[int, RuleCount]
"""By rule id."""


def batches(pairs: Iterable[Pair]) -> Iterator[Sequence[Pair]]:
    """Cut into batches as they come, each in the order of customers, so that two that write lock them in one order."""
    coming = iter(pairs)
    while batch := list(islice(coming, BATCH)):
        yield sorted(batch, key=lambda pair: (pair.customer_id, pair.watched.rule.id))


def write(tx: Transaction, ctx: Context, batch: Sequence[Pair], counts: Counts, now: int) -> None:
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
    _keep(tx, decided, last)
    _step(tx, decided, last, told)
    more: Counter[int] = Counter()
    for pair, decision in decided:
        count = counts[pair.watched.rule.id]
        count.entered += pair.matched and not pair.before
        count.left += pair.before and not pair.matched
        count.opened += decision.verb is Verb.OPEN
        count.resolved += decision.verb is Verb.RESOLVE
        more[pair.watched.rule.id] += pair.matched - pair.before
    rulebook.count_matches(tx, more)


def _decide(pair: Pair, alert: Alert | None, now: int) -> Decision:
    rule = pair.watched.rule
    last = (
        LastAlert(alert.snoozed_until, alert.resolved_at, alert.resolution, alert.leaving_at)
        if alert
        else None
    )
    policy = Policy(
        kind=rule.body.kind,
        backlog=rule.body.backlog,
        cooldown=rule.body.cooldown,
        change=rule.change,
        pending=rule.body.pending,
        keep=rule.body.keep,
        stale=pair.watched.stale is not None,
    )
    previous = Previous(pair.before, pair.held_until, last, pair.held_for, pair.late is not None)
    return decide(previous, pair.matched, now, policy)


def _move_matches(tx: Transaction, decided: Iterable[tuple[Pair, Decision]], now: int) -> None:
    entered, left = [], []
    holds: list[tuple[int, int, int | None, Reason | None]] = []
    for pair, decision in decided:
        key = (pair.customer_id, pair.watched.rule.id)
        if pair.matched and not pair.before:
            entered.append(key)
        if pair.before and not pair.matched:
            left.append(key)
        if decision.verb is Verb.HOLD:
            holds.append((*key, decision.until, decision.opens_as))
        if decision.verb is Verb.OPEN and pair.held_until is not None:
            holds.append((*key, None, None))
    matches.enter(tx, entered, now=now)
    matches.leave(tx, left)
    matches.hold(tx, holds)


def _open(tx: Transaction, decided: Sequence[tuple[Pair, Decision]], told: Told) -> None:
    """Open alerts; whether and with what they are told is asked when the sweep is through with everybody."""
    openings = [
        Opening(
            customer_id=pair.customer_id,
            rule_id=pair.watched.rule.id,
            rule_version=pair.watched.rule.version,
            reason=decision.reason,
            evidence=pair.evidence,
        )
        for pair, decision in decided
    ]
    if openings:
        alerts.open_all(tx, openings, alerts.number(tx, len(openings)), now=told.now)


def _keep(
    tx: Transaction,
    decided: Iterable[tuple[Pair, Decision]],
    last: Mapping[tuple[int, int], Alert],
) -> None:
    """Note until when alerts whose condition has ceased are kept open, and whose came back. Nobody is told of it."""
    moved = []
    for pair, decision in decided:
        alert = last.get((pair.watched.rule.id, pair.customer_id))
        if alert is None or decision.verb not in (Verb.KEEP, Verb.WAKE):
            continue
        until = None if pair.matched else decision.until
        if until != alert.leaving_at:
            moved.append((alert.customer_id, alert.id, until))
    alerts.leave_at(tx, moved)


def _step(
    tx: Transaction,
    decided: Iterable[tuple[Pair, Decision]],
    last: Mapping[tuple[int, int], Alert],
    told: Told,
) -> None:
    taken: list[Step] = []
    for pair, decision in decided:
        alert = last.get((pair.watched.rule.id, pair.customer_id))
        if alert is None:
            continue
        if decision.verb is Verb.WAKE:
            # Whether it is kept open is settled by `_keep`: it holds.
            taken.append(steps.waking(replace(alert, leaving_at=None), reason=decision.reason))
        if decision.verb is Verb.RESOLVE and decision.resolution is not None:
            taken.append(
                steps.resolving(
                    alert,
                    resolution=decision.resolution,
                    reason=decision.reason,
                    now=told.now,
                    late=pair.late if decision.reason is Reason.LATE_EVENT else None,
                )
            )
    steps.take(tx, taken, told)
