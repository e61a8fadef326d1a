"""The models of buying: published figures, an implementation of others', sums by hand, and extremes."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from rules.lifecycle import buying
from rules.lifecycle.buying import Buying, Histories, Model
from rules.lifecycle.fit import Unit, histories
from tests.rules.lifecycle import cdnow
from tests.rules.lifecycle.oracle import expected

with warnings.catch_warnings():
    # It switches off a warning of pandas that newer ones do not have.
    warnings.simplefilter("ignore")
    import lifetimes

PUBLISHED = {
    Model.BG_NBD: ((0.24259, 4.41353, 0.79289, 2.42575), -9582.426),
    Model.MBG_NBD: ((0.52484, 6.18299, 0.89136, 1.61400), -9582.133),
}
OTHERS: dict[Model, Any] = {
    Model.BG_NBD: lifetimes.BetaGeoFitter,
    Model.MBG_NBD: lifetimes.ModifiedBetaGeoFitter,
}


@pytest.mark.parametrize("model", Model)
@pytest.mark.parametrize("unit", Unit)
def test_the_published_figures_of_cdnow(model: Model, unit: Unit) -> None:
    summary = cdnow.summary()
    assert (len(summary), int(np.sum(summary.days > 1)), int(np.sum(summary.days - 1))) == (2357, 946, 2457)
    found = histories(summary, cdnow.ordinal(cdnow.UNTIL), unit)
    assert len(found.x) < int(found.weights.sum()) == 2357
    fitted = buying.fit(model, found)
    assert fitted is not None
    (r, alpha, a, b), log_likelihood = PUBLISHED[model]
    wanted = (r, alpha * 7 / unit.days, a, b)
    assert (fitted.r, fitted.alpha, fitted.a, fitted.b) == pytest.approx(
        (wanted[0], wanted[1] if unit is Unit.DAY else alpha, a, b), rel=1e-3
    )
    # A density of times is smaller by the factor of the unit for every repeat.
    shift = 0.0 if unit is Unit.WEEK else 2457 * float(np.log(7))
    assert fitted.log_likelihood(found) == pytest.approx(log_likelihood - shift, abs=1e-1)


def simulated(seed: int, customers: int, model: Model) -> Histories:
    """Let customers buy as the model has it, drawn purchase by purchase."""
    chance = np.random.default_rng(seed)
    ages, found = np.round(chance.uniform(10, 60, customers) * 7) / 7, []
    for age, rate, leaves in zip(
        ages, chance.gamma(0.8, 1 / 6, customers), chance.beta(1.2, 3.0, customers), strict=True
    ):
        x, last = 0, 0.0
        gone = model is Model.MBG_NBD and chance.random() < leaves
        while not gone:
            later = last + chance.exponential(1 / rate)
            if later > age:
                break
            x, last, gone = x + 1, later, chance.random() < leaves
        found.append((x, last))
    repeats, lasts = np.array(found).T
    return Histories(repeats.astype(np.int64), lasts, ages, np.ones(customers, dtype=np.int64))


@pytest.mark.parametrize("model", Model)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_customers_are_seen_as_another_implementation_sees_them(model: Model, seed: int) -> None:
    of = simulated(seed, 800, model)
    ours, theirs = buying.fit(model, of), OTHERS[model](penalizer_coef=0.0)
    theirs.fit(of.x, of.t_x, of.T)
    assert ours is not None
    for name in ("r", "alpha", "a", "b"):
        assert getattr(ours, name) == pytest.approx(theirs.params_[name], rel=1e-3)
    same = Buying(model, *(float(theirs.params_[name]) for name in ("r", "alpha", "a", "b")))
    alive = same.p_alive(of.x, of.t_x, of.T)
    assert alive == pytest.approx(
        np.asarray(theirs.conditional_probability_alive(of.x, of.t_x, of.T)), abs=1e-9
    )
    ahead = [
        same.expected_alive(int(x), np.array([age]), np.array([26.0]))[0, 0]
        for x, age in zip(of.x, of.T, strict=True)
    ]
    told = theirs.conditional_expected_number_of_purchases_up_to_time(26.0, of.x, of.t_x, of.T)
    assert alive * ahead == pytest.approx(np.asarray(told), rel=1e-7)


def test_counting_equal_histories_together_changes_nothing() -> None:
    one = simulated(3, 300, Model.MBG_NBD)
    twice = Histories(np.tile(one.x, 2), np.tile(one.t_x, 2), np.tile(one.T, 2), np.tile(one.weights, 2))
    weighted = Histories(one.x, one.t_x, one.T, one.weights * 2)
    fits = [buying.fit(Model.MBG_NBD, of) for of in (one, twice, weighted)]
    assert fits[0] is not None
    for other, of in zip(fits[1:], (twice, weighted), strict=True):
        assert other is not None
        assert (other.r, other.alpha, other.a, other.b) == pytest.approx(
            (fits[0].r, fits[0].alpha, fits[0].a, fits[0].b), rel=1e-5
        )
        assert other.log_likelihood(of) == pytest.approx(2 * fits[0].log_likelihood(one))


PARAMETERS = st.builds(
    Buying,
    st.sampled_from(Model),
    st.floats(0.01, 50),
    st.floats(0.01, 500),
    st.floats(0.001, 200) | st.just(1.0),
    st.floats(0.001, 200),
)


@given(
    model=PARAMETERS,
    x=st.integers(0, 12),
    age=st.floats(0, 400),
    ahead=st.floats(0.01, 120),
)
@settings(max_examples=150, deadline=None)
def test_what_is_integrated_is_what_is_summed(model: Model, x: int, age: float, ahead: float) -> None:
    of: Any = model
    shape, rate = of.r + x, of.alpha + age
    if shape * ahead / rate > 300:
        return
    found = float(of.expected_alive(x, np.array([age]), np.array([ahead]))[0, 0])
    # The sum leaves out chances less likely than 1e-13, of which there may be thousands.
    assert found == pytest.approx(expected(of.a, of.b + x + of.shift, shape, rate, ahead), rel=1e-6, abs=1e-8)


def test_the_integral_is_the_closed_form_where_that_can_be_computed() -> None:
    model = Buying(Model.MBG_NBD, 0.52484, 6.18299, 0.89136, 1.614)
    for x, age, ahead in ((0, 30.0, 52.0), (3, 30.0, 52.0), (12, 38.9, 26.0), (40, 100.0, 4.0)):
        b, rate = model.b + x + 1, model.alpha + age
        z, gone = ahead / (rate + ahead), model.a + b - 1
        closed = gone / (model.a - 1) * (1 - (1 - z) ** (model.r + x) * hyp2f1(model.r + x, b, gone, z))
        found = model.expected_alive(x, np.array([age]), np.array([ahead]))[0, 0]
        assert found == pytest.approx(closed, rel=1e-9)


@pytest.mark.parametrize("a", [1e-4, 0.5, 1.0, 1.0 + 1e-12, 1e5])
@pytest.mark.parametrize(("x", "age"), [(0, 0.0), (3_000, 50.0), (20_000, 20_000.0), (0, 1e5)])
def test_extremes_stay_finite_and_in_order(a: float, x: int, age: float) -> None:
    model = Buying(Model.MBG_NBD, 0.3, 1e-4, a, 2.0)
    ahead = model.expected_alive(x, np.array([age]), np.array([1.0, 26.0, 52.0]))[0]
    alive = model.p_alive(np.array([x]), np.array([age / 2]), np.array([age]))
    assert np.isfinite(ahead).all()
    assert (alive >= 0).all()
    assert (alive <= 1).all()
    assert 0 <= ahead[0] <= ahead[1] * (1 + 1e-12) <= ahead[2] * (1 + 2e-12)
    # Nobody buys more often than those who never leave.
    assert ahead[2] <= (model.r + x) * 52 / (model.alpha + age) * (1 + 1e-9)


def test_whoever_bought_once_is_certain_to_live_by_bg_nbd_alone() -> None:
    once, ages = np.zeros(3, dtype=np.int64), np.array([0.0, 1.0, 500.0])
    by_bg, by_mbg = (
        Buying(model, *PUBLISHED[model][0]).p_alive(once, np.zeros(3), ages)
        for model in (Model.BG_NBD, Model.MBG_NBD)
    )
    assert by_bg.tolist() == [1, 1, 1]
    assert 1 > by_mbg[0] > by_mbg[1] > by_mbg[2] > 0


@pytest.mark.parametrize(
    "x",
    [
        np.zeros(400, dtype=np.int64),  # all bought once
        np.tile(np.array([0, 9]), 200),  # two kinds of people, and no more
    ],
)
def test_data_that_fits_no_model_gives_no_nonsense(x: Any) -> None:
    of = Histories(x, np.where(x > 0, 30.0, 0.0), np.full(400, 39.0), np.ones(400, dtype=np.int64))
    found = buying.fit(Model.MBG_NBD, of)
    assert found is None or np.isfinite(found.log_likelihood(of))
