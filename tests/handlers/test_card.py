"""The card, each number of it recomputed from the plain list of events, the slow way, on both databases."""

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from handlers import answer, card_json, retention, shown
from handlers.context import Context
from handlers.standing import LOOK_BACK
from rules.alerts.evidence import Evidence
from rules.conditions.parse import parse
from rules.conditions.terms import Family, Own, Term
from rules.instants import DAY
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.fit import Lack, Lacking
from rules.lifecycle.presets import presets
from storage import definitions, fits
from storage.database import Database
from templates.card import customer_card
from templates.views import CardView, WorthView
from tests.contexts import StillClock, context
from tests.handlers.slack.world import everything
from tests.lifecycles import LifecycleOracle
from tests.rules.conditions.oracle import Happening, Oracle, Person
from tests.rules.lifecycle.fits import numbered
from tests.storage.people import store

NOW = 20_000 * DAY + 11 * DAY // 24
ONCE = {Family.ACTIVE, Family.STATUS, Family.STAGE}
SPENT = {"purchase", "refund", "subscription_started", "contact"}
KINDS = ("purchase", "purchase", "purchase", "contact", "login", "refund", "subscription_started", "review")
AMOUNTS = ((4_250, "USD"), (999, "USD"), (0, "USD"), (-1_200, "USD"), (7_000, "EUR"), (500, "JPY"))


def person(chance: random.Random) -> Person:
    """Make somebody with events of all kinds, in several currencies, some still to come."""
    span, many = chance.choice((20, 200, 900)), chance.choice((0, 3, 12, 40))
    events = []
    for _ in range(many):
        at = NOW - chance.randint(-2 * DAY, span * DAY)
        amount, currency = chance.choice(AMOUNTS) if chance.random() < 0.7 else (None, None)
        events.append(Happening(chance.choice(KINDS), at, amount, currency))
    end = date(2024, 10, 4) + timedelta(days=chance.randint(-40, 40))
    return Person(
        created_at=NOW - chance.randint(0, span) * DAY,
        own={Own.SEGMENT: "vip"} if chance.random() < 0.5 else {},
        attributes={"subscription_end": end.isoformat()} if chance.random() < 0.5 else {},
        events=tuple(events),
    )


class Judge:
    """What the card should say of one person."""

    def __init__(self, ctx: Context, one: Person, lifecycle: Lifecycle, fit: object) -> None:
        self.ctx, self.person, self.lifecycle, self.fit = ctx, one, lifecycle, fit

    def at(self, now: int) -> LifecycleOracle:
        oracle = Oracle(self.person, now, self.ctx.calendar.zone, "USD", 2, (self.fit,))  # type: ignore[arg-type]
        return LifecycleOracle(oracle, self.lifecycle)

    def day(self, instant: int) -> date:
        utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
        return utc.astimezone(self.ctx.calendar.zone).date()

    def labels(self, family: Family, now: int = NOW) -> set[str]:
        oracle = self.at(now)
        if family is Family.ACTIVE:
            return {"active"} if oracle._active() else set()
        if family in (Family.TYPE, Family.SEGMENT):
            return oracle.labels(family)
        return {label} if (label := oracle.label(family)) else set()

    def since(self, family: Family) -> tuple[date, bool]:
        """Walk back from now, day by day, as long as the label is the same and the customer known."""
        known, now = self.person.known_since, self.labels(family)
        assert known is not None
        today = self.day(NOW)
        edge = max(self.day(known), today - timedelta(days=LOOK_BACK))
        day = today
        while day > edge:
            end = self.ctx.calendar.midnight(day) - 1
            if self.labels(family, end) != now:
                break
            day -= timedelta(days=1)
        return day, day == edge and edge > self.day(known)

    def value(self, fact: Evidence) -> bool:
        """Whether a fact is true."""
        subject = parse(
            fact.term if fact.term.startswith(("returned", "never")) else f"{fact.term} = 1"
        ).subject  # type: ignore[union-attr]
        assert isinstance(subject, Term)
        told = self.at(NOW).oracle.value(subject)
        if isinstance(told, bool):
            return fact.value == str(told).casefold()
        if isinstance(told, Fraction):
            return fact.value is not None and Fraction(fact.value) == told
        return fact.value == told


