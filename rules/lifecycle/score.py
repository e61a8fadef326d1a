"""What a fit says of customers: alive or not, how often they will buy, what that is worth, and who is worth less.

Pure functions of a fit and of a customer's own purchases up to now, a customer at a time: whoever else is asked with
them, the answer is the same to the bit. Answers are whole numbers over fixed denominators, as conditions compare them.
"""

from dataclasses import dataclass, fields
from typing import Final, Self, assert_never

import numpy as np

from rules.conditions.columns import Bools, Ints, Numbers
from rules.conditions.terms import Score
from rules.lifecycle.fit import YEAR, Fit, Part, discounts
from rules.lifecycle.optimum import Floats
from rules.lifecycle.purchases import Summary

FINE: Final = 1_000_000
"""Probabilities and numbers of purchases are whole millionths."""
CLV_FINE: Final = 10_000
"""Values are whole ten-thousandths of the main unit."""
RANKS: Final = 1_000
"""Ranks are whole thousandths."""
_MOST: Final = 2.0**62


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One row for each customer: ``p_alive`` and ``expected`` in millionths where ``known``.

    ``clv`` in ten-thousandths of the main unit and ``rank`` in thousandths where ``valued``.
    """

    known: Bools
    p_alive: Ints
    expected: Ints
    valued: Bools
    clv: Ints
    rank: Ints

    @classmethod
    def none(cls, many: int) -> Self:
        """Give so many rows of which nothing is known."""
        nobody, nothing = np.zeros((2, many), dtype=np.bool_), np.zeros((4, many), dtype=np.int64)
        return cls(nobody[0], nothing[0], nothing[1], nobody[1], nothing[2], nothing[3])

    def put(self, rows: Ints, other: Self, places: Ints) -> None:
        """Put into ``rows`` what ``other`` has at ``places``."""
        for one in fields(self):
            getattr(self, one.name)[rows] = getattr(other, one.name)[places]


def scores(fit: Fit, of: Summary, places: Ints, currency: str, *, ahead: bool = True) -> Scores:
    """Score customers as of the fit's day, or of their last purchase if that is later.

    ``places`` say which of the fit's parts is each one's own. Nobody is known who never bought; nobody has a value in
    a ``currency`` who never spent any of it. Without ``ahead``, P(alive) alone is found, which is much quicker.
    """
    many = len(of)
    known = np.zeros(many, dtype=np.bool_)
    valued = known.copy()
    p_alive, expected, clv = np.zeros((3, many), dtype=np.int64)
    for place, part in enumerate(fit.parts):
        rows = np.flatnonzero((places == place) & (of.days > 0))
        if not len(rows):
            continue
        some = of.rows(rows)
        alive = _alive(fit, part, some)
        # So that nobody, however often they bought, is ever shown as certain to come back.
        known[rows] = True
        p_alive[rows] = np.clip(np.rint(alive * FINE), 0, FINE - 1).astype(np.int64)
        if not ahead:
            continue
        plain, discounted = _months(fit, part, some)
        expected[rows] = _whole(alive * plain * FINE)
        if part.spending is not None and fit.currency == currency:
            spends = some.spends
            mean = part.spending.mean(some.spent_days, some.spent / 10**fit.decimals)
            valued[rows] = spends
            clv[rows] = np.where(spends, _whole(alive * discounted * mean * CLV_FINE), 0)
    rank = np.searchsorted(np.array(fit.cuts, dtype=np.int64), clv, side="left")
    return Scores(known, p_alive, expected, valued, clv, np.where(valued, rank, 0).astype(np.int64))


def column(found: Scores | None, name: Score, many: int) -> Numbers:
    """Give the column that answers the term ``name`` for ``many`` customers; all unknown without scores."""
    if found is None:
        return Numbers(np.zeros(many, dtype=np.int64), 1, np.zeros(many, dtype=np.bool_))
    match name:
        case Score.P_ALIVE:
            return Numbers(found.p_alive, FINE, found.known)
        case Score.EXPECTED_PURCHASES:
            return Numbers(found.expected, FINE, found.known)
        case Score.CLV:
            return Numbers(found.clv, CLV_FINE, found.valued)
        case Score.CLV_RANK:
            return Numbers(found.rank, RANKS, found.valued)
        case _:
            assert_never(name)


def cuts(clv: Ints) -> tuple[int, ...]:
    """Give, for each thousandth, the least value that as many customers are below or at.

    How many of these lie below a value is, in thousandths, the share of customers who are worth less.
    """
    if not len(clv):
        return ()
    ordered = np.sort(clv)
    places = -(-np.arange(1, RANKS + 1) * len(ordered) // RANKS) - 1
    return tuple(ordered[places].tolist())


def _alive(fit: Fit, part: Part, of: Summary) -> Floats:
    unit, until = fit.terms.unit.days, np.maximum(of.last, fit.day)
    return part.buying.p_alive(of.days - 1, (of.last - of.first) / unit, (until - of.first) / unit)


def _months(fit: Fit, part: Part, of: Summary) -> tuple[Floats, Floats]:
    """Give how often those who are alive buy within twelve months, plain and discounted."""
    model, unit = part.buying, fit.terms.unit.days
    x, until = of.days - 1, np.maximum(of.last, fit.day)
    # How often hangs on x and T alone, which many share.
    found, place = np.unique(x << 32 | (until - of.first), return_inverse=True)
    ahead = np.arange(1, 13, dtype=np.float64) * (YEAR / 12 / unit)
    months, xs, ages = np.empty((len(found), 12)), found >> 32, (found & 0xFFFFFFFF) / unit
    for one in np.unique(xs).tolist():
        same = slice(*np.searchsorted(xs, (one, one + 1)))
        months[same] = model.expected_alive(one, ages[same], ahead)
    discounted = np.sum(np.diff(months, axis=1, prepend=0.0) * discounts(fit.terms.discount), axis=1)
    return months[place, -1], discounted[place]


def _whole(values: Floats) -> Ints:
    found: Ints = np.clip(np.rint(values), 0, _MOST).astype(np.int64)
    return found
