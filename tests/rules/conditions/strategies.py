"""Random conditions, customers and instants, for every property test of the language.

Two dialects: `Names` that are plain and few, so that conditions and histories meet; and nasty ones, for the printer.
Instants crowd on the edges of windows, to the millisecond.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache, partial
from typing import TypeVar

from hypothesis import strategies as st

from rules.conditions.names import BadNameError, name_of
from rules.conditions.numbers import exact
from rules.conditions.print import to_text
from rules.conditions.terms import (
    DERIVED,
    Attribute,
    Average,
    Change,
    Count,
    DaysSince,
    DaysSinceFirst,
    DaysUntil,
    Derived,
    Events,
    Field,
    Fitted,
    MedianGap,
    Missing,
    Never,
    Overdue,
    Own,
    Property,
    Rating,
    Returned,
    Score,
    Silent,
    Stored,
    Subject,
    Sum,
    Term,
)
from rules.conditions.tree import (
    MOST_CHARACTERS,
    MOST_DEPTH,
    MOST_NODES,
    Among,
    And,
    Compare,
    Condition,
    Contains,
    Day,
    Duration,
    Holds,
    Not,
    Number,
    Operator,
    Or,
    Percent,
    Text,
    Value,
    size,
)
from rules.conditions.windows import Unit, Window
from rules.instants import DAY, HOUR, Calendar
from tests.rules.conditions.oracle import Happening, Person

ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "America/Havana", "Pacific/Apia")
"""With and without daylight saving, ahead and behind, at odd offsets; two spring forward at midnight."""


@dataclass(frozen=True, repr=False, eq=False)
class Names:
    """What conditions and customers are made of."""

    kinds: st.SearchStrategy[str]
    attributes: st.SearchStrategy[str]
    properties: st.SearchStrategy[str]
    texts: st.SearchStrategy[str]
    numbers: st.SearchStrategy[Fraction]
    windows: st.SearchStrategy[Window]


def _decimals(places: int, most: int) -> st.SearchStrategy[Fraction]:
    return st.integers(-most, most).map(lambda whole: Fraction(whole, 10**places))


_DATES = ("2024-02-29", "2024-03-31", " 2024-04-01 ", "2023-12-31", "2024-02-30")
PLAIN = Names(
    kinds=st.sampled_from(["purchase", "ticket", "visit"]),
    attributes=st.sampled_from(["plan", "seats", "renewal_date"]),
    properties=st.sampled_from(["amount", "currency", "priority", "channel"]),
    texts=st.sampled_from(
        ["vip", "VIP", "Straße", "STRASSE", "e\u0301lan", "Élan", "12", "high", "usd", "", *_DATES]
    ),
    numbers=st.one_of(
        st.integers(-3, 40).map(Fraction),
        _decimals(2, 2_000),
        st.sampled_from([Fraction(1, 10**18), Fraction(10**18 - 1), Fraction(-(10**18) + 1, 10**9)]),
    ),
    windows=st.sampled_from(
        [
            Window(length, unit)
            for length, unit in (
                (1, Unit.HOURS),
                (24, Unit.HOURS),
                (1, Unit.DAYS),
                (7, Unit.DAYS),
                (30, Unit.DAYS),
                (1, Unit.WEEKS),
                (1, Unit.MONTHS),
                (2, Unit.MONTHS),
                (1, Unit.YEARS),
            )
        ]
    ),
)

_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_NASTY_TEXT = st.one_of(
    _ANY_TEXT,
    st.sampled_from(
        [
            "and",
            "OR",
            "containſ",
            "attr",
            "attr.x",
            "12",
            "-5",
            "30d",
            "50%",
            "2024-01-01",
            '"',
            "\\",
            '\\"',
            "'",
            "\n",
        ]
    ),
    st.sampled_from(
        ["a b", "where", "count", "segment", "tenure", "２", "x--y", "“q”", "&lt;", "", " ", "नमस्ते"]
    ),
)


def _named(canonical: Callable[[str], str], text: str) -> str | None:
    try:
        return canonical(text)
    except BadNameError:
        return None


def _nasty_names(canonical: Callable[[str], str]) -> st.SearchStrategy[str]:
    return _NASTY_TEXT.map(partial(_named, canonical)).filter(lambda name: name is not None)  # type: ignore[return-value]


_NASTY_NUMBERS = (
    st.decimals(allow_nan=False, allow_infinity=False).map(exact).filter(lambda number: number is not None)
)
NASTY = Names(
    kinds=_nasty_names(name_of),
    attributes=_nasty_names(name_of),
    properties=_nasty_names(name_of),
    texts=_NASTY_TEXT,
    numbers=_NASTY_NUMBERS,  # type: ignore[arg-type]
    windows=st.builds(Window, st.integers(1, 10**6), st.sampled_from(Unit)).filter(
        lambda window: not window.too_long
    ),
)


T = TypeVar("T")


def _drawn(make: Callable[[Names], st.SearchStrategy[T]]) -> Callable[[Names], st.SearchStrategy[T]]:
    """Build the strategy once for each dialect, and hide what it is made of: its repr would be 70 kB."""
    made = cache(make)

    @st.composite
    def draw_it(draw: st.DrawFn, names: Names) -> T:
        return draw(made(names))

    return draw_it


@_drawn
def values(names: Names) -> st.SearchStrategy[Value]:
    return st.one_of(
        st.builds(Number, names.numbers),
        st.builds(Percent, names.numbers.map(lambda number: number / 100)),
        st.builds(Text, names.texts),
        st.builds(Day, st.dates(date(2023, 12, 1), date(2024, 5, 1))),
        st.builds(Duration, names.windows),
    )


@_drawn
def filters(names: Names) -> st.SearchStrategy[Condition]:
    return _logic(_tests(st.builds(Property, names.properties), names), 3)


@_drawn
def events(names: Names) -> st.SearchStrategy[Events]:
    return st.builds(Events, names.kinds, st.one_of(st.none(), st.none(), filters(names)))


@_drawn
def terms(names: Names) -> st.SearchStrategy[Term]:
    some, window, ever = events(names), names.windows, st.none() | names.windows
    return st.one_of(
        st.builds(Count, some, ever),
        st.builds(Sum, some, ever),
        st.builds(Average, some, ever),
        st.builds(DaysSince, some),
        st.builds(DaysSinceFirst, some),
        st.builds(MedianGap, some),
        st.builds(Overdue, some),
        st.builds(Change, st.builds(Count, some) | st.builds(Sum, some), window),
        st.builds(Never, some),
        st.builds(Silent, some, window),
        st.builds(Missing, some, some, window),
        st.builds(Returned, some, window),
        st.builds(DaysUntil, st.builds(Attribute, names.attributes)),
        st.builds(Field, st.sampled_from(Own)),
        st.builds(Attribute, names.attributes),
        st.builds(Fitted, st.sampled_from(Score)),
        st.builds(Stored, st.sampled_from(Rating)),
    )


@_drawn
def conditions(names: Names) -> st.SearchStrategy[Condition]:
    """Trees within the language's limits; checked or not, for their meaning is defined either way."""
    return _logic(_tests(terms(names), names), 6).filter(_within_limits)


