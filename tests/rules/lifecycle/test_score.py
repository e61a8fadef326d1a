"""Scores: cuts, bounds, and what stays unknown. Values themselves are held against the oracle in tests/storage."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.instants import DAY, Calendar
from rules.lifecycle.buying import Buying, Model
from rules.lifecycle.purchases import Summary
from rules.lifecycle.score import FINE, RANKS, cuts, scores
from tests.rules.lifecycle.fits import a_fit, part

UTC = Calendar.of("UTC")


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300))
def test_a_rank_is_the_share_of_customers_who_are_worth_less(worth: list[int]) -> None:
    found = cuts(np.array(worth))
    assert len(found) == RANKS
    for one in {*worth, min(worth) - 1, max(worth) + 1}:
        rank = sum(cut < one for cut in found)
        assert rank == sum(other < one for other in worth) * RANKS // len(worth)


def test_nobody_parts_nobody() -> None:
    assert cuts(np.zeros(0, dtype=np.int64)) == ()


def test_whoever_never_bought_is_unknown_and_nobody_is_certain() -> None:
    sure = part(Buying(Model.MBG_NBD, 5.0, 1.0, 1e-4, 1e5))
    of = Summary(
        days=np.array([0, 1, 900]),
        first=np.array([0, 19_999, 18_000]),
        last=np.array([0, 19_999, 20_000]),
        spent_days=np.array([0, 0, 899]),
        spent=np.array([0, 0, 89_900]),
        spends=np.array([False, False, True]),
    )
    found = scores(a_fit(20_000 * DAY, UTC, whole=sure), of, np.zeros(3, dtype=np.int64), "USD")
    assert found.known.tolist() == [False, True, True]
    assert found.p_alive.tolist() == [0, FINE - 1, FINE - 1]
    assert found.valued.tolist() == [False, False, True]
    assert found.clv[:2].tolist() == [0, 0]
    other = scores(a_fit(20_000 * DAY, UTC, currency="EUR"), of, np.zeros(3, dtype=np.int64), "USD")
    assert other.known.tolist() == [False, True, True]
    assert not other.valued.any()