@pytest.mark.parametrize("preset", ["retail", "subscription", "saas"])
def test_every_number_on_the_card_is_what_the_events_say(database: Database, preset: str) -> None:
    chance = random.Random(preset)
    ctx = context(database, now=StillClock(NOW), zone=chance.choice(("Europe/Berlin", "America/Sao_Paulo")))
    lifecycle = presets()[preset].lifecycle
    people = [one for one in (person(chance) for _ in range(8)) if (one.known_since or NOW) <= NOW]
    fit = numbered(1, "purchase", NOW - 3 * DAY, ctx.calendar.zone)
    with database.writing() as tx:
        store(tx, people, range(1, len(people) + 1))
        definitions.save(tx, lifecycle, did="use", author="U1", now=0, diffs={})
        fit = fits.add(tx, fit, now=NOW)
    mixed = 0
    for number, one in enumerate(people, 1):
        view, judge = answer.card(ctx, number), Judge(ctx, one, lifecycle, fit)
        happened = [event for event in one.events if event.at <= NOW]
        of_events(view, judge, happened)
        of_standing(view, judge)
        assert view.worth is not None
        assert all(judge.value(fact) for fact in view.worth.values)
        kinds = [kind for kind in lifecycle.kinds if any(event.kind == kind for event in happened)]
        assert (view.cadence is None) == (not kinds)
        if view.cadence is not None:
            assert view.cadence.kind == kinds[0]
            assert all(map(judge.value, (view.cadence.gap, view.cadence.since, view.cadence.overdue)))
        said = str(customer_card(view, shown.voice(ctx)).blocks)
        assert ("never added" in said) == (view.currencies > 1)
        mixed += view.currencies > 1
        assert card_json.whole(view, "USD")["active"] is bool(judge.labels(Family.ACTIVE))
    assert mixed, "somebody paid in two currencies"


