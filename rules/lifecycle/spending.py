"""What customers spend on a day of purchases: the Gamma-Gamma model, by maximum likelihood.

Amounts of one customer follow a gamma distribution of shape p about a mean of their own; means follow from a gamma
distribution too (q and v). How much and how often are taken as independent. Fader, Hardie, "The Gamma-Gamma Model of
Monetary Value" (2013, brucehardie.com/notes/025); Fader, Hardie, Lee, "RFM and CLV", Journal of Marketing Research 42
(2005).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaln, psi

from rules.conditions.columns import Ints
from rules.lifecycle.optimum import Floats, greatest

LEAST_Q: Final = 1.0
"""At this q, or below, amounts are so uneven that a mean of all customers does not exist."""


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Customers who had ``x`` repeat days each, with a ``mean`` amount above nought."""

    x: Ints
    mean: Floats


@dataclass(frozen=True, slots=True)
class Spending:
    """The model with its parameters; ``v`` is in the unit of the amounts."""

    p: float
    q: float
    v: float

    def mean(self, x: Ints, total: Floats) -> Floats:
        """Give the amount expected on a day, of customers who spent ``total`` on ``x`` repeat days.

        p (v + total) / (p x + q - 1): the more days, the more the customer's own mean counts; without any it is that
        of all customers.
        """
        found: Floats = self.p * (self.v + total) / (self.p * x + self.q - 1)
        return found

    def log_likelihood(self, amounts: Amounts) -> float:
        """Give the log-likelihood of the mean amounts."""
        return _Likelihood(amounts)(np.array([self.p, self.q, self.v]))[0]


def fit(amounts: Amounts) -> Spending | None:
    """Give the model of the greatest likelihood; None where the data fits none, or one without a mean."""
    # In the unit of the usual amount, so that yen and dinars are found from the same start.
    scale = float(np.median(amounts.mean))
    scaled = Amounts(amounts.x, amounts.mean / scale)
    starts = [(4.0, 4.0, 1.0), (1.0, 2.0, 2.0), (10.0, 3.0, 0.3)]
    found = greatest(_Likelihood(scaled), starts, float(len(amounts.x)))
    if found is None or found[1] <= LEAST_Q:
        return None
    p, q, v = (float(one) for one in found)
    return Spending(p, q, v * scale)


class _Likelihood:
    """The log-likelihood over p, q, v, with its slope.

    ln L = lnG(px+q) - lnG(px) - lnG(q) + q ln v + (px-1) ln m + px ln x - (px+q) ln(v + x m), of x days with mean m.
    """

    def __init__(self, amounts: Amounts) -> None:
        self._x, self._total = amounts.x.astype(np.float64), amounts.x * amounts.mean
        self._log_mean, self._log_total = np.log(amounts.mean), np.log(self._total)
        self._unique, self._place = np.unique(amounts.x, return_inverse=True)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        p, q, v = (float(one) for one in parameters)
        x, some = self._x, self._unique
        of_x = gammaln(p * some + q) - gammaln(p * some) - gammaln(q) + q * np.log(v)
        all_ = np.log(v + self._total)
        value = of_x[self._place] + p * x * self._log_total - self._log_mean - (p * x + q) * all_
        together = psi(p * some + q)
        slopes = (
            (some * (together - psi(p * some)))[self._place] + x * (self._log_total - all_),
            (together - psi(q) + np.log(v))[self._place] - all_,
            q / v - (p * x + q) / (v + self._total),
        )
        return float(np.sum(value)), np.array([np.sum(one) for one in slopes])
