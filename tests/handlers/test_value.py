"""Fitting by hand and every night: what is stored, what is lacking, and what sweeps, warnings and previews make of it."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from handlers import lifecycle, retention, rulebook, value
from handlers.context import Context
from handlers.import_file import import_file
from handlers.lifecycle_plans import using
from handlers.preview import preview, subject
from handlers.rulebook import Request
from handlers.sweep import sweep, sweep_and_audit
from handlers.value import NoPurchasesError, Worth, fit, fit_if_due
from rules.access import Actor
from rules.conditions.columns import Numbers
from rules.conditions.problems import Code
from rules.conditions.terms import Fitted, Score
from rules.instants import DAY, HOUR
from rules.lifecycle.buying import Model
from rules.lifecycle.fit import Lack, Lacking, Terms
from rules.preview.steps import Stretch
from storage import fits, rules
from storage.database import Database
from storage.terms import answer
from tests.cdnow import path
from tests.contexts import StillClock, context
from tests.histories import customer, purchases, rule
from tests.rules.lifecycle.fits import a_fit

D = 20_000 * DAY
MANAGER = Request(Actor("cli:test", manager=True))


@pytest.fixture
def clock() -> StillClock:
    return StillClock(D)


@pytest.fixture
def ctx(database: Database, clock: StillClock) -> Context:
    return context(database, now=clock)


@cache
def crowd(customers: int, seed: int = 1) -> tuple[tuple[int, ...], ...]:
    """Let customers buy for a year as MBG/NBD has it; gives each one's days before `D`, the first first."""
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(customers):
        at, rate, leaves = int(chance.integers(180, 365)), chance.gamma(0.9, 1 / 40), chance.beta(1.0, 2.5)
        days = [at]
        while chance.random() >= leaves:
            at -= int(np.ceil(chance.exponential(1 / rate)))
            if at < 0:
                break
            days.append(at)
        found.append(tuple(days))
    return tuple(found)


def shop(database: Database, customers: int, *, currency: str = "USD") -> None:
    """Write a crowd's purchases into the tables."""
    chance = np.random.default_rng(customers)
    customer(database, 0, known_since=D - 400 * DAY)
    with database.writing() as tx:
        for number, days in enumerate(crowd(customers), 1):
            tx.execute(
                text(
                    "INSERT INTO customer (id, external_id, created_at, known_since, search_name, search_email) "
                    "VALUES (:id, :external, :since, :since, '', '')"
                ),
                {"id": number, "external": f"c{number}", "since": D - 400 * DAY},
            )
            mean = float(chance.gamma(4.0, 1_000.0)) + 100
            tx.execute(
                text(
                    "INSERT INTO event (customer_id, kind, occurred_at, key, amount, currency) "
                    "VALUES (:customer, 1, :at, :at, :cents, :currency)"
                ),
                [
                    {
                        "customer": number,
                        "at": D - day * DAY,
                        "cents": int(mean * chance.gamma(5.0, 0.2)) + 1,
                        "currency": currency,
                    }
                    for day in days
                ],
            )


def matched(ctx: Context, name: str) -> int:
    with ctx.database.reading() as tx:
        found = rules.by_name(tx, name)
        assert found is not None
        return rules.match_counts(tx, [found.id])[found.id]


def test_cdnow_is_fitted_to_the_published_figures_through_the_tables(database: Database) -> None:
    fall = int(datetime(1997, 10, 1, tzinfo=UTC).timestamp() * 1_000)
    ctx = context(database, now=StillClock(fall), zone="Europe/Berlin")
    import_file(ctx, path("CDNOW_sample.txt"), format_name="auto", source=None)
    found = fit(ctx, Terms(), as_of=ctx.calendar.parse("1997-09-30"))
    assert found.whole is not None
    assert (found.customers, found.repeaters) == (2357, 946)
    model, amounts = found.whole.buying, found.whole.spending
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx(
        (0.52484, 6.18299, 0.89136, 1.614), rel=1e-3
    )
    assert found.whole.log_likelihood == pytest.approx(-9582.133, abs=0.1)
    assert amounts is not None
    assert (amounts.p, amounts.q, amounts.v) == pytest.approx((6.2488, 3.7446, 15.4477), rel=1e-3)
    held = found.calibration
    assert held is not None
    assert len(held.actual) == 12
    assert held.expected[-1] == pytest.approx(held.actual[-1], rel=0.1)


