"""Ninety days of the demo's company, once undisturbed and once with a bot that dies again and again: the same is said.

``python -m tests.acceptance.ninety_days`` plays both on SQLite, with a sweep every two hours and a death in one tick of
three, and prints what differs; ``--days``, ``--people``, ``--every`` and ``--deaths`` say otherwise, ``--database
postgresql`` uses the tests' server, ``--runs 5`` draws five schedules of deaths. A short version runs with the tests.
"""

import argparse
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import structlog
from rich.console import Console

from handlers.demo.company import PEOPLE, Company
from handlers.demo.furnish import HISTORY_DAYS
from handlers.demo.simulated import Simulated
from handlers.import_file import import_file
from playground.people import AIKO, TOM
from rules.alerts.typed import options_of
from rules.book.written import read_book
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, MINUTE
from storage import alerts, customers, schema
from storage.database import Database
from tests import postgres
from tests.acceptance.company import differences, outcome
from tests.acceptance.story import Story
from tests.contexts import START
from tests.databases import Databases

BEGINS: Final = START - START % DAY + 7 * HOUR
_OWNERS: Final = ("tom.becker@northwind.example", "aiko.tanaka@northwind.example")
Deaths = Mapping[int, Sequence[int]]


def play(
    url: str, folder: Path, *, days: int, people: int, every: int, deaths: Deaths | None = None
) -> dict[str, Any]:
    """Play the company's next days on an empty database; ``every`` milliseconds a sweep. Gives what came of it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Story(url, begins=BEGINS - HISTORY_DAYS * DAY, every=every, deaths=deaths) as story:
        company = Simulated(story.calendar, BEGINS, _OWNERS, Company(_OWNERS, people=people))
        draw = Random(days)
        _come_in(story, company, folder)
        for rule in read_book(company.rules.read_text(encoding="utf-8")):
            story.rule(rule.name, rule.body.condition, **_said(options_of(rule.body)))
        story.passes(HISTORY_DAYS * DAY)
        begun = story.clock.at
        for number in range(days * DAY // every):
            _come_in(story, company, folder)
            # In the middle between two ticks: however long messages took, people press at the same instants.
            story.until(begun + number * every + every // 2)
            _somebody_presses(story, draw)
        story.sound()
        return outcome(story)


def _said(options: Any) -> dict[str, str]:
    return {name: value for name in options.__slots__ if (value := getattr(options, name)) is not None}


def _come_in(story: Story, company: Simulated, folder: Path) -> None:
    for path in company.write(folder, story.clock.at):
        import_file(story.life.ctx, path)
        path.unlink()


def _somebody_presses(story: Story, draw: Random) -> None:
    """Have somebody press a button of an alert that is open, whichever way the bot's life went."""
    with story.life.ctx.database.reading() as tx:
        found = alerts.unresolved(tx, limit=400)
        names = sorted(
            one.name or "" for one in customers.by_ids(tx, {one.customer_id for one in found}).values()
        )
    for _ in range(2 if names else 0):
        name = draw.choice(names)
        button = draw.choice(("claim", "snooze:hour", "snooze:week", "resolve:recovered", "resolve:lost"))
        by = draw.choice((TOM, AIKO))
        if story.can_press(button, name):
            try:
                story.press(button, name, by=by)
            except WarmlineError:
                continue
    story.passes(MINUTE)


def schedule(draw: Random, *, ticks: int, share: float) -> dict[int, list[int]]:
    """Draw deaths in a ``share`` of the ticks: early in a tick or right after a call, some again and again."""
    return {
        tick: [
            int(draw.expovariate(1 / 12)) if draw.random() < 0.6 else -draw.randint(1, 3)
            for _ in range(draw.choice((1, 1, 1, 2, 5)))
        ]
        for tick in range(ticks)
        if draw.random() < share
    }


@contextmanager
def _empty(engine: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database."""
    if engine == "postgresql":
        with postgres.server() as server:
            databases = Databases(server)
            try:
                with databases.lent() as url:
                    yield url
            finally:
                databases.close()
        return
    path = folder / "warmline.db"
    for suffix in ("", "-wal", "-shm", ".lock"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    yield f"sqlite:///{path}"


def main() -> int:
    """Play, compare, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.ninety_days", description=__doc__)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--every", type=int, default=120, help="minutes from sweep to sweep")
    parser.add_argument("--deaths", type=float, default=0.33, help="the share of ticks in which the bot dies")
    parser.add_argument("--runs", type=int, default=1, help="so many schedules of deaths")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    console, every = Console(), given.every * MINUTE
    ticks = (given.days + HISTORY_DAYS) * DAY // every
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder, shape = Path(name), {"days": given.days, "people": given.people, "every": every}
        with _empty(given.database, folder) as url:
            expected = play(url, folder / "files", **shape)
        console.print(
            f"undisturbed: {len(expected['said'])} messages, {len(expected['alerts'])} steps of alerts"
        )
        for seed in range(given.seed, given.seed + given.runs):
            deaths = schedule(Random(seed), ticks=ticks, share=given.deaths)
            with _empty(given.database, folder) as url:
                came = play(url, folder / "files", deaths=deaths, **shape)
            found = differences(expected, came)
            failed = failed or bool(found)
            n = sum(len(ways) for ways in deaths.values())
            console.print(
                f"seed {seed}, {n} deaths in {len(deaths)} of {ticks} ticks: {len(found)} differences"
            )
            for line in found[:20]:
                console.print(f"  {line}", markup=False)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
