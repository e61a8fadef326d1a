"""How often customers buy, and until when: MBG/NBD, and BG/NBD beside it, by maximum likelihood.

A customer buys at random at a rate of their own (rates follow a gamma distribution, r and alpha), and after a
purchase is gone for good with a probability of their own (beta, a and b). In BG/NBD that happens after repeat
purchases alone, so that whoever bought once is alive for ever; in MBG/NBD after the first too.

BG/NBD: Fader, Hardie, Lee, "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD Model",
Marketing Science 24 (2005). MBG/NBD: Batislam, Denizel, Filiztekin, "Empirical validation and comparison of models
for customer base analysis", International Journal of Research in Marketing 24 (2007); Hoppe, Wagner, "Customer Base
Analysis: The Case for a Central Variant of the Betageometric/NBD Model", Marketing ZFP 29 (2007); documentation of
the R package BTYDplus. All times are in one unit, whatever it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln, psi

from rules.conditions.columns import Ints
from rules.lifecycle.optimum import Floats, greatest

_TAIL: Final = 36.0
"""exp(-36) is below what a sum of floats can show."""
_FAR: Final = 45.0
"""A logit of this size is a probability of nought or one."""
_STEP: Final = 0.4
"""Of the trapezoidal rule over the logit, whose error falls as exp(-pi²/step)."""


class Model(StrEnum):
    """Which of the two models."""

    MBG_NBD = "mbg_nbd"
    BG_NBD = "bg_nbd"


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """``weights`` customers each who bought ``x`` times again, last ``t_x`` after the first time, watched for ``T``."""

    x: Ints
    t_x: Floats
    T: Floats
    weights: Ints


@dataclass(frozen=True, slots=True)
class Buying:
    """A model with its parameters: of the rate of purchases ``r`` and ``alpha``, of leaving ``a`` and ``b``."""

    model: Model
    r: float
    alpha: float
    a: float
    b: float

    @property
    def shift(self) -> int:
        """How many chances to leave, and stay, the first purchase is."""
        return int(self.model is Model.MBG_NBD)

    def p_alive(self, x: Ints, t_x: Floats, T: Floats) -> Floats:  # noqa: N803  the field's own names
        """Give the probability that a customer will ever buy again.

        MBG/NBD: 1 / (1 + a/(b+x) · ((alpha+T)/(alpha+t_x))^(r+x)). BG/NBD has b+x-1, and 1 where x is 0.
        """
        alive: Floats = expit(-_odds_of_leaving(self, x, t_x, T))
        return alive if self.shift else np.where(x > 0, alive, 1.0)

    def expected_alive(self, x: int, T: Floats, ahead: Floats) -> Floats:  # noqa: N803
        """Give how often customers with ``x`` repeats, were they alive at ``T``, buy within each of the times ``ahead``.

        One row for each of ``T``, one column for each of ``ahead``. With the leaving probability p ~ Beta(a, b'),
        b' = b + x (+ 1 in MBG/NBD), and the rate ~ Gamma(r + x, alpha + T), it is
        E[(1 - (1 + p·t/(alpha+T))^-(r+x)) / p], which equals the published
        (a+b'-1)/(a-1) · [1 - ((alpha+T)/(alpha+T+t))^(r+x) · 2F1(r+x, b'; a+b'-1; t/(alpha+T+t))].
        It is integrated as it stands: the closed form is 0/0 at a = 1, and 2F1 overflows for many purchases.
        """
        p, weights = _leaving(self.a, self.b + x + self.shift)
        at = np.ascontiguousarray(ahead[None, :] / (self.alpha + T[:, None]))
        found = np.empty(at.shape)
        for column in range(at.shape[1]):
            grown = np.log1p(p * at[:, column, None])
            found[:, column] = np.sum(-np.expm1(-(self.r + x) * grown) / p * weights, axis=1)
        return found

    def log_likelihood(self, histories: Histories) -> float:
        """Give the log-likelihood of what customers did."""
        return _Likelihood(self.model, histories)(np.array([self.r, self.alpha, self.a, self.b]))[0]


def fit(model: Model, histories: Histories) -> Buying | None:
    """Give the model of the greatest likelihood; None where the data fits none of this kind."""
    scale = float(np.average(histories.T, weights=histories.weights)) + 1e-9
    starts = [(0.5, scale / 4, 1.0, 2.0), (1.0, scale, 0.5, 0.5), (0.2, scale / 10, 1.0, 1.0)]
    found = greatest(_Likelihood(model, histories), starts, float(histories.weights.sum()))
    return None if found is None else Buying(model, *(float(one) for one in found))


class _Likelihood:
    """The log-likelihood over r, alpha, a, b, with its slope.

    ln L = lnG(r+x) - lnG(r) + r ln alpha - (r+x) ln(alpha+T) + lnB(a, b') - lnB(a, b) + ln(1 + odds), b' = b + x (+ 1
    in MBG/NBD), odds = a/(b'-1) · ((alpha+T)/(alpha+t_x))^(r+x), which BG/NBD has only where x > 0. Gamma functions
    are of x alone, so they are asked once for each number of purchases.
    """

    def __init__(self, model: Model, histories: Histories) -> None:
        self._shift = int(model is Model.MBG_NBD)
        self._of = histories
        self._unique, self._place = np.unique(histories.x, return_inverse=True)
        self._leaves = (histories.x > 0) | bool(self._shift)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(one) for one in parameters)
        of, some = self._of, self._unique
        kept = b + some + self._shift
        of_x = gammaln(r + some) - gammaln(r) + r * np.log(alpha) + betaln(a, kept) - betaln(a, b)
        until, since = np.log(alpha + of.T), np.log(alpha + of.t_x)
        before = np.where(self._leaves, of.x + (b + self._shift - 1), 1.0)
        odds = np.log(a) - np.log(before) + (r + of.x) * (until - since)
        gone = np.where(self._leaves, expit(odds), 0.0)
        value = of_x[self._place] - (r + of.x) * until + np.where(self._leaves, np.logaddexp(0.0, odds), 0.0)
        both = psi(a + b) - psi(a + kept)
        slopes = (
            (psi(r + some) - psi(r) + np.log(alpha))[self._place] - until + gone * (until - since),
            r / alpha
            - (r + of.x) / (alpha + of.T)
            + gone * (r + of.x) * (1 / (alpha + of.T) - 1 / (alpha + of.t_x)),
            both[self._place] + gone / a,
            (psi(kept) - psi(b) + both)[self._place] - gone / before,
        )
        weights = of.weights
        return float(np.sum(weights * value)), np.array([np.sum(weights * one) for one in slopes])


def _odds_of_leaving(of: Buying, x: Ints, t_x: Floats, T: Floats) -> Floats:  # noqa: N803
    before = np.where((x > 0) | bool(of.shift), of.b + x + of.shift - 1, 1.0)
    odds: Floats = (
        np.log(of.a) - np.log(before) + (of.r + x) * (np.log(of.alpha + T) - np.log(of.alpha + t_x))
    )
    return odds


@lru_cache(maxsize=512)
def _leaving(a: float, b: float) -> tuple[Floats, Floats]:
    """Give points and weights that integrate over p ~ Beta(a, b).

    The trapezoidal rule over z = logit p, where the weight is p^a (1-p)^b / B(a, b): smooth, and gone at both ends.
    Where an end goes on for too long, what lies beyond it is all but 0 or 1, and goes to the last point.
    """
    spread = np.sqrt(1 / a + 1 / b)
    step = _STEP * min(1.0, spread)
    middle = np.log(a / b)
    low = max(middle - _TAIL / a - 9 * spread, min(middle, 0.0) - _FAR)
    high = min(middle + _TAIL / b + 9 * spread, max(middle, 0.0) + _FAR)
    z = np.arange(low, high + step, step)
    log_p, log_q = -np.logaddexp(0.0, -z), -np.logaddexp(0.0, z)
    weights = np.exp(a * log_p + b * log_q - betaln(a, b)) * step
    p = np.exp(log_p)
    below, above = betainc(a, b, p[0]), betainc(b, a, np.exp(log_q[-1]))
    beyond, share = 1 - weights.sum(), below / (below + above) if below + above > 0 else 0.5
    weights[0] += beyond * share
    weights[-1] += beyond * (1 - share)
    return p, weights