def test_nobody_is_certain_to_come_back_least_of_all_who_bought_once(
    ctx: Context, database: Database
) -> None:
    shop(database, 400)
    found = fit(ctx, Terms())
    assert found.whole is not None
    once = [number for number, days in enumerate(crowd(400), 1) if len(days) == 1]
    chances = []
    for number in once[:5]:
        worth = value.of(ctx, f"c{number}")
        assert isinstance(worth, Worth)
        column = worth.values[Score.P_ALIVE]
        chances.append(float(column.numerators[0]) / float(column.denominators))
    assert 0 < min(chances) <= max(chances) < 0.9
    nobody = value.of(ctx, "c0")
    assert isinstance(nobody, Worth)
    assert not any(column.known.any() for column in nobody.values.values())


def test_ranks_part_the_customers_evenly(ctx: Context, database: Database) -> None:
    shop(database, 400)
    fit(ctx, Terms())
    for percent, most in ((25, 300), (50, 200), (90, 40)):
        rulebook.add(ctx, MANAGER, name=f"top_{percent}", condition=f"clv_rank >= {percent}%")
        sweep(ctx)
        assert matched(ctx, f"top_{percent}") == pytest.approx(most, abs=4)


@pytest.mark.parametrize(
    ("customers", "lacks"),
    [
        (40, (Lacking.CUSTOMERS, Lacking.REPEATERS)),
        (100, (Lacking.CUSTOMERS,)),
    ],
)
def test_a_small_shop_is_told_what_is_lacking_and_its_rules_hold_for_nobody(
    ctx: Context, database: Database, customers: int, lacks: tuple[Lacking, ...]
) -> None:
    shop(database, customers)
    found = fit(ctx, Terms())
    assert found.whole is None
    assert [one.what for one in found.lacks] == list(lacks)
    assert found.lacks[0] == Lack(Lacking.CUSTOMERS, customers, 200)
    changed = rulebook.add(ctx, MANAGER, name="leaving", condition="p_alive < 99% or clv > 0")
    assert changed is not None
    assert [(one.code, one.params["have"]) for one in changed.warnings] == [(Code.NO_FIT, customers)] * 2
    sweep(ctx)
    assert matched(ctx, "leaving") == 0
    view = preview(ctx, subject(ctx, "leaving"), Stretch(D - 9 * DAY, D, DAY))
    assert (view.backlog, view.entered) == (0, 0)
    assert {one.code for one in view.warnings} == {Code.NO_FIT}
    assert {one.code for one in rulebook.show(ctx, "leaving").unknown} == {Code.NO_FIT}
    assert value.show(ctx).in_force is None


def test_a_rule_that_hangs_on_values_through_a_definition_says_so_too(
    ctx: Context, database: Database
) -> None:
    shop(database, 40)
    fit(ctx, Terms())
    assert lifecycle.make(ctx, MANAGER, using("retail"), did="use")
    changed = rulebook.add(ctx, MANAGER, name="valuable_at_risk")
    assert changed is not None
    found = changed.warnings[-1]
    assert (found.code, found.params["name"], found.params["have"]) == (Code.NO_FIT, "clv_rank", 40)
    warnings = rulebook.check(ctx, "value_tier in (middle, low) and clv_rank > 0%").warnings
    assert [one.params["name"] for one in warnings] == ["clv_rank"]
    sweep(ctx)
    assert matched(ctx, "valuable_at_risk") == 0


def test_before_anything_was_fitted_rules_say_so(ctx: Context, database: Database) -> None:
    changed = rulebook.add(ctx, MANAGER, name="leaving", condition="p_alive < 40%")
    assert changed is not None
    assert [one.params["what"] for one in changed.warnings] == ["never"]


def test_amounts_in_another_currency_say_nothing_of_worth_in_ours(ctx: Context, database: Database) -> None:
    shop(database, 400, currency="EUR")
    found = fit(ctx, Terms())
    assert found.whole is not None
    assert found.whole.spending is None
    assert found.whole.lacks == (Lack(Lacking.SPENDERS, 0, 50),)
    worth = value.of(ctx, "c1")
    assert isinstance(worth, Worth)
    assert worth.values[Score.P_ALIVE].known.all()
    assert not worth.values[Score.CLV].known.any()
    changed = rulebook.add(ctx, MANAGER, name="dear", condition="clv > 1 and p_alive > 1%")
    assert changed is not None
    assert [one.params["name"] for one in changed.warnings] == ["clv"]


def test_without_purchases_there_is_nothing_to_fit(ctx: Context, database: Database) -> None:
    with pytest.raises(NoPurchasesError) as never:
        fit(ctx, Terms())
    assert never.value.params["first"] is None
    customer(database, 1, known_since=D - 40 * DAY)
    purchases(database, 1, [D - 30 * DAY])
    with pytest.raises(NoPurchasesError) as early:
        fit(ctx, Terms(), as_of=D - 31 * DAY)
    assert early.value.params == {
        "kind": "purchase",
        "as_of": "2024-09-03T00:00:00Z",
        "first": "2024-09-04T00:00:00Z",
    }
    assert value.show(ctx) == value.Shown(None, None)


