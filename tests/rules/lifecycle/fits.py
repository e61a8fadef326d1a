"""Fits for tests, with parameters that are given and not found; and random ones."""

from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from rules.conditions.days import date_ordinal
from rules.instants import DAY, Calendar
from rules.lifecycle.buying import Buying, Model
from rules.lifecycle.fit import Fit, Part, Terms, Unit
from rules.lifecycle.spending import Spending

CDNOW = Buying(Model.MBG_NBD, 0.52484, 6.18299, 0.89136, 1.614)
AMOUNTS = Spending(6.2488, 3.7446, 15.4477)
CUTS = tuple(place * 2_500 for place in range(1_000))
"""From nothing to 250, evenly."""


def part(buying: Buying = CDNOW, spending: Spending | None = AMOUNTS) -> Part:
    return Part(buying, -1.0, 1_000, 100, spending, None if spending is None else -1.0, 100)


def a_fit(
    as_of: int,
    calendar: Calendar,
    *,
    whole: Part | None = None,
    segments: dict[str, Part] | None = None,
    terms: Terms | None = None,
    currency: str = "USD",
) -> Fit:
    """Give a fit as of an instant, by default of CDNOW's published parameters."""
    return Fit(
        as_of=as_of,
        day=date_ordinal(calendar.date_of(as_of)),
        currency=currency,
        decimals=2,
        terms=terms or Terms(),
        customers=1_000,
        repeaters=100,
        weeks=39,
        whole=whole or part(),
        segments=segments or {},
        cuts=CUTS,
    )


_BUYING = st.sampled_from(
    [
        CDNOW,
        Buying(Model.MBG_NBD, 0.2, 3.5, 1.0, 2.5),
        Buying(Model.MBG_NBD, 2.0, 30.0, 0.05, 0.4),
        Buying(Model.MBG_NBD, 1.5, 12.0, 3.0, 0.7),
    ]
)
_LOYAL = Buying(Model.MBG_NBD, 2.0, 3.0, 0.05, 0.4)


def numbered(number: int, kind: str, as_of: int, zone: ZoneInfo) -> Fit:
    """Give one of a few fits, in the zone's days."""
    unit = list(Unit)[number % 2]
    models = (CDNOW, _LOYAL, Buying(Model.MBG_NBD, 1.5, 12.0, 3.0, 0.7))
    segments = {"vip": part(_LOYAL)} if number % 3 == 1 else {}
    whole = part(models[number % 3], None if number % 5 == 4 else AMOUNTS)
    return a_fit(as_of, Calendar(zone), whole=whole, segments=segments, terms=Terms(kind=kind, unit=unit))


_PARTS = st.builds(part, _BUYING, st.sampled_from([None, AMOUNTS, AMOUNTS, Spending(1.2, 1.5, 400.0)]))
_TERMS = st.builds(
    Terms,
    kind=st.sampled_from(["purchase", "purchase", "ticket"]),
    unit=st.sampled_from(Unit),
    discount=st.sampled_from([0.0, 0.1, 0.35]),
)


def some_fits(now: int, calendar: Calendar) -> st.SearchStrategy[list[Fit]]:
    """Fits as of instants about ``now``, in the order in which they were made."""
    when = st.sampled_from([-60 * DAY, -31 * DAY, -DAY, -1, 0, 0, 1, DAY]) | st.integers(-40 * DAY, 0)
    return st.lists(
        st.builds(
            lambda ahead, whole, vip, terms, currency: a_fit(
                now + ahead,
                calendar,
                whole=whole,
                segments={} if vip is None else {"vip": vip},
                terms=terms,
                currency=currency,
            ),
            when,
            _PARTS,
            st.none() | _PARTS,
            _TERMS,
            st.sampled_from(["USD", "USD", "USD", "EUR"]),
        ),
        max_size=3,
    )
