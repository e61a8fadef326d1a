"""What was taken in, told the slow way, and for whom the rules hold then: the oracle's side of a history.

Shares nothing with the product but the parser and the tree of conditions.
"""

import json
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from rules.conditions.parse import parse
from rules.conditions.terms import Derived, Own, Subject, Term, events_of
from rules.conditions.tree import Condition, leaves
from rules.lifecycle.definitions import NO_LIFECYCLE, Lifecycle
from rules.lifecycle.fit import Fit
from tests.exactness.steps import Add, Define, Edit, Event, Rate, Refit, Say, Step, Sweep, Take, Turn
from tests.lifecycles import LifecycleOracle
from tests.rules.conditions.oracle import Happening, Oracle, Person
from tests.rules.lifecycle.fits import numbered
from tests.rules.lifecycle.slow_health import slow_health

CURRENCY = "USD"
DECIMALS = 2
Pairs = frozenset[tuple[str, str]]
"""(rule, customer) for whom it holds."""
Place = tuple[str, str, int]
read = lru_cache(maxsize=10_000)(parse)


@dataclass
class Watched:
    """A rule as it stands: which condition, whether it is active, how often its condition or state was changed."""

    condition: Condition
    active: bool = True
    changes: int = 0


@dataclass
class World:
    """Everything that was taken in so far."""

    zone: ZoneInfo
    people: dict[str, Person] = field(default_factory=dict)
    rules: dict[str, Watched] = field(default_factory=dict)
    fits: tuple[Fit, ...] = ()
    lifecycle: Lifecycle = NO_LIFECYCLE
    inputs: dict[str, int] = field(default_factory=dict)
    """How often something was taken in that concerns the customer."""
    _bodies: dict[tuple[str, Place], Event] = field(default_factory=dict)
    _recent: dict[str, Place] = field(default_factory=dict)

    def hear(self, step: Step, now: int) -> None:
        """Take in whatever a step brings; of a sweep, what came meanwhile."""
        match step:
            case Take():
                self.take(step)
            case Sweep(meanwhile=Take() as taken):
                self.take(taken)
            case Say():
                self.say(step, now)
            case Add():
                self.add(step)
            case Edit():
                self.edit(step)
            case Turn():
                self.turn(step)
            case Refit():
                self.refit(step, now)
            case Define():
                self.define(step)
            case Rate():
                self.rate(now)
            case _:
                return

    def take(self, step: Take) -> list[str]:
        """Take events in; gives for each ``inserted``, ``duplicate`` or ``refused``."""
        moved = self._moved(step) if step.by_http else [False] * len(step.events)
        return [
            "refused" if elsewhere else self._take_one(event, by_http=step.by_http)
            for event, elsewhere in zip(step.events, moved, strict=True)
        ]

    def _moved(self, step: Take) -> list[bool]:
        """Say which events bear the id of one that came of late, or earlier in this request, from another place."""
        first: dict[str, Place] = {}
        return [
            (self._recent.get(event.id) or first.setdefault(event.id, place_of(event))) != place_of(event)
            for event in step.events
        ]

    def _take_one(self, event: Event, *, by_http: bool) -> str:
        place = place_of(event)
        there = self._bodies.setdefault((event.id, place), event)
        if there is event:
            person = self.people.get(event.customer, Person())
            self.people[event.customer] = replace(person, events=(*person.events, _happening(event)))
            self._touch(event.customer)
        if there == event and by_http:
            self._recent[event.id] = place
        return "inserted" if there is event else "duplicate" if there == event else "refused"

    def say(self, step: Say, now: int) -> None:
        person = self.people.get(step.customer, Person())
        created = step.created_at if step.created_at is not None else person.created_at
        own = {**person.own, **{Own(name): value for name, value in step.own.items()}}
        attributes = {**person.attributes, **{name: _value(text) for name, text in step.attributes.items()}}
        self.people[step.customer] = replace(
            person,
            created_at=now if created is None else created,
            own={name: value for name, value in own.items() if value is not None},
            attributes={name: value for name, value in attributes.items() if value is not None},
        )
        self._touch(step.customer)

    def add(self, step: Add) -> bool:
        """Say whether there is something to do."""
        if step.rule in self.rules or not self._may_say(step.condition):
            return False
        self.rules[step.rule] = Watched(read(step.condition))
        return True

    def edit(self, step: Edit) -> bool:
        """Say whether there is a rule to edit; the edit may still change nothing."""
        rule = self.rules.get(step.rule)
        if not self._may_say(step.condition):
            return False
        if rule is not None and step.condition:
            rule.condition = read(step.condition)
            rule.changes += 1
        return rule is not None

    def turn(self, step: Turn) -> bool:
        """Say whether there is something to do."""
        rule = self.rules.get(step.rule)
        if rule is None or (step.did != "remove" and rule.active is (step.did == "resume")):
            return False
        rule.active = step.did == "resume"
        rule.changes += 1
        if step.did == "remove":
            del self.rules[step.rule]
        return True

    def refit(self, step: Refit, now: int) -> None:
        self.fits = (*self.fits, numbered(step.number, step.kind, now, self.zone))
        for customer in self.people:
            self._touch(customer)

    def rate(self, now: int) -> bool:
        """Say whether there is something to do: health that is worked out in some way."""
        if self.lifecycle.health is None:
            return False
        for customer, person in self.people.items():
            if person.known_since is None or person.known_since > now:
                continue
            score = slow_health(self.lifecycle.health, self._oracle(person, now)).score
            before = None if person.health is None else person.health[0]
            if score != before:
                self.people[customer] = replace(person, health=None if score is None else (score, now))
                self._touch(customer)
        return True

    def define(self, step: Define) -> bool:
        """Say whether there is something to do: other definitions than before."""
        lifecycle = Lifecycle.of_text(step.lifecycle)
        if lifecycle == self.lifecycle:
            return False
        self.lifecycle = lifecycle
        for rule in self.rules.values():
            rule.changes += 1
        return True

    def _may_say(self, condition: str) -> bool:
        """Say whether a condition would be taken: without a life cycle, none that asks for one."""
        subjects = [test.subject for test in leaves(read(condition))] if condition else []
        return bool(self.lifecycle) or not any(isinstance(subject, Derived) for subject in subjects)

    def holding(self, now: int) -> Pairs:
        """Give for whom each active rule holds at ``now``."""
        return frozenset(
            (name, customer)
            for name, rule in self.rules.items()
            if rule.active
            for customer, person in self.people.items()
            if self._judge(person, now).holds(rule.condition)
        )

    def holds(self, rule: str, customer: str, now: int) -> bool:
        """Say whether a rule holds for a customer at ``now``."""
        return self.would_hold(self.rules[rule].condition, customer, now)

    def would_hold(self, condition: Condition, customer: str, now: int) -> bool:
        """Say whether a condition would hold for a customer at ``now``."""
        return self._judge(self.people[customer], now).holds(condition)

    def known(self, now: int) -> int:
        """Count the customers known at ``now``."""
        return sum(
            person.known_since is not None and person.known_since <= now for person in self.people.values()
        )

    def turned(self, rule: str, customer: str, before: int, now: int) -> list[Term]:
        """Give the terms of a rule whose test of this customer comes out differently at two instants."""
        person = self.people[customer]
        one, other = self._oracle(person, before), self._oracle(person, now)
        return [
            test.subject
            for test in leaves(self.rules[rule].condition)
            if isinstance(test.subject, Term) and one.holds(test) is not other.holds(test)
        ]

    def _oracle(self, person: Person, now: int) -> Oracle:
        return Oracle(person, now, self.zone, CURRENCY, DECIMALS, self.fits)

    def _judge(self, person: Person, now: int) -> LifecycleOracle:
        return LifecycleOracle(self._oracle(person, now), self.lifecycle)

    def _touch(self, customer: str) -> None:
        self.inputs[customer] = self.inputs.get(customer, 0) + 1


def place_of(event: Event) -> Place:
    return event.customer, event.kind, event.at


def sort_of(term: Subject) -> str:
    """Name a term's type, and whether it looks at some events only: ``Count where``."""
    filtered = any(events.where is not None for events in events_of(term))
    return f"{type(term).__name__} where" if filtered else type(term).__name__


def _happening(event: Event) -> Happening:
    said = json.loads(event.properties, parse_int=Fraction, parse_float=Fraction) if event.properties else {}
    currency = None if event.amount is None else event.currency
    return Happening(event.kind, event.at, event.amount, currency, said)


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text, parse_int=Fraction, parse_float=Fraction)