def test_bg_nbd_is_shown_and_never_in_force(ctx: Context, database: Database) -> None:
    shop(database, 400)
    found = fit(ctx, Terms(model=Model.BG_NBD))
    assert found.whole is not None
    assert found.whole.buying.model is Model.BG_NBD
    assert value.show(ctx) == value.Shown(None, None)


def test_segments_with_enough_customers_are_fitted_on_their_own(ctx: Context, database: Database) -> None:
    shop(database, 700)
    with database.writing() as tx:
        tx.execute(text("UPDATE customer SET segment = 'VIP' WHERE id > 100 AND id <= 400"))
        tx.execute(text("UPDATE customer SET segment = 'vip' WHERE id > 400 AND id <= 500"))
        tx.execute(text("UPDATE customer SET segment = 'few' WHERE id > 500 AND id <= 550"))
    found = fit(ctx, Terms())
    assert list(found.segments) == ["vip"]
    assert found.segments["vip"].customers == 400
    assert found.whole is not None
    assert found.whole.customers == 700
    with database.reading() as tx:
        assert fits.in_force(tx, D) == found


def test_pruned_events_are_said_to_be_lacking(ctx: Context, database: Database) -> None:
    shop(database, 400)
    retention.prune(ctx, before=D - 300 * DAY, actor="U1")
    found = fit(ctx, Terms())
    assert found.whole is None
    assert found.lacks == (Lack(Lacking.PRUNED),)


def test_the_night_s_fit_is_made_once_a_business_day_on_the_terms_of_the_last(
    ctx: Context, database: Database, clock: StillClock
) -> None:
    assert fit_if_due(ctx) is None
    shop(database, 300)
    first = fit_if_due(ctx)
    assert first is not None
    assert first.terms == Terms()
    assert fit_if_due(ctx) is None
    fit(ctx, Terms(discount=0.2))
    # D is a midnight: until two o'clock it is still the day before.
    made = []
    for at in (D + HOUR, D + 2 * HOUR, D + 25 * HOUR, D + 26 * HOUR):
        clock.at = at
        made.append(fit_if_due(ctx))
    assert [one is not None for one in made] == [False, True, False, True]
    assert made[1] is not None
    assert made[1].terms.discount == 0.2


def test_under_another_fit_rules_on_values_are_evaluated_anew_and_others_are_not(
    ctx: Context, database: Database, clock: StillClock
) -> None:
    shop(database, 300)
    rule(database, "leaving", "p_alive < 60%", backlog="ignore")
    rule(database, "silent", "silent(purchase, 90d)", backlog="ignore")
    sweep(ctx)
    assert matched(ctx, "leaving") == 0
    clock.at += HOUR
    assert sweep(ctx).candidates == 0
    fit(ctx, Terms())
    swept = sweep(ctx)
    assert swept.candidates == 301
    assert {one.rule: one.entered > 0 for one in swept.rules} == {"leaving": True, "silent": False}
    clock.at += HOUR
    assert sweep(ctx).candidates == 0
    with database.reading() as tx:
        bases = {one.name: one.basis for one in rules.listing(tx)}
    assert bases == {"leaving": "1 UTC USD fit 1", "silent": "1 UTC USD"}
    with database.writing() as tx:
        fits.add(tx, a_fit(clock.at, ctx.calendar), now=clock.at)
    audited = sweep_and_audit(ctx)
    assert audited.differences == ()


def test_values_change_with_the_customer_s_own_purchases_alone(
    ctx: Context, database: Database, clock: StillClock
) -> None:
    shop(database, 300)
    fit(ctx, Terms())
    before = json.dumps(_all(ctx))
    clock.at += 40 * DAY
    assert json.dumps(_all(ctx)) == before
    purchases(database, 7, [clock.at - DAY])
    changed = [
        number
        for number, (one, other) in enumerate(zip(json.loads(before), _all(ctx), strict=True))
        if one != other
    ]
    assert changed == [7]


def _all(ctx: Context) -> list[Any]:
    with ctx.database.reading() as tx:
        _, columns = answer(
            tx,
            [Fitted(name) for name in Score],
            now=ctx.now(),
            calendar=ctx.calendar,
            currency=ctx.currency,
            customers=None,
        )
    return [
        list(row)
        for row in zip(
            *(column.numerators.tolist() for column in columns.values() if isinstance(column, Numbers)),
            strict=True,
        )
    ]
