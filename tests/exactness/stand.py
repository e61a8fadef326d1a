"""One database of a history, and the use cases on it as a process of the bot would call them.

Also what may befall a sweep there: it is cut short, or something is written in its midst, between its transactions.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from unittest import mock

from sqlalchemy import text

from handlers import changes, lifecycle, rulebook
from handlers import sweep as sweep_module
from handlers.admit import Candidate, admit
from handlers.context import Context
from handlers.health import compute
from handlers.ingest import Taken
from handlers.lifecycle_plans import Change
from handlers.rulebook import NothingChangedError, Request
from handlers.sweep import Swept, sweep
from rules.access import Actor
from rules.alerts.states import AlertState, Reason, Resolution, Verb
from rules.alerts.typed import Options
from rules.lifecycle.definitions import Lifecycle
from storage import alerts, customers, definitions, fits, matches, rules
from storage.alerts import Alert, Step
from storage.database import Database, Transaction
from storage.incoming import CustomerIn, EventIn
from storage.quarantine import Refused
from tests.conftest import clear
from tests.contexts import StillClock, context
from tests.exactness.steps import Act, Add, Define, Edit, Event, Refit, Say, Take, Turn
from tests.exactness.world import Pairs
from tests.rules.lifecycle.fits import numbered

SOURCE = "shop"
MANAGER = Request(Actor("cli:test", manager=True))


class CutShortError(Exception):
    """What ends a sweep in its midst."""


@dataclass
class Disturbance:
    """What befalls a sweep: which of its write transactions fails, and what happens before which of them."""

    cut: int | None = None
    before: int = 1
    meanwhile: Callable[[], None] | None = None
    evaluates: bool = False
    """Whether the sweep has come to what it evaluates: what it does before that is seen by it, and disturbs nobody."""
    begun: int = 0
    reads: bool = False

    def happen(self) -> None:
        """Do what there is to be done meanwhile, once."""
        work, self.meanwhile = self.meanwhile, None
        if work is not None:
            work()


class DisturbedDatabase(Database):
    """A database on which a sweep can be disturbed where it meets others: at its own transactions."""

    disturbance: Disturbance | None = None

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        told, self.disturbance = self.disturbance, None
        number = -1
        if told is not None and told.evaluates:
            number, told.begun = told.begun, told.begun + 1
            if told.reads and number >= told.before:
                told.happen()
        self.disturbance = told
        with super().writing() as tx:
            yield tx
            if told is not None and number >= 0 and number == told.cut:
                raise CutShortError

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        with super().reading() as tx:
            if self.disturbance is not None and self.disturbance.evaluates:
                # A snapshot begins with its first statement; what happens meanwhile is to come after it for certain.
                tx.execute(text("SELECT count(*) FROM rule"))
                self.disturbance.reads = True
            yield tx


class Stand:
    """One database, and the use cases as a process of the bot would call them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._now, self._elapsed = StillClock(), StillClock()
        self._database = DisturbedDatabase(url)
        self._ctx = context(self._database, now=self._now, elapsed=self._elapsed)

    @property
    def ctx(self) -> Context:
        return self._ctx

    def begin(self, zone: str) -> None:
        """Forget the history before."""
        clear(self._database)
        self._ctx = context(self._database, zone=zone, now=self._now, elapsed=self._elapsed)

    def close(self) -> None:
        self._database.close()

    def restart(self) -> None:
        self._database.close()
        self._database = DisturbedDatabase(self._url)
        self._ctx = replace(self._ctx, database=self._database)

    def move_on(self, now: int) -> None:
        self._now.at = now
        self._elapsed.at += 1

    def take(self, step: Take) -> list[str]:
        candidates = [Candidate(_paper(event), _draft(event)) for event in step.events]
        with self._database.writing() as tx:
            verdicts = admit(tx, candidates, now=self._now.at, by_http=step.by_http)
        return [verdict.value if isinstance(verdict, Taken) else "refused" for verdict in verdicts]

    def say(self, step: Say) -> None:
        attributes = {
            name: None if value is None else json.loads(value, parse_int=Decimal, parse_float=Decimal)
            for name, value in step.attributes.items()
        }
        draft = CustomerIn(step.customer, step.own, step.created_at, attributes)
        paper = Refused(SOURCE, "test", "test", None, "", {}, b"")
        with self._database.writing() as tx:
            admit(tx, [Candidate(paper, draft)], now=self._now.at, by_http=False)

    def add(self, step: Add) -> None:
        rulebook.add(
            self._ctx, MANAGER, name=step.rule, condition=step.condition, options=Options(**step.options)
        )

    def edit(self, step: Edit) -> None:
        with contextlib.suppress(NothingChangedError):
            rulebook.edit(
                self._ctx, MANAGER, name=step.rule, condition=step.condition, options=Options(**step.options)
            )

    def turn(self, step: Turn) -> None:
        turns = {"pause": rulebook.pause, "resume": rulebook.resume, "remove": rulebook.remove}
        turns[step.did](self._ctx, MANAGER, step.rule)

    def refit(self, step: Refit) -> None:
        found = numbered(step.number, step.kind, self._now.at, self._ctx.calendar.zone)
        with self._database.writing() as tx:
            fits.add(tx, found, now=self._now.at)

    def rate(self) -> None:
        compute(self._ctx)

    def define(self, step: Define) -> None:
        after = Lifecycle.of_text(step.lifecycle)

        def planned(tx: Transaction) -> Change:
            return Change("use", "random", definitions.current(tx), after)

        lifecycle.make(self._ctx, MANAGER, planned, did="use", confirmed=True)

    def act(self, step: Act) -> None:
        """A person does something to the open alert; where there is none, nothing."""
        with self._database.writing() as tx:
            rule = rules.by_name(tx, step.rule)
            customer = customers.by_external_id(tx, step.customer)
            if rule is None or customer is None:
                return
            found = alerts.unresolved(tx, rule_id=rule.id, customer_id=customer.id, lock=True)
            alerts.take_steps(
                tx, [_by_person(alert, step, self._now.at) for alert in found], now=self._now.at
            )

    def sweep(self, at: int, told: Disturbance, *, full: bool = False) -> Swept:
        """Sweep as of ``at``; raises `CutShortError` where it is cut short, and `SweepInPastError`."""
        evaluate = sweep_module._sweep

        def evaluating(*given: Any, **named: Any) -> Any:
            told.evaluates = True
            return evaluate(*given, **named)

        self._database.disturbance = told
        try:
            with mock.patch.object(sweep_module, "_sweep", evaluating):
                return sweep(self._ctx, as_of=at, full=full)
        finally:
            self._database.disturbance = None

    def matched(self) -> Pairs:
        """Give the (rule, customer) that stand as matches, of paused rules too."""
        with self._database.reading() as tx:
            names = {rule.id: rule.name for rule in rules.listing(tx)}
            found = matches.of_customers(tx, list(names), first=0, after=changes.AFTER_ALL, customers=None)
            people = customers.by_ids(tx, {one for ids in found.values() for one in ids.tolist()})
        return frozenset(
            (names[rule], people[one].external_id) for rule, ids in found.items() for one in ids.tolist()
        )

    def told(self) -> list[tuple[Any, ...]]:
        """Give what is stored of matches and alerts, without the numbers that the program makes."""
        with self._database.reading() as tx:
            return [tuple(row) for statement in (_MATCHES, _ALERTS) for row in tx.execute(text(statement))]


