"""A fit: the value models as they were found for a business at an instant, or what was lacking to find them.

Pure: from what customers did to parameters, with gates before and after. It must not know where events are stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import numpy as np

from rules.conditions.columns import Ints
from rules.conditions.names import fold
from rules.conditions.terms import Score
from rules.lifecycle import buying, spending
from rules.lifecycle.buying import Buying, Histories, Model
from rules.lifecycle.optimum import Floats
from rules.lifecycle.purchases import Summary
from rules.lifecycle.spending import Amounts, Spending

FEWEST_CUSTOMERS: Final = 200
FEWEST_REPEATERS: Final = 50
FEWEST_WEEKS: Final = 26
FEWEST_SPENDERS: Final = 50
WEEK: Final = 7
YEAR: Final = 365
"""Days in the twelve months that are looked ahead."""
MOST_SEGMENTS: Final = 50
"""So many segments, the largest first, may have models of their own."""


class Unit(StrEnum):
    """The unit of time in which rates are given."""

    WEEK = "week"
    DAY = "day"

    @property
    def days(self) -> int:
        """How many days make one."""
        return WEEK if self is Unit.WEEK else 1


class Lacking(StrEnum):
    """What a fit can lack."""

    CUSTOMERS = "customers"
    REPEATERS = "repeaters"
    WEEKS = "weeks"
    SPENDERS = "spenders"
    NO_OPTIMUM = "no_optimum"
    """There was enough, and yet no parameters describe it."""
    NEVER = "never"
    """Nobody has fitted anything yet."""
    PRUNED = "pruned"
    """Events before a horizon are gone, and with them the days of purchases."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is lacking: there are ``have``, and ``need`` would do; both 0 where it is not of numbers."""

    what: Lacking
    have: int = 0
    need: int = 0


Lacks = tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a fit: which ``kind`` of event is a purchase, how it is counted, and at which yearly ``discount``."""

    kind: str = "purchase"
    model: Model = Model.MBG_NBD
    unit: Unit = Unit.WEEK
    discount: float = 0.10


@dataclass(frozen=True, slots=True)
class Part:
    """The models of the whole base or of one segment, with how likely they make what was seen.

    Without ``spending``, ``lacks`` says what it lacks.
    """

    buying: Buying
    log_likelihood: float
    customers: int
    repeaters: int
    spending: Spending | None = None
    spending_log_likelihood: float | None = None
    spenders: int = 0
    lacks: Lacks = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """What models that saw nothing after the day ``since`` expected of what came: how often ``customers`` bought again.

    ``expected`` and ``actual`` are added up from week to week.
    """

    since: int
    customers: int
    expected: tuple[float, ...]
    actual: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found as of an instant, on the business ``day`` that it fell on (days since 1970-01-01).

    ``whole`` is of all customers, None where something ``lacks``; ``segments`` are by folded name. ``cuts`` part the
    customers by what they are worth, see `rules.lifecycle.score`.
    """

    as_of: int
    day: int
    currency: str
    decimals: int
    terms: Terms
    customers: int
    repeaters: int
    weeks: int
    whole: Part | None
    lacks: Lacks = ()
    segments: Mapping[str, Part] = field(default_factory=dict)
    calibration: Calibration | None = None
    cuts: tuple[int, ...] = ()
    id: int = 0
    """Its number once it is stored."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The models: of all customers first, then of the segments in the order of their names."""
        return (
            *((self.whole,) if self.whole else ()),
            *(self.segments[one] for one in sorted(self.segments)),
        )

    def places(self, words: Sequence[str]) -> Ints:
        """Give for each segment which of `parts` is its own; 0, all customers', for most."""
        named = {name: place for place, name in enumerate(sorted(self.segments), 1)}
        return np.array([named.get(fold(word), 0) for word in words], dtype=np.int64)


