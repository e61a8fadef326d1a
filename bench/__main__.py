"""``make bench``: every row of the table of speeds, measured on both databases. ``ARGS="--full"`` makes it large."""

import argparse
import logging
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import report
from bench.machine import machine
from bench.measure import Measure, timed
from bench.rows import ROWS
from bench.sizes import FULL, HUGE, QUICK, Sizes
from bench.workbench import Say, Workbench
from tests import postgres

_HELP: Final = {
    "customers": "customers of the company",
    "events": "events stored before anything is measured",
    "intake": "events taken in on top",
    "names": "customers among whom names are searched",
    "heavy_customers": "heavy accounts",
    "heavy_rate": "events of a heavy account in a day",
    "heavy_days": "days of a heavy account's history",
    "looped": "customers over whom the rule engine is looped",
    "asked": "customers whose cards are asked for",
    "repeats": "how often what is short is measured",
    "commands": "slash commands at once",
    "seed": "another seed makes another company",
}

_WIDE: Final = 180
"""Columns of a table that is not shown on a terminal."""


class Bars(Say):
    """Shows on stderr what is being done."""

    def __init__(self, progress: Progress, engine: str) -> None:
        self._progress = progress
        self._engine = engine

    def __call__(self, what: str, total: int) -> Callable[[int], None]:
        """Begin a bar; it goes when it is full."""
        task = self._progress.add_task(f"{self._engine}: {what}", total=total)

        def advance(done: int) -> None:
            self._progress.advance(task, done)

        return advance


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    for name, sizes, said in (
        ("--quick", QUICK, "a few minutes; the default"),
        ("--full", FULL, "200,000 customers, 10 million events"),
        ("--huge", HUGE, "500,000 customers, 50 million events"),
    ):
        size.add_argument(name, dest="sizes", action="store_const", const=sizes, help=said)
    for field in fields(Sizes):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", type=int, metavar="N", help=_HELP[field.name]
        )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--only", nargs="+", choices=list(ROWS), metavar="ROW", help=", ".join(ROWS))
    parser.add_argument(
        "--keep", type=Path, metavar="PATH", help="keep the loaded SQLite database, and use it again"
    )
    written = parser.add_mutually_exclusive_group()
    written.add_argument("--json", action="store_true", help="print JSON instead of a table")
    written.add_argument("--markdown", action="store_true", help="print Markdown instead of a table")
    return parser


def _sizes(given: argparse.Namespace) -> Sizes:
    said = {field.name: getattr(given, field.name) for field in fields(Sizes)}
    return replace(given.sizes or QUICK, **{name: n for name, n in said.items() if n is not None})


@contextmanager
def _bench(
    engine: str, given: argparse.Namespace, server: str | None, progress: Progress
) -> Iterator[Workbench]:
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        bench = Workbench(
            _sizes(given),
            Path(folder),
            server=server if engine == "postgresql" else None,
            kept=given.keep,
            say=Bars(progress, engine),
        )
        try:
            yield bench
        finally:
            bench.close()


def _console() -> Console:
    """Give where the table goes; into a file or a pipe it is as wide as it wants to be."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    given = _parser().parse_args(argv)
    engines = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    found: list[tuple[str, Measure]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        postgres.server() if "postgresql" in engines else nullcontext(None) as server,
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        on = machine(server)
        try:
            for engine in engines:
                with _bench(engine, given, server, progress) as bench:
                    for row in given.only or ROWS:
                        measured, took = timed(partial(ROWS[row], bench))
                        found += [(engine, one) for one in measured]
                        progress.console.print(f"{engine}: {row} took {took:,.0f} s")
        finally:
            # A long run that is ended early has measured something, too.
            progress.stop()
            _print(found, given, machine=on)
    return 0


def _print(found: report.Found, given: argparse.Namespace, *, machine: str) -> None:
    sizes = _sizes(given)
    title = f"{sizes.customers:,} customers, {sizes.events:,} events stored, {sizes.intake:,} taken in"
    if given.json:
        print(report.as_json(found, sizes=asdict(sizes), machine=machine), flush=True)
    elif given.markdown:
        print(report.as_markdown(found, title=title, machine=machine), flush=True)
    else:
        report.as_table(found, title=title, machine=machine, console=_console())


if __name__ == "__main__":
    # What the bot says of itself is not asked for here, and would stand between the bars.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    # Whoever ends it with a signal gets what was measured, and neither server nor folder is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
