"""The demo's database: filled up to today, and every day that passes brings what happened on it."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from handlers import channels, lifecycle, processes, rulebook
from handlers.context import Context
from handlers.demo import furnish
from handlers.demo.cdnow import Cdnow
from handlers.demo.company import Company
from handlers.demo.furnish import OPENS_AT, Data, Demo, ahead_of, clear, people_of
from handlers.demo.simulated import Simulated
from handlers.sweep import sweep
from rules.book.written import read_book
from rules.instants import DAY
from storage import customers, fits
from storage.database import Database
from tests.conftest import DatabaseUrls
from tests.contexts import StillClock, context
from tests.handlers import stored

START = 20_000 * DAY + 15 * DAY // 24


@pytest.fixture
def database(new_database_url: DatabaseUrls) -> Iterator[Database]:
    with closing(Database(new_database_url("sqlite"))) as made:
        yield made


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START)


@pytest.fixture
def ctx(database: Database, clock: StillClock) -> Context:
    return context(database, now=clock)


def small(ctx: Context, folder: Path) -> Demo:
    return Demo(ctx, folder, Simulated(ctx.calendar, ctx.now(), ["tom@x"], Company(["tom@x"], people=120)))


def test_it_is_full_at_once_and_fills_on_day_by_day(ctx: Context, clock: StillClock, tmp_path: Path) -> None:
    demo = small(ctx, tmp_path)
    demo.furnish(manager="UMAYA", console=Console(file=StringIO()))
    full = stored.events(ctx.database)
    assert stored.rows(ctx.database, "SELECT reason FROM quarantine") == []
    assert max(row[2] for row in full) <= START, "nothing that is still to happen is there"
    assert [one.name for one in rulebook.listing(ctx)] == sorted(
        rule.name for rule in read_book(Simulated.rules.read_text(encoding="utf-8"))
    )
    assert [one.kind for one in processes.listing(ctx).unassigned] == ["wishlist_added"]
    for channel, settings in Simulated.channels.items():
        said = channels.show(ctx, channel).settings
        assert str(said.budget) == settings["budget"]
        assert str(said.quiet) == settings["quiet"]
    shown = lifecycle.show(ctx)
    edited = {one.name for one in shown.definitions if one.edited}
    assert (shown.preset, edited) == ("retail", set(Simulated.lifecycle[1]))
    with ctx.database.reading() as tx:
        assert fits.latest(tx) is not None, "the models were fitted, or what lacks is known"
    with ctx.database.reading() as tx:
        before = customers.count(tx)
    for _ in range(3):
        clock.at += 10 * DAY
        demo.catch_up()
        sweep(ctx)
    grown = stored.events(ctx.database)
    assert START < max(row[2] for row in grown) <= clock.at
    assert set(full) < set(grown)
    with ctx.database.reading() as tx:
        assert customers.count(tx) > before, "new customers sign up"
    # All of it, whether it came at once or day by day.
    later = Demo(
        context(ctx.database, now=StillClock(START)),
        tmp_path,
        Simulated(ctx.calendar, START, ["tom@x"], Company(["tom@x"], people=120)),
    )
    later._people.write(tmp_path, clock.at)
    lines = [json.loads(line) for line in (tmp_path / "events-001.jsonl").read_text().splitlines()]
    assert len(lines) == len(grown)


def test_a_renewal_moves_the_end_of_the_subscription(ctx: Context, clock: StillClock, tmp_path: Path) -> None:
    demo = small(ctx, tmp_path)
    demo.furnish(manager="UMAYA", console=Console(file=StringIO()))
    ends = "SELECT c.external_id, a.value FROM attribute a JOIN customer c ON c.id = a.customer_id WHERE a.name = 'subscription_end'"
    before = {row[0]: row[1] for row in stored.rows(ctx.database, ends)}
    clock.at += 31 * DAY
    demo.catch_up()
    after = {row[0]: row[1] for row in stored.rows(ctx.database, ends)}
    moved = {who for who in before if before[who] != after[who]}
    renewed = {
        row[0]
        for row in stored.events(ctx.database)
        if row[1] in ("subscription_renewed", "subscription_started") and row[2] > START
    }
    assert moved
    assert moved <= renewed


@pytest.mark.parametrize("hour", [0, 9, 10, 23])
def test_it_opens_at_its_hour_of_today_whenever_it_is_opened(ctx: Context, hour: int) -> None:
    midnight = ctx.calendar.midnight(ctx.calendar.date_of(START))
    now = midnight + hour * DAY // 24
    assert now + ahead_of(ctx.calendar, now) == midnight + OPENS_AT


def test_each_data_has_its_people(ctx: Context) -> None:
    assert isinstance(people_of(Data.COMPANY, ctx, []), Simulated)
    assert isinstance(people_of(Data.CDNOW, ctx, []), Cdnow)
    assert set(furnish._MADE) == set(Data)


def test_what_an_earlier_demo_left_is_cleared_but_for_its_lock(tmp_path: Path) -> None:
    for name in (
        "warmline.db",
        "warmline.db-wal",
        "warmline.db.lock",
        "events-001.jsonl",
        "customers-001.csv",
    ):
        (tmp_path / name).touch()
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["warmline.db.lock"]


def test_cdnow_ends_today_and_brings_nothing_later(ctx: Context, tmp_path: Path) -> None:
    cdnow = Cdnow(ctx.calendar, ctx.now(), ["tom@x"])
    events_file, customers_file = cdnow.write(tmp_path, START - 5 * DAY)
    last = max(json.loads(line)["occurred_at"] for line in events_file.read_text().splitlines())
    assert last == f"{date(2024, 10, 4)}T00:00:00"
    assert customers_file.read_text().startswith("external id,name")
    assert cdnow.write(tmp_path, START) == []