def histories(of: Summary, until: Ints | int, unit: Unit) -> Histories:
    """Give repeats, their last and the time watched, up to the day ``until``; equal ones are counted together."""
    # Days of a calendar need 22 bits, and nobody has more days of purchases than there are.
    keys = (
        ((of.days - 1) << _BITS * 2)
        | ((of.last - of.first) << _BITS)
        | (np.asarray(until, dtype=np.int64) - of.first)
    )
    found, weights = np.unique(keys, return_counts=True)
    low = (1 << _BITS) - 1
    return Histories(
        x=found >> _BITS * 2,
        t_x=(found >> _BITS & low) / unit.days,
        T=(found & low) / unit.days,
        weights=weights.astype(np.int64),
    )


_BITS: Final = 22


def amounts(of: Summary, decimals: int) -> Amounts:
    """Give the mean amounts, in the main unit, of those who have any on repeat days."""
    some = of.rows(of.spent_days > 0)
    return Amounts(some.spent_days, some.spent / some.spent_days / 10**decimals)


def whole(of: Summary, day: int, terms: Terms, decimals: int) -> tuple[Part | None, Lacks]:
    """Fit the models to customers who have all bought by ``day``; or say what is lacking."""
    lacks = gate(of, day)
    if lacks:
        return None, lacks
    found = histories(of, day, terms.unit)
    model = buying.fit(terms.model, found)
    if model is None:
        return None, (Lack(Lacking.NO_OPTIMUM),)
    spent = amounts(of, decimals)
    part = Part(
        buying=model,
        log_likelihood=model.log_likelihood(found),
        customers=len(of),
        repeaters=int(np.count_nonzero(of.days > 1)),
        spenders=len(spent.x),
    )
    if len(spent.x) < FEWEST_SPENDERS:
        return replace(part, lacks=(Lack(Lacking.SPENDERS, len(spent.x), FEWEST_SPENDERS),)), ()
    spends = spending.fit(spent)
    if spends is None:
        return replace(part, lacks=(Lack(Lacking.NO_OPTIMUM),)), ()
    return replace(part, spending=spends, spending_log_likelihood=spends.log_likelihood(spent)), ()


def gate(of: Summary, day: int) -> Lacks:
    """Say what is lacking to fit the models to these customers."""
    needs = (
        (Lacking.CUSTOMERS, len(of), FEWEST_CUSTOMERS),
        (Lacking.REPEATERS, int(np.count_nonzero(of.days > 1)), FEWEST_REPEATERS),
        (Lacking.WEEKS, weeks(of, day), FEWEST_WEEKS),
    )
    return tuple(Lack(what, have, need) for what, have, need in needs if have < need)


def weeks(of: Summary, day: int) -> int:
    """Give how many whole weeks the first purchase of all is ago."""
    return (day - int(of.first.min())) // WEEK if len(of) else 0


def of_segments(
    of: Summary, codes: Ints, names: Sequence[str], *, day: int, terms: Terms, decimals: int
) -> dict[str, Part]:
    """Fit models of their own to the segments that have enough; ``codes`` point into ``names``, -1 is none."""
    found: dict[str, Part] = {}
    many = np.bincount(codes[codes >= 0], minlength=len(names))
    for code in np.argsort(-many, kind="stable")[:MOST_SEGMENTS].tolist():
        if many[code] < FEWEST_CUSTOMERS:
            break
        part, _ = whole(of.rows(codes == code), day, terms, decimals)
        if part is not None:
            found[names[code]] = part
    return found


def unanswered(in_force: Fit | None, latest: Fit | None) -> dict[Score, Lack]:
    """Give for each term that nobody's answer is known to what is lacking, given the fit in force and the one made last."""
    if in_force is None:
        lacks = (latest.lacks if latest else ()) or (Lack(Lacking.NEVER),)
        return dict.fromkeys(Score, lacks[0])
    if in_force.whole is None or in_force.whole.spending is not None:
        return {}
    return dict.fromkeys(
        (Score.CLV, Score.CLV_RANK), (in_force.whole.lacks or (Lack(Lacking.NO_OPTIMUM),))[0]
    )


def discounts(rate: float) -> Floats:
    """Give what a purchase in each of the next twelve months counts today, at a yearly ``rate``, from each month's middle."""
    months: Floats = (1 + rate) ** -((np.arange(12) + 0.5) / 12)
    return months
