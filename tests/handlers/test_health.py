"""The nightly job: what it finds of each customer, what it writes and marks, when it is due, and how a score is explained."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import text

from handlers import answer, card_json, changes, health, health_plans, lifecycle, rulebook, shown
from handlers import lifecycle_plans as plans
from handlers.context import Context
from handlers.health import compute, compute_if_due
from handlers.lifecycle_plans import Change, NoLifecycleError
from handlers.preview import preview, subject
from handlers.rulebook import Request
from handlers.sweep import sweep, sweep_and_audit
from rules.access import Actor, NotAllowedError
from rules.conditions.problems import Code
from rules.instants import DAY, HOUR, Calendar
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.health import DIMENSIONS, Health, Measured, Part, Point, Scale
from rules.lifecycle.presets import presets
from rules.lifecycle.sound import FittedDefinitionError
from rules.preview.steps import Stretch
from storage import definitions, dirty
from storage import health as stored
from storage.database import Database, Transaction
from storage.health import Kept
from templates.card import customer_card
from templates.views import CardView, HealthView
from tests.contexts import StillClock, context
from tests.histories import customer, purchases, rule
from tests.rules.conditions.oracle import Happening, Oracle, Person
from tests.rules.lifecycle.slow_health import slow_health, some_health
from tests.storage.people import store

BOSS = Request(Actor("U1", manager=True))
NOW = 20_000 * DAY + 12 * HOUR


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def ctx(database: Database, clock: StillClock) -> Context:
    return context(database, now=clock)


def simple(weights: tuple[int, int, int, int] = (1, 1, 0, 0)) -> Health:
    """Engagement falls a point a day, revenue grows by ten a purchase; the others are never known."""
    parts = (
        Part("days_since(purchase)", Scale((Point(Fraction(0), 100), Point(Fraction(100), 0)))),
        Part("count(purchase)", Scale((Point(Fraction(0), 0), Point(Fraction(10), 100)))),
        Part("attr.never", Scale((Point(Fraction(0), 0), Point(Fraction(1), 1)))),
        Part("attr.never", Scale((Point(Fraction(0), 0), Point(Fraction(1), 1)))),
    )
    return Health(
        tuple(
            Measured(dimension, weight, (part,))
            for dimension, weight, part in zip(DIMENSIONS, weights, parts, strict=True)
        )
    )


def use(ctx: Context, made: Health | None) -> None:
    def planned(tx: Transaction) -> Change:
        before = definitions.current(tx) or Lifecycle()
        after = replace(before or presets()["retail"].lifecycle, health=made)
        return Change("use", "mine", before, after)

    lifecycle.make(ctx, BOSS, planned, did="use", confirmed=True)


def kept(ctx: Context, number: int) -> Kept | None:
    with ctx.database.reading() as tx:
        return stored.of(tx, number)


def explained(ctx: Context, number: int) -> HealthView | None:
    with ctx.database.reading() as tx:
        return health.of(tx, ctx, number)


def touched(ctx: Context) -> list[int]:
    with ctx.database.writing() as tx:
        found: list[int] = dirty.customers(tx).tolist()
        dirty.forget(tx, dirty.batches(tx))
        return found


def worked_at(ctx: Context) -> dict[int, int]:
    with ctx.database.reading() as tx:
        return {
            row[0]: row[1]
            for row in tx.execute(text("SELECT customer_id, worked_at FROM health ORDER BY customer_id"))
        }


def random_person(chance: random.Random) -> Person:
    events = tuple(
        Happening(
            chance.choice(("purchase", "purchase", "visit", "ticket")),
            NOW - chance.randint(-2, 70) * DAY - chance.choice((0, 1, HOUR)),
            chance.choice((None, 500, 1_234, -100)),
            "USD",
        )
        for _ in range(chance.randint(0, 9))
    )
    seats = {"seats": chance.choice((Fraction(5), Fraction(21, 2), "many"))} if chance.random() < 0.5 else {}
    return Person(NOW - chance.randint(-1, 99) * DAY, {}, seats, events)


@pytest.mark.parametrize("seed", range(4))
def test_the_job_finds_what_slow_arithmetic_finds_of_each_customer(
    ctx: Context, clock: StillClock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(changes, "BLOCK", 3)
    monkeypatch.setattr(health, "WRITTEN_AT_ONCE", 2)
    crowd = {2 * number + 3: random_person(chance) for number in range(11)}
    with ctx.database.writing() as tx:
        store(tx, list(crowd.values()), list(crowd))
    zone = Calendar.of("UTC").zone
    found: dict[int, tuple[int | None, list[int | None]]] = {}
    for night in range(3):
        if night != 1:
            use(ctx, some_health(chance))
        with ctx.database.reading() as tx:
            made = definitions.current(tx).health
        assert made is not None
        touched(ctx)
        before = dict(found)
        run = compute(ctx)
        for number, person in crowd.items():
            if person.known_since is not None and person.known_since <= clock.at:
                slow = slow_health(made, Oracle(person, clock.at, zone, "USD", 2))
                found[number] = (slow.score, [slow.dimensions[one] for one in DIMENSIONS])
        nothing = (None, [None] * 4)
        rows = {number: kept(ctx, number) for number in crowd}
        for number, row in rows.items():
            expected = found.get(number, nothing)
            assert (nothing if row is None else (row.score, list(row.dimensions.values()))) == expected
        # Only what is otherwise is written, and only whose score is another is looked at again.
        others = [one for one in found if found[one] != before.get(one, nothing)]
        assert [one for one, at in worked_at(ctx).items() if at == clock.at] == sorted(others)
        assert touched(ctx) == sorted(one for one in others if found[one][0] != before.get(one, nothing)[0])
        assert run.changed == len(others)
        for number, row in rows.items():
            view = explained(ctx, number)
            assert (view is None) is (row is None or row.score is None)
            assert view is None or (view.exact and view.score == found[number][0])
        clock.at += DAY + HOUR


def test_a_score_is_told_with_its_parts_and_what_changed_it(ctx: Context, clock: StillClock) -> None:
    customer(ctx.database, 1, known_since=NOW - 99 * DAY)
    purchases(ctx.database, 1, [NOW - 10 * DAY, NOW - 20 * DAY])
    use(ctx, simple())
    assert explained(ctx, 1) is None
    compute(ctx)
    view = explained(ctx, 1)
    assert view is not None
    assert (view.score, view.since, view.before, view.exact) == (55, NOW, None, True)
    told = [
        (one.name, one.points, [(part.fact.value, part.points) for part in one.parts])
        for one in view.dimensions
    ]
    assert told == [
        ("engagement", 90, [("10", 90)]),
        ("revenue", 20, [("2", 20)]),
        ("lifetime_value", None, [(None, None)]),
        ("relationship", None, [(None, None)]),
    ]
    clock.at += 30 * DAY
    compute(ctx)
    view = explained(ctx, 1)
    assert view is not None
    assert (view.score, view.since, view.before, view.moved, view.moved_by) == (
        40, NOW + 30 * DAY, 55, "engagement", -30,
    )  # fmt: skip
    # A later run that finds the same explains it as of its own instant.
    clock.at += HOUR
    assert compute(ctx).changed == 0
    view = explained(ctx, 1)
    assert view is not None
    assert (view.as_of, view.since, view.exact) == (clock.at, NOW + 30 * DAY, True)
    # What comes in late does not change what is stored, and it is said that the parts do not add up any more.
    purchases(ctx.database, 1, [NOW - 5 * DAY])
    view = explained(ctx, 1)
    assert view is not None
    assert (view.score, view.exact) == (40, False)
    use(ctx, simple((1, 3, 0, 0)))
    assert health.show(ctx).changing
    clock.at += DAY
    compute(ctx)
    view = explained(ctx, 1)
    assert view is not None
    assert view.exact
    assert not health.show(ctx).changing


def test_a_run_that_was_cut_short_is_explained_by_what_it_went_by(
    ctx: Context, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        customer(ctx.database, number, known_since=NOW - 99 * DAY)
        purchases(ctx.database, number, [NOW - 10 * DAY])
    use(ctx, simple())
    compute(ctx)
    use(ctx, simple((1, 0, 0, 0)))
    monkeypatch.setattr(changes, "BLOCK", 1)
    clock.at += 7 * DAY
    real, written = stored.write, 0

    def cut_short(*args: object, **said: object) -> None:
        nonlocal written
        written += 1
        if written > 1:
            raise KeyboardInterrupt
        real(*args, **said)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(stored, "write", cut_short)
        with pytest.raises(KeyboardInterrupt):
            compute(ctx)
    views = [explained(ctx, number) for number in (1, 2)]
    assert [(view.score, view.as_of, view.exact) for view in views if view is not None] == [
        (83, clock.at, True),
        (50, NOW, True),
    ]
    clock.at += HOUR
    assert compute(ctx).changed == 1
    assert [one.score for one in map(kept, [ctx] * 2, (1, 2)) if one is not None] == [83, 83]


def test_it_is_due_once_a_business_day_from_four_in_the_morning_on(database: Database) -> None:
    clock = StillClock()
    ctx = context(database, zone="America/New_York", now=clock)
    clock.at = ctx.calendar.parse("2025-03-08T12:00")
    assert compute_if_due(ctx) is None
    customer(database, 1, known_since=0)
    use(ctx, None)
    assert compute_if_due(ctx) is None
    use(ctx, simple())
    assert compute_if_due(ctx) is not None
    for at, due in (
        ("2025-03-08T23:00", False),
        ("2025-03-09T03:30", False),
        ("2025-03-09T05:30", True),
        ("2025-03-10T03:59", False),
        ("2025-03-12T04:00", True),
        ("2025-03-12T23:59", False),
    ):
        clock.at = ctx.calendar.parse(at)
        assert (compute_if_due(ctx) is not None) is due, at


def test_rules_go_by_it_and_a_sweep_as_of_an_instant_before_it_does_not_lose_it(
    ctx: Context, clock: StillClock
) -> None:
    customer(ctx.database, 1, known_since=NOW - 99 * DAY)
    purchases(ctx.database, 1, [NOW - 10 * DAY])
    rule(ctx.database, "low", "health < 60")
    use(ctx, simple())
    assert sweep(ctx, as_of=NOW - 2).rules[0].matched == 0
    compute(ctx)
    # As of a moment before the job nothing was known; that it is known now is noticed although nothing comes in.
    assert sweep(ctx, as_of=NOW - 1).rules[0].matched == 0
    assert sweep(ctx, as_of=NOW).rules[0].matched == 1
    assert sweep_and_audit(ctx).differences == ()
    purchases(ctx.database, 1, [NOW - day * DAY for day in range(1, 9)])
    clock.at += DAY
    compute(ctx)
    assert sweep(ctx).rules[0].left == 1
    assert sweep_and_audit(ctx).differences == ()


def test_a_preview_knows_it_from_the_night_on_in_which_it_was_found_and_says_so(
    ctx: Context, clock: StillClock
) -> None:
    customer(ctx.database, 1, known_since=NOW - 99 * DAY)
    purchases(ctx.database, 1, [NOW - 10 * DAY])
    use(ctx, simple())
    compute(ctx)
    clock.at += 3 * DAY
    found = preview(ctx, subject(ctx, "health < 60"), Stretch(NOW - 2 * DAY, NOW + 2 * DAY, DAY))
    assert (found.backlog, found.entered, found.asks_for_health) == (0, 1, True)


def test_changes_are_versions_audited_and_for_managers(ctx: Context) -> None:
    with pytest.raises(NoLifecycleError):
        compute(ctx)
    with pytest.raises(NoLifecycleError):
        health.show(ctx)
    lifecycle.make(ctx, BOSS, plans.using("retail"), did="use")
    added = rulebook.add(ctx, BOSS, name="low", condition="health < 50")
    assert added is not None
    assert [one.code for one in added.warnings] == [Code.NO_HEALTH]
    planned = health_plans.typed("part engagement", "days_since(purchase) 0:100 60:0 weight 5")
    with pytest.raises(FittedDefinitionError):
        lifecycle.make(ctx, BOSS, plans.editing("stage.retain", "health > 50"), did="edit")
    done = lifecycle.make(ctx, BOSS, planned, did="health")
    assert done is not None
    assert done.rules == ()
    assert done.diff == (
        "- health.engagement: days_since(purchase) 0:100 30:70 90:20 180:0 weight 2\n"
        "+ health.engagement: days_since(purchase) 0:100 60:0 weight 5"
    )
    with pytest.raises(NotAllowedError):
        lifecycle.make(ctx, Request(Actor("U2")), health_plans.typed("weight revenue", "0"), did="health")
    with pytest.raises(plans.LifecycleUnchangedError):
        lifecycle.make(ctx, BOSS, health_plans.typed("weight revenue", "25"), did="health")
    with pytest.raises(health_plans.UnknownHealthWordError):
        lifecycle.make(ctx, BOSS, health_plans.typed("wait revenue", "25"), did="health")
    name, versions = lifecycle.history(ctx, "Health")
    assert (name, [(one.version, one.author) for one in versions]) == ("health", [(2, "U1"), (1, "U1")])
    # A preset in its place would lose the edit, and says so; undo brings it back.
    assert health.show(ctx).edited
    with pytest.raises(lifecycle.OverwritesError) as refused:
        lifecycle.make(ctx, BOSS, plans.using("retail"), did="use")
    assert refused.value.params["names"] == ["health"]
    lifecycle.make(ctx, BOSS, plans.using("retail"), did="use", confirmed=True)
    assert not health.show(ctx).edited
    lifecycle.make(ctx, BOSS, plans.undoing, did="undo")
    assert health.show(ctx).edited
    lifecycle.make(ctx, BOSS, health_plans.typed("part engagement", "overdue(Purchase) remove"), did="health")
    assert len(health.show(ctx).health.measured[0].parts) == 1
    use(ctx, None)
    with pytest.raises(health_plans.NoHealthError):
        health.show(ctx)


def test_the_card_tells_it_with_its_parts(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=NOW - 200 * DAY)
    purchases(ctx.database, 1, [NOW - 40 * DAY, NOW - 30 * DAY])
    use(ctx, simple())
    assert card_json.whole(answer.card(ctx, 1), ctx.currency)["health"] is None
    compute(ctx)
    card = answer.card(ctx, 1)
    assert card.health == explained(ctx, 1)
    told = card_json.whole(card, ctx.currency)["health"]
    # 70 points for the 30 days, 20 for the two purchases.
    assert told["score"] == 45
    assert told["dimensions"]["engagement"] == {"points": 70, "weight": 1}
    assert told["dimensions"]["revenue"] == {"points": 20, "weight": 1}
    assert "Health 45" in str(customer_card(card, shown.voice(ctx)).blocks)
    past = answer.status(ctx, "c1", as_of=NOW - DAY)
    assert isinstance(past, CardView)
    assert past.health is None
