"""``make bench``: measure on both databases and print a table. ``ARGS="--customers 200000"`` makes it larger."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import company, measures
from bench.measures import Measure
from handlers.context import Context
from rules.instants import Calendar
from storage import schema
from storage.database import Database
from templates.words import Words
from tests import postgres


@contextmanager
def _databases(wanted: str) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{Path(folder) / 'bench.db'}"] if wanted != "postgresql" else []
        if wanted == "sqlite":
            yield urls
            return
        with postgres.server() as url:
            yield [*urls, url]


def _measured(url: str, *, customers: int, per_customer: int, events: int) -> list[Measure]:
    database = Database(url)
    schema.prepare(database)
    ctx = Context(
        database=database,
        now=lambda: company.END,
        elapsed=lambda: company.END,
        calendar=Calendar.of("UTC"),
        currency="USD",
        words=Words(),
    )
    company.furnish(database, customers, per_customer, seed=1)
    found = [*measures.evaluation(ctx), measures.status(ctx, customers)]
    # Last: it adds to the tables that the others measure.
    found.append(measures.intake(ctx, events))
    database.close()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--per-customer", type=int, default=25, help="events stored of each")
    parser.add_argument("--events", type=int, default=50_000, help="taken in on top")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    stored = given.customers * given.per_customer
    table = Table(title=f"{given.customers:,} customers, {stored:,} events stored, {given.events:,} taken in")
    for column in ("database", "what", "Warmline", "the other side", "ratio", "goal"):
        table.add_column(column, justify="left" if column in ("database", "what") else "right")
    with (
        _databases(given.database) as urls,
        Progress(console=Console(file=sys.stderr), transient=True) as progress,
    ):
        task = progress.add_task("measuring", total=len(urls))
        for url in urls:
            engine = url.split(":", 1)[0]
            sizes = {"customers": given.customers, "per_customer": given.per_customer, "events": given.events}
            for one in _measured(url, **sizes):
                table.add_row(engine, one.what, one.ours, one.other, one.ratio, one.goal)
            progress.advance(task)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
