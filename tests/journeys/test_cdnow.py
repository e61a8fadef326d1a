"""CDNOW's real purchases, swept at several dates, give what a direct computation from the file gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest

from handlers import channels
from handlers.import_file import import_file
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.rule import RuleBody
from storage import alerts, rules
from storage.database import Database
from tests import cdnow
from tests.cdnow import Purchase
from tests.contexts import context

DATES = [
    date(1997, 3, 1),
    date(1997, 3, 2),
    date(1997, 10, 1),
    date(1998, 7, 1),
]

Past = Sequence[Purchase]


def within(past: Past, today: date, days: int, until: int = 0) -> list[Purchase]:
    """Purchases later than ``days`` ago, and no later than ``until`` days ago."""
    return [one for one in past if today - timedelta(days) < one.day <= today - timedelta(until)]


def spent(past: Past) -> Decimal:
    return sum((one.dollars for one in past), Decimal(0))


def fell_by_half(past: Past, today: date) -> bool:
    now, before = spent(within(past, today, 30)), spent(within(past, today, 60, 30))
    return before > 0 and now <= before / 2


def silent(past: Past, today: date, days: int) -> bool:
    return past[0].day <= today - timedelta(days) and not within(past, today, days)


def thrice_in_half_a_year(past: Past, today: date) -> bool:
    month = today.month - 6
    year, month = (today.year - 1, month + 12) if month < 1 else (today.year, month)
    edge = next(date(year, month, day) for day in range(today.day, 0, -1) if _is_date(year, month, day))
    return sum(1 for one in past if one.day > edge) >= 3


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Case:
    condition: str
    holds: Callable[[Past, date], bool]


CASES = {
    "silent_30": Case("silent(purchase, 30d)", lambda past, today: silent(past, today, 30)),
    "silent_8w": Case("silent(purchase, 8w)", lambda past, today: silent(past, today, 56)),
    "often": Case("count(purchase, 90d) >= 3", lambda past, today: len(within(past, today, 90)) >= 3),
    "falling": Case("change(sum(purchase), 30d) <= -50%", fell_by_half),
    "big": Case("sum(purchase) > 250.5", lambda past, _: spent(past) > Decimal("250.5")),
    "basket": Case("avg(purchase) >= 49.99", lambda past, _: spent(past) / len(past) >= Decimal("49.99")),
    "old_and_gone": Case(
        "days_since_first(purchase) >= 100 and not days_since(purchase) < 60",
        lambda past, today: (today - past[0].day).days >= 100 and (today - past[-1].day).days >= 60,
    ),
    "half_year": Case("count(purchase, 6mo) >= 3", thrice_in_half_a_year),
}


def expected(case: Case, today: date) -> set[str]:
    found = set()
    for customer, all_purchases in cdnow.purchases().items():
        past = sorted((one for one in all_purchases if one.day <= today), key=lambda one: one.day)
        if past and case.holds(past, today):
            found.add(customer)
    return found


@pytest.mark.timeout(300)
def test_sweeps_give_what_the_file_gives(database: Database) -> None:
    ctx = context(database)
    import_file(ctx, cdnow.path(), format_name="cdnow")
    with database.writing() as tx:
        for name, case in CASES.items():
            rules.add(tx, name=name, body=RuleBody(condition=case.condition), author="test", now=0, diff="")
    # Whom rules hold for is what is compared here, and not what a channel reads in a day.
    channels.change(ctx, Request(Actor("UMANAGER", manager=True)), ctx.default_channel, "budget", "off")
    held: dict[str, set[str]] = {name: set() for name in CASES}
    unresolved = dict.fromkeys(CASES, 0)
    # PostgreSQL answers what SQLite does, which properties hold it to; here it takes three times as long, so half will do.
    for day in DATES if database.dialect == "sqlite" else DATES[::2]:
        swept = {one.rule: one for one in sweep(ctx, as_of=cdnow.midnight(day)).rules}
        for name, case in CASES.items():
            now = expected(case, day)
            found = swept[name]
            assert (name, day, found.matched) == (name, day, len(now))
            assert (name, day, found.entered) == (name, day, len(now - held[name]))
            assert (name, day, found.left) == (name, day, len(held[name] - now))
            held[name] = now
            unresolved[name] += found.opened - found.resolved
    with database.reading() as tx:
        for name in CASES:
            rule = rules.by_name(tx, name)
            assert rule is not None
            assert alerts.unresolved_count(tx, rule_id=rule.id) == unresolved[name]
