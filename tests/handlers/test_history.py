"""The history asked: the same counts as going through the days and events one by one."""

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from handlers import history
from handlers.history import NoFlowError, NotJudgedError, TooManyForChatError
from handlers.judging import judge
from handlers.lifecycle_plans import NoLifecycleError
from handlers.shown import voice
from rules.conditions.days import date_ordinal
from rules.conditions.terms import Family
from rules.instants import DAY
from rules.lifecycle.months import BadMonthsError, Month, months_up_to
from rules.lifecycle.presets import presets
from rules.lifecycle.processes import shipped
from rules.lifecycle.stretches import NOT_JUDGED, date_of
from storage.database import Database
from storage.incoming import CustomerIn, EventIn
from templates import history_pages
from templates.history_views import ActivityMonth, GroupView, MovesView
from tests.conftest import clear
from tests.handlers.test_judging import BEGIN, BERLIN, PEOPLE, Shop, _shop

MONTHS = 5


def lived(database: Database, chance: random.Random) -> Shop:
    """A shop of half a year: four customers, two of them known for longer than the first events."""
    shop = _shop(database)
    shop.hears(*(CustomerIn(name, {}, BEGIN - chance.randint(60, 200) * DAY, {}) for name in PEOPLE[:2]))
    shop.defines(presets()["retail"].lifecycle)
    events = [
        EventIn(
            "test",
            chance.choice(PEOPLE),
            chance.choice(("purchase", "purchase", "contact", "login")),
            BEGIN - chance.randint(0, 180) * DAY,
            amount,
            None if amount is None else chance.choice(("USD", "USD", "EUR")),
            external_id=str(number),
        )
        for number in range(25)
        for amount in [chance.choice((None, 1_050, 999, -200))]
    ]
    shop.takes(*events)
    shop.clock.at += chance.randint(0, 30) * DAY
    judge(shop.ctx)
    return shop


SPENT = shipped().spent(presets()["retail"].lifecycle.kinds)


def through(shop: Shop) -> int:
    return date_ordinal(BERLIN.date_of(shop.clock.at)) - 1


def ends(shop: Shop, month: Month) -> int:
    return BERLIN.midnight(Month(month.number + 1).first) - 1


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_everything_is_as_counted_one_by_one(database: Database, seed: int) -> None:
    clear(database)
    shop = lived(database, random.Random(seed))
    months = months_up_to(Month.of_day(through(shop)), MONTHS)
    _look_at_flow(shop, months)
    _look_at_cohorts(shop, months)
    _look_at_activity(shop)


def _look_at_flow(shop: Shop, months: list[Month]) -> None:
    for family in history.FLOWING:
        view = history.flow(shop.ctx, family, MONTHS)
        assert view.until == date_of(through(shop))
        whole: Counter[tuple[str | None, str | None]] = Counter()
        for month, shown in zip(months, view.months, strict=True):
            times: Counter[tuple[str | None, str | None]] = Counter()
            for person in shop.people.values():
                for day in range(month.first_day, min(month.last_day, through(shop)) + 1):
                    before, after = (shop.label(person, family, one)[1] for one in (day - 1, day))
                    times[before, after] += before != after
            times = +times
            assert {(one.before, one.after): one.times for one in shown.moves} == times
            assert list(shown.moves) == sorted(shown.moves, key=lambda one: -one.times)
            whole += times
        assert {(one.before, one.after): one.times for one in view.moves} == whole


def _look_at_cohorts(shop: Shop, months: list[Month]) -> None:
    view = history.cohorts(shop.ctx, MONTHS)
    assert (view.kinds, len(view.cohorts)) == (("purchase",), MONTHS)
    over = [month for month in months if month.last_day <= through(shop)]
    for place, (month, cohort) in enumerate(zip(months, view.cohorts, strict=True)):
        firsts = {
            name: min([one.at for one in person.events if one.kind == "purchase"], default=None)
            for name, person in shop.people.items()
        }
        ours = [
            shop.people[name]
            for name, at in firsts.items()
            if at is not None and Month.of(BERLIN.date_of(at)) == month
        ]
        active = [
            None if ours and not any(labels) else labels.count("active")
            for later in over[place:]
            for labels in [[shop.label(one, Family.ACTIVE, later.last_day)[1] for one in ours]]
        ]
        assert (cohort.first, cohort.customers, list(cohort.active)) == (month.first, len(ours), active)