_MATCHES = """
    SELECT c.external_id, r.name, m.since, m.held_until, m.held_for
    FROM match m JOIN customer c ON c.id = m.customer_id JOIN rule r ON r.id = m.rule_id
"""
_ALERTS = """
    SELECT c.external_id, r.name, r.state, a.opened_at, a.state, a.reason, a.evidence, a.rule_version, a.resolved_at,
        a.resolution, a.snoozed_until, a.leaving_at, t.seq, t.at, t.verb, t.reason, t.actor, t.detail
    FROM alert a JOIN alert_transition t ON t.customer_id = a.customer_id AND t.alert_id = a.id
        JOIN customer c ON c.id = a.customer_id JOIN rule r ON r.id = a.rule_id
"""


def _by_person(alert: Alert, step: Act, now: int) -> Step:
    if step.snoozed_until is not None:
        changes: dict[str, Any] = {"snoozed_until": step.snoozed_until, "snoozed_by": "U2"}
        return Step(alert=alert, verb=Verb.SNOOZE, reason=Reason.BY_PERSON, changes=changes, actor="U2")
    changes = {
        "state": AlertState.RESOLVED,
        "resolution": Resolution.NOT_AN_ISSUE,
        "resolved_at": now,
        "resolved_by": "U2",
        "snoozed_until": None,
    }
    return Step(alert=alert, verb=Verb.RESOLVE, reason=Reason.BY_PERSON, changes=changes, actor="U2")


def _paper(event: Event) -> Refused:
    record = json.dumps(vars(event), sort_keys=True).encode()
    return Refused(SOURCE, "test", "test", None, "", {}, record)


def _draft(event: Event) -> EventIn:
    return EventIn(
        source=SOURCE,
        customer=event.customer,
        kind=event.kind,
        occurred_at=event.at,
        amount=event.amount,
        currency=event.currency,
        external_id=event.id,
        properties=event.properties,
    )