def of_events(view: CardView, judge: Judge, happened: list[Happening]) -> None:
    assert {one.kind for one in view.kinds} == {event.kind for event in happened}
    assert judge.person.known_since == view.known_since
    assert view.tenure_days == (NOW - view.known_since) // DAY
    for one in view.kinds:
        events = [event for event in happened if event.kind == one.kind]
        last = max(event.at for event in events)
        assert (one.count, one.last_at, one.days_since) == (len(events), last, (NOW - last) // DAY)
        assert {money.currency: money.minor for money in one.sums} == _by_currency(events)
        dollars = [event.amount for event in events if event.amount is not None and event.currency == "USD"]
        assert (one.average.minor if one.average else None) == (
            round(Fraction(sum(dollars), len(dollars))) if dollars else None
        )
    spent = [event for event in happened if event.kind in SPENT | set(judge.lifecycle.kinds)]
    assert {money.currency: money.minor for money in view.spent} == _by_currency(spent)
    latest = sorted((event.at for event in happened), reverse=True)[:5]
    assert [one.occurred_at for one in view.events] == latest
    assert len(view.months) == 12
    for month, n in view.months:
        assert n == sum(judge.day(event.at).replace(day=1) == month for event in happened)
    assert view.months[-1][0] == judge.day(NOW).replace(day=1)


def of_standing(view: CardView, judge: Judge) -> None:
    for family in Family:
        assert set(view.held(family)) == judge.labels(family)
    assert [one.label for one in view.labels if one.family == Family.ACTIVE] == ["active"]
    for one in view.labels:
        for ground in one.grounds:
            assert judge.value(ground.fact), ground
            # What is told of a label that is held is so; of one that is not, or of the one before, it is what lacks.
            assert judge.at(NOW).holds(parse(ground.asked)) is (one.held and one.other is None), (one, ground)
        dated = Family(one.family) in ONCE
        assert (one.since is not None) == dated
        if dated:
            assert (one.since, one.at_least) == judge.since(Family(one.family)), one


def _by_currency(events: list[Happening]) -> dict[str, int]:
    found: dict[str, int] = {}
    for event in events:
        if event.amount is not None and event.currency is not None:
            found[event.currency] = found.get(event.currency, 0) + event.amount
    return found


def test_what_is_lacking_is_said_in_a_sentence(database: Database) -> None:
    ctx = context(database, now=StillClock(NOW))
    with database.writing() as tx:
        store(
            tx,
            [Person(created_at=NOW - 9 * DAY, events=(Happening("purchase", NOW - DAY, 100, "EUR"),))],
            [1],
        )
    said = said_of(ctx)
    assert "Value unknown: no models were fitted yet" in said
    assert "Rhythm unknown: there are fewer than four days with a purchase." in said
    assert "*Active*" not in said
    assert card_json.whole(answer.card(ctx, 1), "USD")["value"]["lacks"] == [
        {"what": "never", "have": 0, "need": 0}
    ]
    with database.writing() as tx:
        fits.add(tx, numbered(1, "login", NOW, ctx.calendar.zone), now=NOW)
    assert "Value unknown: there is no login so far." in said_of(ctx)
    with database.writing() as tx:
        fits.add(tx, numbered(2, "purchase", NOW, ctx.calendar.zone), now=NOW)
    assert "they spent nothing in USD" in said_of(ctx)


def test_the_grounds_of_a_label_are_said_in_words(database: Database) -> None:
    ctx = context(database, now=StillClock(NOW))
    bought = [Happening("purchase", NOW - days * DAY, 100, "USD") for days in (12, 30, 45)]
    with database.writing() as tx:
        store(
            tx,
            [Person(created_at=NOW - 900 * DAY, events=tuple(bought)), Person(created_at=NOW - 900 * DAY)],
            [1, 2],
        )
        store(tx, [Person(events=(Happening("purchase", NOW - 200 * DAY, 100, "USD"),))], [3])
        definitions.save(tx, presets()["retail"].lifecycle, did="use", author="U1", now=0, diffs={})
    assert (
        "*Active*  yes, since Aug 20, 2024  ·  Last purchase: 12 days ago, the definition asks for at most 30 days"
        in said_of(ctx)
    )
    # Somebody who has been there for longer than is looked back.
    assert "*Status*  prospect, since at least Oct 5, 2022" in said_of(ctx, 2)
    assert "*Active*  no, since" in said_of(ctx, 3)
    assert "Last purchase: 200 days ago, “at risk” would ask for at most 90 days" in said_of(ctx, 3)


def test_what_was_pruned_takes_nothing_from_the_card_but_what_needs_it(database: Database) -> None:
    ctx = context(database, now=StillClock(NOW))
    bought = [Happening("purchase", NOW - days * DAY, 100, "USD") for days in (5, 25, 300, 390, 500)]
    with database.writing() as tx:
        store(tx, [Person(events=tuple(bought))], [1])
        definitions.save(tx, presets()["retail"].lifecycle, did="use", author="U1", now=0, diffs={})
    before = answer.card(ctx, 1)
    retention.prune(ctx, NOW - 380 * DAY, actor="cli:test")
    after = answer.card(ctx, 1)
    assert (after.kinds, after.spent, after.months) == (before.kinds, before.spent, before.months)
    families = [family for family in Family if family is not Family.VALUE_TIER]
    assert [after.held(family) for family in families] == [before.held(family) for family in families]
    assert after.cadence is None, "gaps lie between days, and those are gone"
    assert after.worth == WorthView(lacks=(Lack(Lacking.PRUNED),))
    [was] = [one for one in before.labels if one.family == Family.STAGE]
    [stage] = [one for one in after.labels if one.family == Family.STAGE]
    assert was.since is not None
    assert stage.since is not None
    assert (was.at_least, stage.at_least) == (False, True)
    # The first day of which the last twelve months, to the midnight at their edge, are all left.
    assert was.since < stage.since == date(2024, 9, 21)


def said_of(ctx: Context, number: int = 1) -> str:
    return everything(customer_card(answer.card(ctx, number), shown.voice(ctx)))
