"""What is measured, and what it is measured against."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from sqlalchemy import text

from bench import company
from handlers import answer
from handlers.context import Context
from handlers.ingest import take_in
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.tree import terms
from rules.instants import DAY
from storage import terms as answers
from storage.database import Database
from storage.incoming import EventIn

CONDITIONS = {
    "silent(purchase, 30d)": (
        "SELECT c.id FROM customer c WHERE c.known_since <= :ago_30 AND NOT EXISTS (SELECT 1 FROM event e "
        "WHERE e.customer_id = c.id AND e.kind = 1 AND e.occurred_at > :ago_30 AND e.occurred_at <= :now)"
    ),
    "count(purchase, 90d) >= 3": (
        "SELECT customer_id FROM event WHERE kind = 1 AND occurred_at > :ago_90 AND occurred_at <= :now "
        "GROUP BY customer_id HAVING count(*) >= 3"
    ),
    "sum(purchase) > 500": (
        "SELECT customer_id FROM event WHERE kind = 1 AND occurred_at <= :now AND currency = 'USD' "
        "GROUP BY customer_id HAVING sum(amount) > 50000"
    ),
    "change(sum(purchase), 90d) <= -50%": (
        "SELECT customer_id FROM event WHERE kind = 1 AND occurred_at > :ago_180 AND occurred_at <= :now "
        "GROUP BY customer_id HAVING sum(CASE WHEN occurred_at <= :ago_90 THEN amount ELSE 0 END) > 0 AND "
        "2 * sum(CASE WHEN occurred_at > :ago_90 THEN amount ELSE 0 END) "
        "<= sum(CASE WHEN occurred_at <= :ago_90 THEN amount ELSE 0 END)"
    ),
}
"""Conditions, and the SQL that somebody who knows the tables would write by hand for each."""

_BATCH = 1_000


@dataclass(frozen=True)
class Measure:
    """One figure beside the other side of it."""

    what: str
    ours: str
    other: str
    ratio: str
    goal: str


def intake(ctx: Context, events: int) -> Measure:
    """Take events in, in batches of 1,000, and against that: bare inserts, or COPY, without any index."""
    given = list(company.events(max(1, events // 20), 20, seed=3))[:events]
    started = time.perf_counter()
    for batch in _batches(given):
        with ctx.database.writing() as tx:
            take_in(tx, batch, now=company.END, by_http=False)
    ours = len(given) / (time.perf_counter() - started)
    started = time.perf_counter()
    _bare(ctx.database, given)
    other = len(given) / (time.perf_counter() - started)
    sqlite = ctx.database.dialect == "sqlite"
    name = "bare inserts" if sqlite else "bare COPY"
    goal = "≥ 10%" if sqlite else "≥ 20%"
    return Measure(
        "intake, events a second", f"{ours:,.0f}", f"{other:,.0f} {name}", f"{ours / other:.0%}", goal
    )


def evaluation(ctx: Context) -> list[Measure]:
    """Evaluate conditions for every customer, and against that: SQL written by hand over the same tables."""
    measured = []
    with ctx.database.reading() as tx:
        for condition, sql in CONDITIONS.items():
            tree = parse(condition)

            def ours(tree: object = tree) -> set[int]:
                wanted = terms(tree)  # type: ignore[arg-type]
                ids, columns = answers.answer(
                    tx, wanted, now=company.END, calendar=ctx.calendar, currency="USD", customers=None
                )
                return set(ids[evaluate(tree, columns)].tolist())  # type: ignore[arg-type]

            def other(sql: str = sql) -> set[int]:
                return set(tx.execute(text(sql), _ago(sql)).scalars())

            if ours() != other():
                raise AssertionError(f"{condition}: the two sides disagree")
            mine, theirs = _median(ours), _median(other)
            measured.append(
                Measure(
                    condition,
                    f"{mine * 1e3:,.0f} ms",
                    f"{theirs * 1e3:,.0f} ms SQL",
                    f"{mine / theirs:.1f}x",
                    "≤ 2x",
                )
            )
    return measured


def status(ctx: Context, customers: int) -> Measure:
    """Ask who a customer is, many times, and against that: one seek of the last event by hand."""
    asked = [f"c{1 + (number * 7919) % customers}" for number in range(200)]
    mine = sorted(_seconds(partial(answer.status, ctx, who)) for who in asked)
    with ctx.database.reading() as tx:
        seek = text("SELECT max(occurred_at) FROM event WHERE customer_id = :who AND kind = 1")
        theirs = sorted(_seconds(partial(tx.execute, seek, {"who": int(who[1:])})) for who in asked)
    p95, seek_p95 = mine[190], theirs[190]
    goal = "< 2 ms" if ctx.database.dialect == "sqlite" else "< 10 ms"
    return Measure(
        "status, p95",
        f"{p95 * 1e3:.1f} ms",
        f"{seek_p95 * 1e3:.2f} ms one seek",
        f"{p95 / seek_p95:.0f}x",
        goal,
    )


def _bare(database: Database, given: Iterable[EventIn]) -> None:
    rows = [(int(e.customer[1:]), 1, e.occurred_at, e.key, e.amount, e.currency) for e in given]
    columns = "(customer_id int, kind int, occurred_at bigint, key bigint, amount bigint, currency text)"
    with database.writing() as tx:
        tx.execute(text(f"CREATE TABLE bare {columns}"))
    raw = database.writing()
    with raw as tx:
        driver = tx.connection.connection.driver_connection
        assert driver is not None
        if database.dialect == "sqlite":
            for batch in _batches(rows):
                driver.executemany("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?)", batch)
        else:
            with driver.cursor() as cursor, cursor.copy("COPY bare FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    with database.writing() as tx:
        tx.execute(text("DROP TABLE bare"))


_Row = TypeVar("_Row")


def _batches(rows: Iterable[_Row]) -> Iterable[list[_Row]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _ago(sql: str) -> dict[str, int]:
    """Give the instants that ``sql`` names: literal windows, which PostgreSQL's planner judges rightly."""
    days = {"now": 0, **{f"ago_{n}": n for n in (30, 90, 180) if f":ago_{n}" in sql}}
    return {name: company.END - n * DAY for name, n in days.items()}


def _median(call: Callable[[], object]) -> float:
    return statistics.median(_seconds(call) for _ in range(3))


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