@_drawn
def written(names: Names) -> st.SearchStrategy[Condition]:
    """Trees as people write them, which ask for derived fields as well."""
    subjects = st.one_of(terms(names), st.builds(Derived, st.sampled_from(list(DERIVED.values()))))
    return _logic(_tests(subjects, names), 6).filter(_within_limits)


def _tests(subjects: st.SearchStrategy[Subject], names: Names) -> st.SearchStrategy[Condition]:
    some = values(names)
    return st.one_of(
        st.builds(Compare, subjects, st.sampled_from(Operator), some),
        st.builds(Holds, subjects),
        st.builds(Among, subjects, st.lists(some, min_size=1, max_size=3).map(tuple)),
        st.builds(Contains, subjects, some),
    )


def _logic(tests: st.SearchStrategy[Condition], leaves: int) -> st.SearchStrategy[Condition]:
    def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))

    return st.recursive(tests, combined, max_leaves=leaves)


def _within_limits(tree: Condition) -> bool:
    return size(tree) <= MOST_NODES and depth(tree) <= MOST_DEPTH and len(to_text(tree)) <= MOST_CHARACTERS


def depth(tree: Condition) -> int:
    """Count the levels of a tree as the language's limit does."""
    match tree:
        case And(parts) | Or(parts):
            return 1 + max(map(depth, parts))
        case Not(part):
            return 1 + depth(part)
        case _:
            return 1 + _depth_of(tree.subject)


