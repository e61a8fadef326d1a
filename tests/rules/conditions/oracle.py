"""What a condition means, the slow way: one customer, a plain list of events, Python's own numbers.

The judge of the product, so it shares nothing with it but the shapes of the tree: no fold, no window edge, no
column, no SQL. Written from DESIGN's table, to be read beside it.
"""

import calendar
import re
import statistics
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from rules.conditions.terms import (
    Attribute,
    Average,
    Change,
    Count,
    DaysSince,
    DaysSinceFirst,
    DaysUntil,
    Events,
    Field,
    Fitted,
    MedianGap,
    Missing,
    Never,
    Overdue,
    Own,
    Property,
    Returned,
    Score,
    Silent,
    Stored,
    Subject,
    Sum,
)
from rules.conditions.tree import (
    Among,
    And,
    Compare,
    Condition,
    Contains,
    Day,
    Holds,
    Not,
    Number,
    Or,
    Percent,
    Text,
    Value,
)
from rules.conditions.windows import Unit, Window
from rules.lifecycle.fit import Fit
from tests.rules.lifecycle.oracle import worth

Answer = bool | Fraction | str | None
_DAY = 86_400_000


@dataclass(frozen=True)
class Happening:
    """One event: an instant in milliseconds, an amount in minor units."""

    kind: str
    at: int
    amount: int | None = None
    currency: str | None = None
    properties: Mapping[str, str | Fraction] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """One customer: what the profile says, and everything that happened or will."""

    created_at: int | None = None
    own: Mapping[Own, str] = field(default_factory=dict)
    attributes: Mapping[str, str | Fraction] = field(default_factory=dict)
    events: tuple[Happening, ...] = ()
    health: tuple[int, int] | None = None
    """The score that is stored, and since when it is known."""

    @property
    def known_since(self) -> int | None:
        return min(
            [at for at in (self.created_at, *(event.at for event in self.events)) if at is not None],
            default=None,
        )


