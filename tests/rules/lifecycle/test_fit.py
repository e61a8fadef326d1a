"""Fits: what is asked before and after one, segments of their own, and the stretch that is held out."""

import numpy as np
import pytest

from rules.instants import Calendar
from rules.lifecycle import fit as models
from rules.lifecycle.calibration import calibrated, holdout_weeks
from rules.lifecycle.fit import Fit, Lack, Lacking, Terms, Unit, gate, histories, unanswered
from rules.lifecycle.purchases import Summary
from tests.rules.lifecycle import cdnow
from tests.rules.lifecycle.fits import a_fit, part

UTC = Calendar.of("UTC")
DAY = cdnow.ordinal(cdnow.UNTIL)


def crowd(customers: int, repeaters: int, weeks: int) -> Summary:
    """Customers who bought once, but for ``repeaters`` who did twice; the first purchase so many weeks ago."""
    days = np.where(np.arange(customers) < repeaters, 2, 1)
    first = np.full(customers, 20_000 - weeks * 7)
    spent = (days - 1) * 1_000
    return Summary(days, first, first + (days - 1) * 9, days - 1, spent, np.ones(customers, dtype=np.bool_))


@pytest.mark.parametrize(
    ("customers", "repeaters", "weeks", "lacks"),
    [
        (200, 50, 26, ()),
        (199, 50, 26, (Lack(Lacking.CUSTOMERS, 199, 200),)),
        (200, 49, 26, (Lack(Lacking.REPEATERS, 49, 50),)),
        (200, 0, 26, (Lack(Lacking.REPEATERS, 0, 50),)),
        (200, 50, 25, (Lack(Lacking.WEEKS, 25, 26),)),
    ],
)
def test_so_much_is_needed_and_no_less(
    customers: int, repeaters: int, weeks: int, lacks: tuple[Lack, ...]
) -> None:
    of = crowd(customers, repeaters, weeks)
    assert gate(of, 20_000) == lacks
    if lacks:
        assert models.whole(of, 20_000, Terms(), 2) == (None, lacks)


def test_nobody_at_all_lacks_everything() -> None:
    assert [one.what for one in gate(Summary.none(0), 20_000)] == [
        Lacking.CUSTOMERS,
        Lacking.REPEATERS,
        Lacking.WEEKS,
    ]


def test_data_without_a_pattern_is_gated_or_told_in_finite_numbers() -> None:
    """All alike, to the day: enough of them, and nothing that a model of differences could learn."""
    found, lacks = models.whole(crowd(300, 300, 30), 20_000, Terms(), 2)
    if found is None:
        assert lacks == (Lack(Lacking.NO_OPTIMUM),)
    else:
        assert np.isfinite([found.log_likelihood, found.buying.r, found.buying.alpha, found.buying.b]).all()
        # Everybody spent the same on every day.
        assert found.spending is None
        assert found.lacks == (Lack(Lacking.NO_OPTIMUM),)


def test_without_amounts_only_worth_is_lacking() -> None:
    of = cdnow.summary()
    poor = Summary(of.days, of.first, of.last, of.spent_days * 0, of.spent * 0, of.spends)
    found, lacks = models.whole(poor, DAY, Terms(), 2)
    assert lacks == ()
    assert found is not None
    assert (found.spending, found.lacks) == (None, (Lack(Lacking.SPENDERS, 0, 50),))


def test_equal_histories_are_counted_together_and_none_is_lost() -> None:
    of = cdnow.summary()
    found = histories(of, DAY, Unit.DAY)
    again = {
        (x, t_x, age): n for x, t_x, age, n in zip(found.x, found.t_x, found.T, found.weights, strict=True)
    }
    for row in range(0, len(of), 97):
        key = (of.days[row] - 1, of.last[row] - of.first[row], DAY - of.first[row])
        same = (of.days - 1 == key[0]) & (of.last - of.first == key[1]) & (DAY - of.first == key[2])
        assert again[key] == same.sum()
    assert len(again) == len(found.x)


def test_segments_with_enough_are_fitted_and_found_by_folded_name() -> None:
    of = cdnow.summary()
    codes = np.where(np.arange(len(of)) < 1_200, 0, np.where(np.arange(len(of)) < 1_300, 1, -1))
    segments = models.of_segments(of, codes, ["straße", "few"], day=DAY, terms=Terms(), decimals=2)
    assert list(segments) == ["straße"]
    assert segments["straße"].customers == 1_200
    made = a_fit(0, UTC, segments={"b": part(), "a": part(), "strasse": part()})
    assert made.places(["A", "Straße", "other", "b"]).tolist() == [1, 3, 0, 2]
    assert len(made.parts) == 4


def test_what_is_held_out_is_not_seen_and_is_told_week_by_week() -> None:
    assert [holdout_weeks(span) for span in (0, 2, 38, 78, 400)] == [0, 0, 12, 26, 26]
    actual = np.array([3, 0, 5])
    found = calibrated(cdnow.summary(), DAY, actual, Terms())
    assert found is not None
    assert found.actual == (3, 3, 8)
    assert list(found.expected) == sorted(found.expected)
    # Some 50 a week are to be expected of CDNOW by then.
    assert found.expected[0] == pytest.approx(48, abs=8)
    assert calibrated(crowd(100, 50, 30), 20_000, actual, Terms()) is None


def test_what_is_unanswered_follows_the_fit_in_force_and_without_one_the_last() -> None:
    usable = a_fit(0, UTC)
    poor = a_fit(0, UTC, whole=part(spending=None))
    failed = Fit(0, 0, "USD", 2, Terms(), 40, 3, 9, None, (Lack(Lacking.CUSTOMERS, 40, 200),))
    assert unanswered(usable, failed) == {}
    assert set(unanswered(poor, poor)) == {"clv", "clv_rank"}
    assert {one.what for one in unanswered(None, failed).values()} == {Lacking.CUSTOMERS}
    assert {one.what for one in unanswered(None, None).values()} == {Lacking.NEVER}
    assert len(unanswered(None, None)) == 4