def _depth_of(subject: Subject) -> int:
    match subject:
        case Missing(one, other):
            return 1 + max(_depth_of_filter(one), _depth_of_filter(other))
        case Change(of):
            return 2 + _depth_of_filter(of.events)
        case Count(one) | Sum(one) | Average(one) | DaysSince(one) | DaysSinceFirst(one) | MedianGap(one):
            return 1 + _depth_of_filter(one)
        case Overdue(one) | Never(one) | Silent(one) | Returned(one):
            return 1 + _depth_of_filter(one)
        case DaysUntil():
            return 1
        case _:
            return 0


def _depth_of_filter(some: Events) -> int:
    return 0 if some.where is None else depth(some.where)


NOWS = st.one_of(
    st.integers(1_704_063_600_000, 1_714_514_400_000),
    st.sampled_from(
        [
            1_711_846_800_000,  # 2024-03-31T01:00Z, when Berlin springs forward
            1_709_164_800_000,  # 2024-02-29T00:00Z
            1_709_272_800_000,  # 2024-03-01T06:00Z
            1_710_046_800_000,  # 2024-03-10T05:00Z, when Havana springs forward at its midnight
        ]
    ),
)


def instants(now: int, calendar: Calendar) -> st.SearchStrategy[int]:
    """Instants around ``now``: on the edges of the plain windows, a millisecond beside, on midnights, and later."""
    today = calendar.date_of(now)
    midnights = [
        calendar.midnight(today - timedelta(days=days))
        for days in (0, 1, 7, 29, 30, 31, 59, 60, 61, 365, 366)
    ]
    marks = [now - hours * HOUR for hours in (0, 1, 2, 24, 48)] + [
        now - days * DAY for days in (3, 7, 14, 30, 60, 90)
    ]
    months = [Window(length, Unit.MONTHS).edge(now, calendar) for length in (1, 2, 4, 12, 24)]
    edges = st.builds(int.__add__, st.sampled_from(marks + midnights + months), st.sampled_from([-1, 0, 1]))
    return st.one_of(edges, st.integers(now - 120 * DAY, now), st.integers(now + 1, now + 3 * DAY))


def data(names: Names) -> st.SearchStrategy[str | Fraction]:
    return names.texts | names.numbers


def happenings(now: int, calendar: Calendar) -> st.SearchStrategy[Happening]:
    amounts = st.none() | st.integers(-(10**12), 10**12) | st.integers(-100, 4_000)
    return st.builds(
        lambda kind, at, amount, currency, properties: Happening(
            kind, at, amount, None if amount is None else currency, properties
        ),
        PLAIN.kinds,
        instants(now, calendar),
        amounts,
        st.sampled_from(["USD", "USD", "USD", "EUR", "JPY"]),
        st.dictionaries(st.sampled_from(["priority", "channel"]), data(PLAIN), max_size=2),
    )


def people(now: int, calendar: Calendar) -> st.SearchStrategy[Person]:
    return st.builds(
        Person,
        st.none() | instants(now, calendar),
        st.dictionaries(
            st.sampled_from([own for own in Own if own is not Own.TENURE]), PLAIN.texts, max_size=4
        ),
        st.dictionaries(PLAIN.attributes, data(PLAIN), max_size=3),
        st.lists(happenings(now, calendar), max_size=14).map(tuple),
        st.none() | st.tuples(st.integers(0, 100), instants(now, calendar)),
    )