def _look_at_activity(shop: Shop) -> None:
    view = history.activity(shop.ctx, MONTHS)
    last = Month(Month.of_day(through(shop) + 1).number - 1)
    expected = []
    for month in months_up_to(last, MONTHS):
        groups = {"active": [0] * 5, "inactive": [0] * 5}
        for person in shop.people.values():
            label = shop.label(person, Family.ACTIVE, month.last_day)[1]
            if label is None:
                continue
            begin, end = ends(shop, Month(month.number - 1)), ends(shop, month)
            lately = [one for one in person.events if begin < one.at <= end]
            spent = [
                # What stands beside a login was not spent.
                sum(one.amount or 0 for one in some if one.currency == "USD" and one.kind in SPENT)
                for some in (lately, [one for one in person.events if one.at <= end])
            ]
            contacts = sum(one.kind == "contact" for one in lately)
            figures = [1, len(lately), *spent, contacts]
            groups[label] = [a + b for a, b in zip(groups[label], figures, strict=True)]
        expected.append(
            ActivityMonth(month.first, GroupView(*groups["active"]), GroupView(*groups["inactive"]))
        )
    assert list(view.months) == expected
    assert not view.clipped


def test_blocks_do_not_matter(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = lived(database, random.Random(7))
    asked = (lambda: history.cohorts(shop.ctx), lambda: history.activity(shop.ctx))
    whole = [ask() for ask in asked]
    monkeypatch.setattr(history, "MOST_CUSTOMERS", 1)
    assert [ask() for ask in asked] == whole


def test_that_somebody_was_there_from_the_first_is_no_move(database: Database) -> None:
    shop = _shop(database)
    shop.defines(presets()["retail"].lifecycle)
    shop.hears(
        CustomerIn("old", {}, BEGIN - 2_000 * DAY, {}),
        CustomerIn("new", {}, BEGIN - DAY, {}),
    )
    judge(shop.ctx)
    view = history.flow(shop.ctx, Family.STAGE, 24)
    assert view.moves == (MovesView(None, "reach", 1),)
    assert {row[0]: row[5] for row in shop.rows() if row[1] == "stage"} == {"old": NOT_JUDGED, "new": None}


def test_what_cannot_be_told_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = _shop(database)
    with pytest.raises(NoLifecycleError):
        history.flow(shop.ctx, Family.STAGE)
    shop.defines(presets()["retail"].lifecycle)
    with pytest.raises(NotJudgedError):
        history.cohorts(shop.ctx)
    judge(shop.ctx)
    for months in (0, 25):
        with pytest.raises(BadMonthsError):
            history.activity(shop.ctx, months)
    shop.hears(*(CustomerIn(name, {}, None, {}) for name in PEOPLE))
    with pytest.raises(TooManyForChatError) as refused:
        history.activity(shop.ctx, most=3)
    assert refused.value.params == {"customers": 4, "command": "lifecycle activity"}
    assert history.flowing("") is history.flowing("Stages") is Family.STAGE
    assert history.flowing("statuses") is Family.STATUS
    with pytest.raises(NoFlowError) as unknown:
        history.flowing("stge")
    assert unknown.value.params["nearest"] == "stage"


def test_what_nobody_judged_is_not_told_as_inactive(database: Database) -> None:
    shop = lived(database, random.Random(3))
    with database.writing() as tx:
        tx.execute(text("DELETE FROM stretch"))
    view = history.cohorts(shop.ctx, MONTHS)
    told = {n for one in view.cohorts if one.customers for n in one.active}
    assert told == {None}
    page = history_pages.cohorts(view, voice(shop.ctx))
    assert "%" not in str(page.blocks).replace("percent", "")
