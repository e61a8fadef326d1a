"""What a customer is worth, the slow way: one customer, a list of purchases, Python's own numbers.

Shares with the product nothing but the shape of a fit. What is integrated there is a sum here: how likely it is that
there are more than j chances to buy, and that none of the first j ended it.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import lru_cache

from rules.conditions.terms import Score
from rules.lifecycle.fit import Fit, Part

EPOCH = date(1970, 1, 1)
Bought = tuple[date, int | None, str | None]
"""A day, an amount in minor units and its currency."""


def worth(
    fit: Fit, segment: str | None, bought: Iterable[Bought], currency: str
) -> Mapping[Score, Fraction | None]:
    """Give each value, exactly as conditions see it; None for the unknown."""
    days: dict[date, list[tuple[int | None, str | None]]] = {}
    for day, amount, its in bought:
        days.setdefault(day, []).append((amount, its))
    counting = sorted(
        day for day, some in days.items() if any(amount is None or amount >= 0 for amount, _ in some)
    )
    if not counting:
        return dict.fromkeys(Score)
    sums = {
        day: sum(amount for amount, its in days[day] if its == currency and amount is not None)
        for day in counting
    }
    spent = [sums[day] for day in counting[1:] if sums[day] > 0]
    part = fit.segments.get(segment.casefold(), fit.whole) if segment is not None else fit.whole
    assert part is not None
    unit = {"week": 7, "day": 1}[fit.terms.unit]
    until = max((counting[-1] - EPOCH).days, fit.day)
    first, last = ((day - EPOCH).days for day in (counting[0], counting[-1]))
    x, t_x, age = len(counting) - 1, (last - first) / unit, (until - first) / unit
    alive = _alive(part, x, t_x, age)
    months = [_expected(part, x, age, 365 / 12 * month / unit) for month in range(13)]
    found: dict[Score, Fraction | None] = {
        Score.P_ALIVE: Fraction(min(round(alive * 10**6), 10**6 - 1), 10**6),
        Score.EXPECTED_PURCHASES: Fraction(round(alive * months[-1] * 10**6), 10**6),
        Score.CLV: None,
        Score.CLV_RANK: None,
    }
    if part.spending is not None and fit.currency == currency and max(sums.values()) > 0:
        p, q, v = part.spending.p, part.spending.q, part.spending.v
        mean = p * (v + sum(spent) / 10**fit.decimals) / (p * len(spent) + q - 1)
        counted = sum(
            (months[month] - months[month - 1]) / (1 + fit.terms.discount) ** ((month - 0.5) / 12)
            for month in range(1, 13)
        )
        clv = round(alive * counted * mean * 10**4)
        found[Score.CLV] = Fraction(clv, 10**4)
        found[Score.CLV_RANK] = Fraction(sum(cut < clv for cut in fit.cuts), 1_000)
    return found


def _alive(part: Part, x: int, t_x: float, age: float) -> float:
    model = part.buying
    since = (model.alpha + age) / (model.alpha + t_x)
    return 1 / (1 + model.a / (model.b + x) * math.pow(since, model.r + x))


def _expected(part: Part, x: int, age: float, ahead: float) -> float:
    model = part.buying
    return expected(model.a, model.b + x + 1, model.r + x, model.alpha + age, ahead)


@lru_cache(maxsize=100_000)
def expected(a: float, b: float, shape: float, rate: float, ahead: float) -> float:
    """Add up, over j, P(more than j chances to buy) times P(none of j ended it); chances are negative binomial."""
    z = ahead / (rate + ahead)
    chance, total, kept, left = math.exp(-shape * math.log1p(ahead / rate)), 0.0, 1.0, 1.0
    for j in range(100_000):
        left -= chance
        if left < 1e-13:
            break
        total += left * kept
        kept *= (b + j) / (a + b + j)
        chance *= (shape + j) / (j + 1) * z
    return total
