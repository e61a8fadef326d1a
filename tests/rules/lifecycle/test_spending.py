"""The Gamma-Gamma model: published figures, and an implementation of others' on random amounts."""

import warnings

import numpy as np
import pytest

from rules.lifecycle import spending
from rules.lifecycle.fit import amounts
from rules.lifecycle.spending import Amounts, Spending
from tests.rules.lifecycle import cdnow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifetimes


def test_the_published_figures_of_cdnow() -> None:
    of = amounts(cdnow.summary(), 2)
    assert len(of.x) == 946
    found = spending.fit(of)
    assert found is not None
    assert (found.p, found.q, found.v) == pytest.approx((6.2488, 3.7446, 15.4477), rel=1e-3)
    assert found.log_likelihood(of) == pytest.approx(-4055.923, abs=1e-1)


@pytest.mark.parametrize(("seed", "scale"), [(1, 1.0), (2, 1.0), (3, 100_000.0)])
def test_random_amounts_are_seen_as_another_implementation_sees_them(seed: int, scale: float) -> None:
    """And in a currency of small units, where the other does not find its way, as in one of large ones."""
    chance = np.random.default_rng(seed)
    x = chance.integers(1, 9, 700)
    means = chance.gamma(6 * x, 1 / (6 * x)) * 60 / chance.gamma(3.7, 1.0, 700)
    ours, theirs = spending.fit(Amounts(x, means * scale)), lifetimes.GammaGammaFitter()
    theirs.fit(x, means)
    assert ours is not None
    assert (ours.p, ours.q, ours.v / scale) == pytest.approx(
        tuple(float(theirs.params_[name]) for name in "pqv"), rel=1e-3
    )
    same = Spending(*(float(theirs.params_[name]) for name in "pqv"))
    told = np.asarray(theirs.conditional_expected_average_profit(x, means))
    assert same.mean(x, x * means) == pytest.approx(told, rel=1e-9)


def test_who_never_came_back_is_expected_to_spend_as_all_do_and_others_more_and_more_as_themselves() -> None:
    model = Spending(6.0, 4.0, 15.0)
    # p v / (q - 1)
    assert model.mean(np.array([0, 1, 10, 10_000]), np.array([0, 100.0, 1_000, 1_000_000])) == pytest.approx(
        [30.0, 76.67, 96.67, 99.99], abs=0.01
    )


@pytest.mark.parametrize("means", [np.full(200, 10.0), np.geomspace(1, 1e12, 200)])
def test_amounts_that_fit_no_model_give_none(means: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """All the same; and so uneven that their mean does not exist."""
    assert spending.fit(Amounts(np.full(200, 2), means)) is None
