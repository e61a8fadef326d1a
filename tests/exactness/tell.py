"""Random histories: events, profiles, rules and sweeps, at instants that crowd where something turns.

All chance comes from one seed, so that a history is told again by its number.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from rules.conditions.terms import Change, DaysSince, DaysSinceFirst, DaysUntil, Field, Term
from rules.conditions.tree import Compare, Number, leaves
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, MINUTE, SECOND, Calendar
from rules.lifecycle.sound import refuse_unsound
from tests.exactness.conditions import KINDS, OF_EVENTS, TESTS, condition
from tests.exactness.steps import (
    Act,
    Add,
    Define,
    Edit,
    Event,
    History,
    Rate,
    Refit,
    Restart,
    Say,
    Step,
    Sweep,
    Take,
    Turn,
)
from tests.exactness.world import World, read
from tests.lifecycles import derived, lifecycle, redefined
from tests.rules.conditions.strategies import ZONES

STARTS = (
    1_711_836_000_000,  # 2024-03-30T22:00Z, before Berlin springs forward
    1_709_164_799_999,  # 2024-02-28T23:59:59.999Z
    1_709_251_200_000,  # 2024-03-01T00:00Z
    1_710_003_600_000,  # 2024-03-09T17:00Z, before Havana springs forward at its midnight
    1_698_530_400_000,  # 2023-10-28T22:00Z, before Berlin falls back
    1_703_980_800_000,  # 2023-12-31T00:00Z
)
AMOUNTS = (None, 0, 500, 867, 1_000, 1_234, 1_500, -500, 10**12)
PROPERTIES: Sequence[Mapping[str, str | int]] = (
    {},
    {"priority": "high"},
    {"priority": 12, "channel": "web"},
    {"channel": "e-mail"},
)
DATES = ("2024-02-29", "2024-03-31", " 2024-04-01 ", "2023-12-31", "2024-02-30", "soon")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "backlog": ("digest", "ignore", "post"),
    "cooldown": ("0", "1h", "1d", "2w"),
    "pending": ("0", "1h", "1d"),
    "keep": ("0", "1h", "1d"),
    "kind": ("problem", "opportunity"),
    "action": ("Call them.", "Write to them."),
}
JITTER = (-1, 0, 0, 1)
HORIZONS = (HOUR, DAY + 1, 2 * DAY, 8 * DAY, 31 * DAY, 62 * DAY, 370 * DAY)
"""How far it is looked ahead for something that turns."""


Focus = tuple[Callable[[random.Random], str], bool]
"""A kind of test, and whether its events are filtered."""
FOCI: Sequence[Focus] = [
    *((made, False) for made in TESTS.values()),
    *((TESTS[name], True) for name in OF_EVENTS),
    # They turn seldom: a fourth gap that was told before it comes, a date.
    *((TESTS[name], True) for name in ("median_gap", "median_gap", "overdue")),
    *(
        (TESTS[name], False)
        for name in ("median_gap", "median_gap", "days_until", "value", "health", "attribute")
    ),
]


class Teller:
    """Tells one history; knows what it has told, so that what follows can touch it."""

    def __init__(self, chance: random.Random, pool: int, focus: Focus | None) -> None:
        self._chance = chance
        self._pool = pool
        self._focus = focus
        self._zone = chance.choice(ZONES)
        self._calendar = Calendar.of(self._zone)
        self._now = chance.choice(STARTS) if chance.random() < 0.6 else 1_704_063_600_000 + self._wild(120)
        self._customers = [f"c{number}" for number in range(1, chance.choice((1, 2, 2, 3, 4, 6)) + 1)]
        self._kinds = ("purchase",) if focus and chance.random() < 0.6 else ("purchase", *KINDS)
        # What a customer's own data says turns by itself only when the customer becomes known.
        self._young = focus is not None and focus[0] in (TESTS["own"], TESTS["attribute"])
        # What has happened once never has not happened again.
        self._to_come = focus is not None and focus[0] is TESTS["never"]
        self._rated = focus is not None and focus[0] is TESTS["health"]
        self._fitted = focus is not None and focus[0] is TESTS["value"]
        self._paced = focus is not None and focus[0] is TESTS["median_gap"]
        self._rules: dict[str, list[str]] = {}
        """The conditions that each rule has had, the latest last."""
        self._events: list[Event] = []
        self._marks: list[int] = []
        """Instants of events and profiles, near which things turn later."""
        self._world = World(self._calendar.zone)
        self._told: list[Step] = []

    def tell(self) -> History:
        start, small = self._now, self._chance.random() < 0.35
        for name in self._customers:
            if self._chance.random() < 0.6:
                self._then(self._say(name))
        for _ in range(0 if self._young else self._chance.randint(1, 3)):
            self._then(self._take())
        if self._fitted or self._chance.random() < 0.4:
            self._then(self._refit())
        if self._rated or (self._focus is None and self._chance.random() < 0.5):
            self._then(self._define())
        if self._rated:
            self._then(Rate())
        for _ in range(self._chance.randint(2, 4)):
            self._then(self._add())
        self._then(self._sweep())
        for _ in range(self._chance.randint(5, 17)):
            for step in self._something():
                self._then(step)
        if not isinstance(self._told[-1], Sweep):
            self._then(self._sweep())
        return History(start=start, zone=self._zone, small=small, steps=tuple(self._told))

    def _then(self, step: Step) -> None:
        self._told.append(step)
        self._world.hear(step, self._now)

    def _something(self) -> list[Step]:
        kinds = (
            "sweep",
            "take",
            "say",
            "edit",
            "swap",
            "add",
            "turn",
            "again",
            "act",
            "restart",
            "refit",
            "rate",
        )
        if self._world.lifecycle and self._chance.random() < 0.08:
            return [self._define()]
        seldom = (9 if self._fitted else 2, 25 if self._rated else 3 if self._world.lifecycle else 0)
        match self._chance.choices(kinds, weights=(64, 13, 9, 4, 2, 2, 5, 3, 3, 2, *seldom))[0]:
            case "sweep":
                dead = self._turn() is None and self._chance.random() < 0.6
                if dead:
                    return self._something_to_come()
                return [self._sweep()]
            case "take":
                heard = self._chance.random() < 0.5
                return [self._take() if not self._young else self._say_more() if heard else self._newcomer()]
            case "say":
                return [self._say_more()]
            case "edit":
                return [self._edit()]
            case "swap":
                return self._there_and_back()
            case "add":
                return [self._add()]
            case "refit":
                return [self._refit()]
            case "rate":
                return [Rate()]
            case "turn":
                did = self._chance.choices(("pause", "resume", "remove"), weights=(4, 4, 1))[0]
                return [Turn(self._rule(), did)]
            case "again":
                return [self._again()]
            case "act":
                until = self._now + self._chance.choice((HOUR, DAY, 3 * DAY))
                until_or_end = until if self._chance.random() < 0.6 else None
                return [Act(self._rule(), self._chance.choice(self._customers), until_or_end)]
            case _:
                return [Restart()]

    def _something_to_come(self) -> list[Step]:
        """What makes that something turns by itself again."""
        if self._young:
            return [self._newcomer()]
        return [self._edit() if self._chance.random() < 0.4 else self._take()]

    def _refit(self) -> Step:
        return Refit(self._chance.randrange(30), self._chance.choice(self._kinds))

    def _say_more(self) -> Step:
        return self._say(self._chance.choice(self._customers))

    def _newcomer(self) -> Step:
        self._customers.append(f"c{len(self._customers) + 1}")
        return self._say(self._customers[-1])

    def _rule(self) -> str:
        return self._chance.choice(sorted(self._rules))

    def _condition(self) -> str:
        """A condition that turns for somebody sooner or later, more often than not."""
        made, alone = self._chance.choice(list(TESTS.values())), self._chance.random() < 0.6
        found = ""
        for _ in range(self._chance.choice((1, 8, 8, 8))):
            if self._focus is not None:
                found = self._focused(*self._focus)
            elif self._world.lifecycle and self._chance.random() < 0.6:
                found = self._derived()
            else:
                found = made(self._chance) if alone else condition(self._chance, self._pool)
            if self._turns(found):
                break
        return found

    def _derived(self) -> str:
        """One or two tests of what definitions say, and perhaps another."""
        parts = [derived(self._chance) for _ in range(self._chance.choice((1, 1, 2)))]
        if self._chance.random() < 0.3:
            parts.append(self._chance.choice(list(TESTS.values()))(self._chance))
        return self._chance.choice((" and ", " or ")).join(parts)

    def _define(self) -> Step:
        """Other definitions, which are sound."""
        while True:
            before = self._world.lifecycle
            found = redefined(self._chance, before) if before else lifecycle(self._chance)
            try:
                refuse_unsound(found)
            except WarmlineError:
                continue
            return Define(found.to_text())

    def _focused(self, made: Callable[[random.Random], str], filtered: bool) -> str:
        """One test of that kind, of filtered events or plain ones where it is of events at all."""
        found = made(self._chance)
        for _ in range(9):
            if ("where" in found) is filtered:
                break
            found = made(self._chance)
        return f"not {found}" if self._chance.random() < 0.2 else found

    def _turns(self, text: str) -> bool:
        return any(
            len({self._world.would_hold(read(text), customer, self._now + ahead) for ahead in (0, *HORIZONS)})
            > 1
            for customer in self._world.people
        )

    def _options(self) -> dict[str, str]:
        names = self._chance.sample(sorted(OPTIONS), self._chance.choice((1, 2)))
        return {name: self._chance.choice(OPTIONS[name]) for name in names}

    def _add(self) -> Step:
        # Sometimes the name of a rule that was removed.
        name = f"r{self._chance.randint(1, max(5, len(self._rules) + 1))}"
        while name in self._rules and self._chance.random() < 0.9:
            name = f"r{len(self._rules) + 1}"
        self._rules.setdefault(name, []).append(self._condition())
        return Add(name, self._rules[name][-1], self._options())

    def _edit(self) -> Step:
        name = self._rule()
        if self._chance.random() < 0.4:
            return Edit(name, options=self._options())
        before = self._chance.choice(self._rules[name])
        self._rules[name].append(before if self._chance.random() < 0.3 else self._condition())
        return Edit(name, condition=self._rules[name][-1])

    def _there_and_back(self) -> list[Step]:
        name, other = self._rule(), self._condition()
        between: list[Step] = [self._sweep()] if self._chance.random() < 0.4 else []
        return [Edit(name, condition=other), *between, Edit(name, condition=self._rules[name][-1])]

    def _say(self, customer: str) -> Step:
        own = {
            name: self._chance.choice(values)
            for name, values in (("segment", ("vip", "VIP", "other", None)), ("owner", ("ann", None)))
            if self._chance.random() < 0.5
        }
        day = json.dumps(self._day())
        choices = {
            "plan": ('"gold"', '"Silver"', None),
            "seats": ("9", "10.5", '"12"', None),
            "renewal_date": (self._chance.choice([json.dumps(date) for date in DATES]), day, day, None),
        }
        spoken = 0.9 if self._young else 0.5
        attributes = {
            name: self._chance.choice(values)
            for name, values in choices.items()
            if self._chance.random() < spoken
        }
        created = self._moment() if self._chance.random() < 0.6 else None
        if customer not in self._world.people and self._chance.random() < (0.8 if self._young else 0.3):
            created = self._now + self._chance.choice((HOUR, DAY, 7 * DAY))  # known from then on
        self._marks.append(self._now if created is None else created)
        return Say(customer, created, own, attributes)

    def _day(self) -> str:
        """Give a business day near now."""
        return str(self._calendar.date_of(self._now) + timedelta(days=self._chance.randint(-1, 32)))

    def _take(self) -> Take:
        customer = self._chance.choice(self._customers)
        if self._to_come:
            at = self._now + self._chance.choice((HOUR, DAY, 7 * DAY))
            return Take((self._event(customer, at),))
        if self._chance.random() < (0.9 if self._paced else 0.45):
            return self._series(customer)
        some = [self._event(self._chance.choice(self._customers), self._moment()) for _ in range(self._few())]
        return Take(tuple(some), by_http=self._chance.random() < 0.5)

    def _series(self, customer: str) -> Take:
        """Events at a steady pace, some perhaps yet to come: what median gaps are made of."""
        kind, gap = self._chance.choice(self._kinds), self._chance.choice((1, 2, 7)) * DAY
        ahead = (1, 2) if self._paced else (-1, 0, 0, 1, 2, 3)
        last = self._now + self._chance.choice(ahead) * gap
        moments = [
            last - place * gap + self._chance.choice((0, 0, HOUR))
            for place in range(self._chance.randint(4, 5 if self._paced else 7))
        ]
        # Mostly of one sort, so that a filter keeps all of them.
        alike = self._chance.choice(PROPERTIES) if self._chance.random() < 0.7 else None
        return Take(tuple(self._event(customer, moment, kind, alike) for moment in moments))

    def _event(
        self, customer: str, at: int, kind: str | None = None, alike: Mapping[str, str | int] | None = None
    ) -> Event:
        amount = self._chance.choice(AMOUNTS)
        said = self._chance.choice(PROPERTIES) if alike is None else alike
        event = Event(
            id=f"e{len(self._events) + 1}",
            customer=customer,
            kind=kind or self._chance.choice(self._kinds),
            at=at,
            amount=amount,
            currency=None if amount is None else self._chance.choice(("USD", "USD", "USD", "EUR")),
            properties=json.dumps(said, sort_keys=True, separators=(",", ":")) if said else None,
        )
        self._events.append(event)
        self._marks.append(at)
        return event

    def _again(self) -> Step:
        """An event that was told before: just so, with another body, or at another time."""
        if not self._events:
            return self._take()
        told = self._chance.choice(self._events)
        changes = self._chance.choice(({}, {"amount": 777, "currency": "USD"}, {"at": told.at + 1}))
        event = Event(**{**vars(told), **changes})
        by_http = "at" in changes or self._chance.random() < 0.5
        return Take((event,), by_http=by_http)

    def _few(self) -> int:
        return self._chance.choice((1, 2, 3, 5))

    def _wild(self, days: int) -> int:
        return self._chance.randrange(days * DAY)

    def _moment(self) -> int:
        """An instant at which something may have happened, or will."""
        jitter = self._chance.choice(JITTER)
        match self._chance.randrange(6):
            case 0:
                return self._now - self._ahead() + jitter
            case 1:
                return self._now + jitter
            case 2:
                return self._now + self._chance.choice((1, MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY)) + jitter
            case 3:
                return self._now - self._wild(90)
            case 4 if self._marks:
                return self._chance.choice(self._marks) + jitter
            case _:
                day = self._calendar.date_of(self._now) - timedelta(days=self._chance.randint(0, 62))
                return self._calendar.midnight(day) + jitter

    def _ahead(self) -> int:
        """How long after something happened a condition may turn, as its windows and numbers have it."""
        spans = [span for conditions in self._rules.values() for span in spans_of(conditions[-1])]
        return self._chance.choice(spans or [HOUR, DAY, 30 * DAY])

    def _sweep(self) -> Sweep:
        if self._chance.random() < 0.02:
            return Sweep(self._now - self._chance.choice((1, DAY)))  # time runs forward: to be refused
        self._now = self._next()
        cut = meanwhile = None
        again = True
        if self._chance.random() < 0.1:
            cut, again = self._chance.randint(0, 5), self._chance.random() < 0.75
        elif self._chance.random() < 0.12:
            meanwhile = self._take()
        return Sweep(self._now, cut, again, meanwhile, before=self._chance.randint(1, 3))

    def _next(self) -> int:
        """The next sweep's instant: on the millisecond at which something turns, or anywhere."""
        now, jitter = self._now, self._chance.choice(JITTER)
        match self._chance.choices(("turn", "pace", "far", "midnight", "same"), weights=(70, 10, 4, 10, 6))[
            0
        ]:
            case "turn":
                # Just before it too: then it must not have turned yet.
                found = self._turn() or now + self._wild(2)
                return max(now, found + (jitter if self._chance.random() < 0.5 else 0))
            case "pace":
                return now + self._chance.choice((1, 7, SECOND, MINUTE, 5 * MINUTE, HOUR, DAY, self._wild(9)))
            case "far":
                return now + self._chance.choice((30, 31, 61, 366)) * DAY + self._wild(3)
            case "midnight":
                day = self._calendar.date_of(now) + timedelta(days=self._chance.choice((1, 1, 2, 31)))
                return max(now, self._calendar.midnight(day) + jitter)
            case _:
                return now

    def _turn(self) -> int | None:
        """Find the very millisecond at which a rule comes to hold for somebody or ceases to, by the oracle."""
        before = after = self._now
        now, turned = self._world.holding(before), []
        # The near ones first, as a rule: after a year everything has turned for the last time.
        far = self._chance.random() < 0.1
        for horizon in reversed(HORIZONS) if far else HORIZONS:
            after = before + horizon
            turned = sorted(now ^ self._world.holding(after))
            if turned:
                break
        if not turned:
            return None
        rule, customer = self._chance.choice(turned)
        held = (rule, customer) in now
        while after - before > 1:
            middle = (before + after) // 2
            if self._world.holds(rule, customer, middle) is held:
                before = middle
            else:
                after = middle
        return after


def spans_of(text: str) -> list[int]:
    """Give the lengths of time, in milliseconds, after which a test of the condition may turn."""
    spans = []
    for test in leaves(read(text)):
        if isinstance(test.subject, Term):
            window = getattr(test.subject, "window", None)
            length = window.milliseconds if window is not None else None
            if length is not None:
                spans += [length, length, 2 * length] if isinstance(test.subject, Change) else [length]
        if isinstance(test, Compare) and isinstance(test.value, Number):
            days = int(test.value.value)
            if isinstance(test.subject, DaysSince | DaysSinceFirst | DaysUntil | Field) and 0 <= days < 400:
                spans += [days * DAY, (days + 1) * DAY]
    return spans


def history(seed: int, number: int) -> History:
    """Tell the history of that number. Of each two, one has all kinds of rules, and one is about a single kind of term."""
    focus = FOCI[number // 2 % len(FOCI)] if number % 2 else None
    return Teller(random.Random(f"{seed} {number}"), seed, focus).tell()