@dataclass(frozen=True)
class Oracle:
    """Answers for one person at one instant, in one business."""

    person: Person
    now: int
    zone: ZoneInfo
    currency: str
    decimals: int
    fits: tuple[Fit, ...] = ()
    """Fits of the value models, in the order in which they were made."""

    def holds(self, tree: Condition) -> bool:
        known = self.person.known_since
        return known is not None and known <= self.now and self._holds(tree, self.value)

    def value(self, subject: Subject) -> Answer:
        match subject:
            case Count(events, window):
                return Fraction(len(self._during(events, window)))
            case Sum(events, window):
                return sum(self._amounts(self._during(events, window)), Fraction(0))
            case Average(events, window):
                amounts = self._amounts(self._during(events, window))
                return sum(amounts, Fraction(0)) / len(amounts) if amounts else None
            case DaysSince(events):
                happened = self._during(events, None)
                return Fraction((self.now - max(e.at for e in happened)) // _DAY) if happened else None
            case DaysSinceFirst(events):
                happened = self._during(events, None)
                return Fraction((self.now - min(e.at for e in happened)) // _DAY) if happened else None
            case MedianGap(events):
                days = sorted({self._date(e.at) for e in self._during(events, None)})
                gaps = [Fraction((later - earlier).days) for earlier, later in pairwise(days)][-12:]
                return statistics.median(gaps) if len(gaps) >= 3 else None
            case Overdue(events):
                since, gap = self.value(DaysSince(events)), self.value(MedianGap(events))
                return since / gap if isinstance(since, Fraction) and isinstance(gap, Fraction) else None
            case Change(of, window):
                edge, older = self._edge(window, self.now, 1), self._edge(window, self.now, 2)
                happened = self._during(of.events, None)
                this = self._measure(of, [e for e in happened if e.at > edge])
                before = self._measure(of, [e for e in happened if older < e.at <= edge])
                return (this - before) / before if before > 0 else None
            case Never(events):
                return not self._during(events, None)
            case Silent(events, window):
                known = self.person.known_since
                edge = self._edge(window, self.now, 1)
                return not self._during(events, window) and known is not None and known <= edge
            case Returned(events, window):
                edge = self._edge(window, self.now, 1)
                instants = [e.at for e in self._during(events, None)]
                lately, earlier = [at for at in instants if at > edge], [at for at in instants if at <= edge]
                return bool(lately and earlier) and max(earlier) <= self._edge(window, min(lately), 1)
            case Missing(events, answer, window):
                return self._missing(events, answer, window)
            case DaysUntil(attribute):
                day = _date_in(self.person.attributes.get(attribute.name))
                return None if day is None else Fraction((day - self._date(self.now)).days)
            case Attribute(name):
                return self.person.attributes.get(name)
            case Field(Own.TENURE):
                known = self.person.known_since
                return (
                    Fraction((self.now - known) // _DAY) if known is not None and known <= self.now else None
                )
            case Field(name):
                return self.person.own.get(name)
            case Fitted(name):
                return self._worth(name)
            case Stored():
                stored = self.person.health
                return Fraction(stored[0]) if stored is not None and stored[1] <= self.now else None
            case _:
                raise AssertionError(subject)

    def _worth(self, name: Score) -> Answer:
        fit = _in_force(_usable(self.fits), self.now)
        if fit is None:
            return None
        bought = [
            (self._date(e.at), e.amount, e.currency) for e in self._during(Events(fit.terms.kind), None)
        ]
        return worth(fit, self.person.own.get(Own.SEGMENT), bought, self.currency)[name]

    def _missing(self, events: Events, answer: Events, window: Window) -> bool:
        first = self._during(events, None)
        if not first:
            return False
        start = max(e.at for e in first)
        if self._edge(window, self.now, 1) < start:
            return False  # not yet a window old
        latest = [e for e in first if e.at == start]
        # Within a window from the start: just before it, the start was not yet a window old.
        answers = [
            e for e in self._during(answer, None) if e.at >= start and self._edge(window, e.at - 1, 1) < start
        ]
        return not any(one is not other for one in latest for other in answers)

    def _measure(self, of: Count | Sum, happened: list[Happening]) -> Fraction:
        return Fraction(len(happened)) if isinstance(of, Count) else sum(self._amounts(happened), Fraction(0))

    def _during(self, events: Events, window: Window | None) -> list[Happening]:
        return [event for event in self.person.events if self._counts(event, events, window)]

    def _counts(self, event: Happening, events: Events, window: Window | None) -> bool:
        if event.kind != events.kind or event.at > self.now:
            return False
        if window is not None and event.at <= self._edge(window, self.now, 1):
            return False
        return events.where is None or self._holds(
            events.where, lambda subject: self._property(event, subject)
        )

    def _amounts(self, happened: Iterable[Happening]) -> list[Fraction]:
        return [amount for event in happened if (amount := self._amount(event)) is not None]

    def _amount(self, event: Happening) -> Fraction | None:
        if event.amount is None or event.currency != self.currency:
            return None
        return Fraction(event.amount, 10**self.decimals)

    def _property(self, event: Happening, subject: Subject) -> Answer:
        assert isinstance(subject, Property)
        if subject.name == "amount":
            return self._amount(event)
        if subject.name == "currency":
            return event.currency
        return event.properties.get(subject.name)

    def _holds(self, tree: Condition, value: Callable[[Subject], Answer]) -> bool:
        match tree:
            case And(parts):
                return all(self._holds(part, value) for part in parts)
            case Or(parts):
                return any(self._holds(part, value) for part in parts)
            case Not(part):
                return not self._holds(part, value)
            case Compare(subject, operator, constant):
                return compare(value(subject), operator, constant)
            case Among(subject, constants):
                return any(compare(value(subject), "=", constant) for constant in constants)
            case Contains(subject, constant):
                text = value(subject)
                return (
                    isinstance(text, str)
                    and isinstance(constant, Text)
                    and _same(constant.value) in _same(text)
                )
            case Holds(subject):
                return value(subject) is True

    def _date(self, instant: int) -> date:
        return _local_date(instant, self.zone)

    def _edge(self, window: Window, now: int, times: int) -> int:
        length = window.length * times
        hours = {Unit.HOURS: 1, Unit.DAYS: 24, Unit.WEEKS: 168}.get(window.unit)
        if hours is not None:
            return now - length * hours * 3_600_000
        day = self._date(now)
        year, month = day.year, day.month
        for _ in range(length * (12 if window.unit is Unit.YEARS else 1)):
            year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        return _first_instant(date(year, month, min(day.day, calendar.monthrange(year, month)[1])), self.zone)


def compare(found: Answer, operator: str, constant: Value) -> bool:
    match found, constant:
        case None, _:
            return False
        case Fraction(), Number(wanted) | Percent(wanted):
            return _ordered(found, operator, wanted)
        case str(), Text(text) if operator in {"=", "!="}:
            return (_same(found) == _same(text)) == (operator == "=")
        case str(), Day(day) if (found_day := _date_in(found)) is not None:
            return _ordered(found_day, operator, day)
        case _:
            return operator == "!="


def _ordered(left: "Fraction | date", operator: str, right: "Fraction | date") -> bool:
    sign = (left > right) - (left < right)  # type: ignore[operator]
    return {"<": sign < 0, "<=": sign <= 0, "=": sign == 0, "!=": sign != 0, ">=": sign >= 0, ">": sign > 0}[
        operator
    ]


def _same(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _date_in(value: Answer) -> date | None:
    match = (
        re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", value.strip()) if isinstance(value, str) else None
    )
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


@lru_cache(maxsize=100_000)
def _local_date(instant: int, zone: ZoneInfo) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)).astimezone(zone).date()


@lru_cache(maxsize=100_000)
def _first_instant(day: date, zone: ZoneInfo) -> int:
    """Find the first instant of a business day by bisection: no local time is ever converted back."""
    noon = (
        datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    ) // timedelta(milliseconds=1)
    low, high = noon - 2 * _DAY, noon + 2 * _DAY
    while high - low > 1:
        middle = (low + high) // 2
        if _local_date(middle, zone) >= day:
            high = middle
        else:
            low = middle
    return high


def _in_force(fits: Sequence[Fit], now: int) -> Fit | None:
    then = [fit.as_of for fit in fits if fit.as_of <= now]
    return [fit for fit in fits if fit.as_of == max(then)][-1] if then else None


def _usable(fits: Sequence[Fit]) -> list[Fit]:
    """Leave out, of fits in the order in which they were made, those that lack amounts where one stood that has them."""
    kept: list[Fit] = []
    for fit in fits:
        stood = _in_force(kept, fit.as_of)
        if fit.whole is None or (
            fit.whole.spending is None and stood is not None and stood.whole and stood.whole.spending
        ):
            continue
        kept.append(fit)
    return kept
