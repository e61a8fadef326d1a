"""Retention: events before a horizon are pruned, and what they made of counts, sums, firsts and lasts is kept.

Refused where it would make something untrue: a rule that looks past the horizon, or an open alert that does. It must
not know how a term is answered, nor how an answer looks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import structlog

from handlers import kind_moves, meaning
from handlers.context import Context
from rules.alerts.rule import RuleState
from rules.conditions.print import subject_text
from rules.conditions.reach import Reach, is_fitted, reaches
from rules.errors import WarmlineError
from rules.instants import EARLIEST, iso
from rules.lifecycle.resolve import meanings
from storage import (
    alerts,
    audit,
    customers,
    definitions,
    events,
    kept,
    pruned,
    retry,
    routes,
    rules,
    silences,
    upkeep,
)
from storage.audit import Entry
from storage.database import Transaction
from storage.pruned import Stretch
from storage.rules import Rule

BATCH: Final = 2_000
"""Events that one transaction moves: well under 100 ms, so that intake never waits long."""
_CUSTOMERS: Final = 500
"""Customers that are looked at together."""
_MOST_STRETCHES: Final = 250
_EXAMPLES: Final = 5

Progress = Callable[[int, int], None]
"""Told how many events were pruned so far, and of how many."""

log = structlog.get_logger(__name__)


class PruneAheadError(WarmlineError):
    """A horizon ``before`` that lies after ``now``."""

    code: ClassVar[str] = "prune_ahead"


class PrunePastRulesError(WarmlineError):
    """Rules look past the horizon ``before``: ``rules`` as (name, term); a sweep is what lacks where the term is None.

    ``latest`` is the latest horizon that would do, None where none would.
    """

    code: ClassVar[str] = "prune_past_rules"


class PrunePastAlertsError(WarmlineError):
    """``n`` open alerts go back to events from before the horizon ``before``: ``examples`` as (rule, customer).

    ``latest`` is the latest horizon that would do, None where none would.
    """

    code: ClassVar[str] = "prune_past_alerts"


@dataclass(frozen=True, slots=True)
class RuleInTheWay:
    """A rule that looks past a horizon, by its first ``term`` that does; None where it only was not swept since.

    A definition of the life cycle is one as well, by its name.
    """

    rule: str
    term: str | None


@dataclass(frozen=True, slots=True)
class AlertInTheWay:
    """An open alert that goes back to events from before a horizon; ``customer`` as sources name one."""

    rule: str
    customer: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What pruning ``before`` an instant would do; ``stands`` is the horizon so far.

    ``alerts`` in the way are ``alerts_in_all``, a few of which are named. ``latest`` is the latest horizon that
    nothing stands in the way of; None where there is none.
    """

    before: int
    stands: int | None
    kinds: Mapping[str, int]
    customers: int
    size: int
    rules: tuple[RuleInTheWay, ...]
    alerts: tuple[AlertInTheWay, ...]
    alerts_in_all: int
    latest: int | None

    def as_json(self) -> dict[str, object]:
        """Give the answer of ``bot.py db prune --dry-run --json``."""
        return {
            "before": iso(self.before),
            "events": sum(self.kinds.values()),
            "customers": self.customers,
            "kinds": dict(self.kinds),
            "bytes_before": self.size,
            "rules": [{"rule": one.rule, "term": one.term} for one in self.rules],
            "alerts": self.alerts_in_all,
            "latest": None if self.latest is None else iso(self.latest),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was pruned: events by kind, of how many customers; sizes in bytes. ``before`` is the horizon by now."""

    before: int
    kinds: Mapping[str, int]
    customers: int
    size_before: int
    size_after: int

    def as_json(self) -> dict[str, object]:
        """Give the answer of ``bot.py db prune --json``."""
        return {
            "before": iso(self.before),
            "events": sum(self.kinds.values()),
            "customers": self.customers,
            "kinds": dict(self.kinds),
            "bytes_before": self.size_before,
            "bytes_after": self.size_after,
        }


@dataclass(slots=True)
class _Obstacles:
    """What stands in the way of a horizon, and the latest one that would do."""

    latest: int
    rules: list[RuleInTheWay] = field(default_factory=list)
    alerts: list[tuple[int, int]] = field(default_factory=list)
    """(rule id, customer id)"""

    @property
    def would_do(self) -> int | None:
        return self.latest if self.latest > EARLIEST else None


def survey(ctx: Context, before: int) -> Survey:
    """Say what pruning would do, and what stands in its way; changes nothing. Raises `PruneAheadError`."""
    if before > ctx.now():
        raise PruneAheadError(before=iso(before), now=iso(ctx.now()))
    with ctx.database.reading() as tx:
        found = _obstacles(tx, ctx, before)
        names = {number: name for name, number in events.kind_ids(tx, events.kinds(tx)).items()}
        return Survey(
            before=before,
            stands=pruned.horizon(tx),
            kinds={names[kind]: n for kind, n in pruned.before(tx, before).items()},
            customers=pruned.customers_before(tx, before),
            size=upkeep.size(tx),
            rules=tuple(found.rules),
            alerts=_named(tx, found.alerts[:_EXAMPLES]),
            alerts_in_all=len(found.alerts),
            latest=found.would_do,
        )


def prune(
    ctx: Context, before: int, *, actor: str, progress: Progress = lambda _done, _whole: None
) -> Outcome:
    """Prune the events before an instant; what was cut short is finished, and an earlier horizon changes nothing more.

    Raises `PruneAheadError`, `PrunePastRulesError`, `PrunePastAlertsError` or `handlers.kind_moves.MovePendingError`;
    nothing is changed then.
    """
    horizon = retry.writing(ctx.database, lambda tx: _begin(tx, ctx, before, actor))
    with ctx.database.reading() as tx:
        size_before = upkeep.size(tx)
        waiting = pruned.before(tx, horizon)
        names = {number: name for name, number in events.kind_ids(tx, events.kinds(tx)).items()}
        # Whoever has an event from before the horizon is known since before it.
        known = customers.ids(tx, known_at=horizon).tolist() if waiting else []
    gone, people, whole = dict.fromkeys(waiting, 0), 0, sum(waiting.values())
    for start in range(0, len(known), _CUSTOMERS):
        touched: set[int] = set()
        for batch in _batches(ctx, known[start : start + _CUSTOMERS], list(waiting), horizon):
            moved = retry.writing(ctx.database, lambda tx, some=batch: pruned.prune(tx, some))  # type: ignore[misc]
            touched |= {one.customer_id for one in batch}
            for kind, n in moved.items():
                gone[kind] += n
            progress(sum(gone.values()), whole)
        people += len(touched)
    retry.writing(ctx.database, lambda tx: _finish(tx, horizon))
    if whole:
        retry.writing(ctx.database, upkeep.analyze)
    with ctx.database.reading() as tx:
        outcome = Outcome(
            before=horizon,
            kinds={names[kind]: n for kind, n in gone.items()},
            customers=people,
            size_before=size_before,
            size_after=upkeep.size(tx),
        )
    log.info("pruned", before=iso(horizon), events=sum(gone.values()), customers=people)
    return outcome


def _begin(tx: Transaction, ctx: Context, before: int, actor: str) -> int:
    """Set the horizon, if nothing stands in its way, and give it; an earlier one than stands leaves it."""
    # Intakes under way end before, and those that come see it: so nothing that was pruned comes again.
    customers.hold_off(tx, alone=True)
    pruned.hold(tx)
    kind_moves.refuse_while_pending(tx)
    stands = pruned.horizon(tx)
    if stands is not None and before <= stands:
        return stands
    found = _obstacles(tx, ctx, before)
    latest = None if found.would_do is None else iso(found.would_do)
    if before > ctx.now():
        raise PruneAheadError(before=iso(before), now=iso(ctx.now()))
    if found.rules:
        listed = [(one.rule, one.term) for one in found.rules]
        raise PrunePastRulesError(before=iso(before), rules=listed, latest=latest)
    if found.alerts:
        named = [(one.rule, one.customer) for one in _named(tx, found.alerts[:_EXAMPLES])]
        raise PrunePastAlertsError(before=iso(before), n=len(found.alerts), examples=named, latest=latest)
    pruned.move_horizon(tx, before)
    was = "" if stands is None else f"- before: {iso(stands)}\n"
    diff = f"{was}+ before: {iso(before)}"
    audit.note(tx, Entry(at=ctx.now(), actor=actor, action="db.prune", object="horizon", diff=diff))
    return before


def _finish(tx: Transaction, horizon: int) -> None:
    # What is kept counts events that are gone.
    kept.forget_all(tx)
    pruned.finish(tx, horizon)


def _batches(
    ctx: Context, some: Sequence[int], kinds: Sequence[int], horizon: int
) -> Iterator[Sequence[Stretch]]:
    """Cut what is to be pruned of some customers into batches; each has to be gone before the next is asked for."""
    more = True
    while more:
        with ctx.database.reading() as tx:
            found = pruned.stretches(tx, some, kinds, at=horizon, most=BATCH)
        more = any(one.until < horizon for one in found)
        batch: list[Stretch] = []
        for one in found:
            if batch and (len(batch) == _MOST_STRETCHES or sum(b.events for b in batch) + one.events > BATCH):
                yield batch
                batch = []
            batch.append(one)
        if batch:
            yield batch


def _obstacles(tx: Transaction, ctx: Context, before: int) -> _Obstacles:
    found = _Obstacles(latest=ctx.now())
    for rule in rules.listing(tx):
        _look_at_rule(tx, rule, ctx, before, found)
    _look_at_definitions(tx, ctx, before, found)
    _look_at_quieting(tx, ctx, before, found)
    conditions = {}
    looks: dict[tuple[int, int, int], int] = {}
    for opened in alerts.openings(tx):
        version = (opened.rule_id, opened.rule_version)
        if version not in conditions:
            conditions[version] = meaning.of(tx, rules.version_of(tx, *version).body.condition)
        key = (*version, opened.opened_at)
        if key not in looks:
            looks[key] = _earliest(reaches(conditions[version], opened.opened_at, ctx.calendar), before)
        found.latest = min(found.latest, looks[key])
        if looks[key] < before:
            found.alerts.append((opened.rule_id, opened.customer_id))
    return found


def _look_at_definitions(tx: Transaction, ctx: Context, before: int, found: _Obstacles) -> None:
    """Definitions say where customers stand now, whether a rule asks for it or not; but what value models say may go."""
    for name, tree in meanings(definitions.current(tx)).items():
        looked = [one for one in reaches(tree, ctx.now(), ctx.calendar) if not is_fitted(one.term)]
        found.latest = min(found.latest, _earliest(looked, found.latest))
        past = next((one.term for one in looked if one.since < before), None)
        if past is not None:
            found.rules.append(RuleInTheWay(str(name), subject_text(past)))


def _look_at_quieting(tx: Transaction, ctx: Context, before: int, found: _Obstacles) -> None:
    """Silences and routes ask their conditions at every tick."""
    asked = {f"silence {one.id}": one.condition for one in silences.running(tx, now=ctx.now())}
    asked |= {f"route {one.name}": one.condition for one in routes.listing(tx)}
    for name, condition in asked.items():
        looked = reaches(meaning.of(tx, condition), ctx.now(), ctx.calendar)
        found.latest = min(found.latest, _earliest(looked, found.latest))
        past = next((one.term for one in looked if one.since < before), None)
        if past is not None:
            found.rules.append(RuleInTheWay(name, subject_text(past)))


def _look_at_rule(tx: Transaction, rule: Rule, ctx: Context, before: int, found: _Obstacles) -> None:
    # The next sweep finds what entered or left a window since the last one by the events themselves.
    settled = rule.state is RuleState.ACTIVE and rule.settled_at is not None
    at = rule.settled_at if settled and rule.settled_at is not None else ctx.now()
    condition = meaning.of(tx, rule.body.condition)
    looked = reaches(condition, at, ctx.calendar)
    found.latest = min(found.latest, at, _earliest(looked, found.latest))
    past = [one for one in looked if one.since < before]
    if past:
        now = [one.term for one in reaches(condition, ctx.now(), ctx.calendar) if one.since < before]
        found.rules.append(RuleInTheWay(rule.name, subject_text(now[0]) if now else None))
    elif before > at:
        found.rules.append(RuleInTheWay(rule.name, None))


def _earliest(looked: Sequence[Reach], otherwise: int) -> int:
    """Give the latest horizon that leaves all of this in sight; ``otherwise`` where nothing is looked at."""
    earliest = min((one.since for one in looked), default=None)
    if earliest is None:
        return otherwise
    # An exact window holds what is later than its edge; the edge itself is the instant that people know.
    return earliest if earliest == EARLIEST else earliest - 1


def _named(tx: Transaction, some: Sequence[tuple[int, int]]) -> tuple[AlertInTheWay, ...]:
    people = customers.by_ids(tx, {customer for _, customer in some})
    named = {rule_id: rules.by_id(tx, rule_id) for rule_id, _ in some}
    return tuple(
        AlertInTheWay(
            rule=rule.name if (rule := named[rule_id]) else "?",
            customer=people[customer].external_id if customer in people else f"#{customer}",
        )
        for rule_id, customer in some
    )
