"""Play random histories on a database, and compare every sweep with the oracle and with a twin that is swept in full.

``python -m tests.faults.histories --histories 10000 --database sqlite`` prints how many histories, sweeps, flips and
differences there were. A history that shows a difference is made small and printed; written to a file, it is played
again, step by step, with ``--replay FILE``.
"""

import argparse
import multiprocessing
import queue
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, track
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from rules.errors import WarmlineError
from storage import schema
from storage.database import Database
from tests import postgres
from tests.exactness.mutants import MUTANTS, Mutant, broken
from tests.exactness.play import DifferenceError, Player
from tests.exactness.shrink import shrunk
from tests.exactness.stand import Stand
from tests.exactness.steps import History
from tests.exactness.tell import history
from tests.exactness.watch import Tally
from tests.faults.stage import quiet

MOST_SHRUNK = 3
"""Of differences of one kind so many are made small, which takes its time; the others are named by their number."""
SAID_EVERY = 50
"""Histories between two lines about how far it is, where there is no terminal to draw a bar on."""
# What a sweep that is wrong may end with, besides a wrong result.
_FAILURES = (WarmlineError, SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Found:
    """A difference in the history of that number."""

    number: int
    kind: str
    says: str


@dataclass(frozen=True)
class Small:
    """The smallest history found, as JSON, that shows the same kind of difference as the one of that number."""

    number: int
    says: str
    history: str


Seen = Tally | Found | Small


def play(player: Player, seed: int, numbers: Iterable[int], *, tries: int = 300) -> Iterator[Seen]:
    """Play the histories of these numbers; gives for each what was seen or differs, and then some of these made small."""
    found: dict[str, list[int]] = {}
    for number in numbers:
        wrong, seen = verdict(player, history(seed, number))
        if wrong is None:
            yield seen
        else:
            found.setdefault(wrong.kind, []).append(number)
            yield Found(number, wrong.kind, wrong.says)
    for kind, differing in found.items():
        for number in differing[:MOST_SHRUNK]:
            small = shrunk(history(seed, number), partial(_shows, player, kind), tries=tries)
            wrong, _ = verdict(player, small)
            yield Small(number, "gone when played again" if wrong is None else wrong.says, small.to_json())


@dataclass(frozen=True)
class Wrong:
    """What is wrong in a history; ``kind`` is the same wherever the same sort of thing is wrong."""

    kind: str
    says: str


def verdict(player: Player, told: History) -> tuple[Wrong | None, Tally]:
    """Play one history; gives what is wrong, if anything, and what was seen."""
    try:
        return None, player.play(told)
    except DifferenceError as error:
        return Wrong(error.kind, str(error)), Tally()
    except _FAILURES as error:
        return Wrong(type(error).__name__, f"{type(error).__name__}: {error}"), Tally()


def _shows(player: Player, kind: str, told: History) -> bool:
    wrong, _ = verdict(player, told)
    return wrong is not None and wrong.kind == kind


def noticed(player: Player, mutant: Mutant, *, seed: int, most: int) -> int | None:
    """Give the number of the first history, of at most ``most``, that shows a sweep broken in this way."""
    with broken(mutant):
        return next((n for n in range(most) if verdict(player, history(seed, n))[0] is not None), None)


@contextmanager
def players(engine: str, count: int) -> Iterator[list[tuple[str, str]]]:
    """Make ``count`` pairs of empty databases: one of ``engine``, and a twin, which is SQLite always.

    They lie in memory where the system has a folder for that: a sweep writes often and waits for the disk each time.
    """
    memory = Path("/dev/shm")
    with ExitStack() as held:
        folder = Path(
            held.enter_context(tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None))
        )
        server = held.enter_context(postgres.server()) if engine == "postgresql" else None
        pairs = []
        for number in range(count):
            twin = f"sqlite:///{folder / f'twin{number}.db'}"
            url = f"sqlite:///{folder / f'played{number}.db'}" if server is None else _create(server)
            for one in (url, twin):
                database = Database(one)
                schema.prepare(database)
                database.close()
            pairs.append((url, twin))
        yield pairs


def _create(server: str) -> str:
    name = f"histories_{uuid.uuid4().hex}"
    with psycopg.connect(server.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{server.rsplit('/', 1)[0]}/{name}"


@contextmanager
def player(urls: tuple[str, str]) -> Iterator[Player]:
    stands = [Stand(url) for url in urls]
    try:
        yield Player(*stands)
    finally:
        for stand in stands:
            stand.close()


def _work(urls: tuple[str, str], seed: int, numbers: Sequence[int], out: Any) -> None:
    """Play in a process of its own, until it is stopped."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet()
    with player(urls) as one:
        for seen in play(one, seed, numbers):
            out.put(seen)
    out.put(None)


def _all(pairs: Sequence[tuple[str, str]], seed: int, numbers: range) -> Iterator[Seen]:
    fork = multiprocessing.get_context("fork")
    out = fork.Queue()
    workers = [
        fork.Process(target=_work, args=(urls, seed, numbers[place :: len(pairs)], out), daemon=True)
        for place, urls in enumerate(pairs)
    ]
    for worker in workers:
        worker.start()
    try:
        working = len(workers)
        while working:
            try:
                seen = out.get(timeout=5)
            except queue.Empty:
                if not any(worker.is_alive() for worker in workers):
                    raise RuntimeError("a process that played histories died") from None
                continue
            if seen is None:
                working -= 1
            else:
                yield seen
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def run(
    engine: str, *, numbers: range, seed: int, processes: int, progress: Progress
) -> tuple[Tally, list[Found], list[Small]]:
    """Play histories on databases of ``engine``; differences are said on the console of ``progress`` as they are found."""
    total, found, small = Tally(), list[Found](), list[Small]()
    task = progress.add_task(engine, total=len(numbers), seen="")
    with players(engine, processes) as pairs, suppress(KeyboardInterrupt):
        for seen in _all(pairs, seed, numbers):
            match seen:
                case Tally():
                    total.add(seen)
                case Found(number, kind, says):
                    found.append(seen)
                    progress.console.print(f"{number}: {kind}: {says}", markup=False, highlight=False)
                case Small():
                    small.append(seen)
                    continue
            said = f"{total.sweeps:,} sweeps, {total.flips:,} flips, {len(found)} differences"
            progress.update(task, advance=1, seen=said)
            if not progress.console.is_terminal and (total.histories + len(found)) % SAID_EVERY == 0:
                progress.console.print(f"{engine}: {total.histories + len(found):,} histories, {said}")
    return total, found, small


def replay(console: Console, path: Path, engine: str) -> bool:
    """Play a history that was written down; says what it shows."""
    told = History.from_json(path.read_text(encoding="utf-8"))
    with players(engine, 1) as pairs, player(pairs[0]) as one:
        wrong, seen = verdict(one, told)
    console.print(
        wrong.says if wrong else f"no difference in {seen.sweeps} sweeps", markup=False, highlight=False
    )
    return wrong is None


def check_the_check(console: Console, engine: str, *, seed: int, most: int) -> bool:
    """Break the sweep in every way known, and say with which history that was noticed; whether all were."""
    table = Table("broken so that", "noticed by history", title=f"{engine}, seed {seed}")
    found = {}
    with players(engine, 1) as pairs, player(pairs[0]) as one:
        for mutant in track(MUTANTS, "breaking", console=Console(file=sys.stderr)):
            name = mutant.__name__.replace("_", " ")
            found[name] = noticed(one, mutant, seed=seed, most=most)
            table.add_row(name, "NOT NOTICED" if found[name] is None else f"{found[name]:,}")
    console.print(table)
    return None not in found.values()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.histories", description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000, help="on each database")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--first", type=int, default=0, help="the number of the first history of that seed")
    parser.add_argument("--processes", type=int, default=1, help="each with databases of its own")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play this history again instead")
    parser.add_argument("--mutants", action="store_true", help="see that a broken sweep is noticed instead")
    given = parser.parse_args()
    quiet()
    # Whoever stops it, in whatever way, gets what was seen by then.
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, signal.default_int_handler)
    engines = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    console = Console()
    if given.replay is not None:
        played = [replay(console, given.replay, engine) for engine in engines]
        return 0 if all(played) else 1
    if given.mutants:
        seen = [check_the_check(console, one, seed=given.seed, most=given.histories) for one in engines]
        return 0 if all(seen) else 1
    table = Table(title=f"{given.histories:,} histories on each database, seed {given.seed}")
    columns = (
        "database",
        "histories",
        "sweeps",
        "in part",
        "cut",
        "flips",
        "by time",
        "rungs",
        "carried",
        "differences",
        "seconds",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == "database" else "right")
    differing, examples = 0, list[Small]()
    shown = (*Progress.get_default_columns(), MofNCompleteColumn(), TextColumn("{task.fields[seen]}"))
    with Progress(*shown, console=Console(file=sys.stderr)) as progress:
        for engine in engines:
            started = time.monotonic()
            total, found, small = run(
                engine,
                numbers=range(given.first, given.first + given.histories),
                seed=given.seed,
                processes=given.processes,
                progress=progress,
            )
            differing += len(found)
            examples += small
            by_time = total.by_time.total()
            numbers = (
                total.histories + len(found),
                total.sweeps,
                total.in_part,
                total.cut,
                total.flips,
                by_time,
                total.climbed,
                total.carried,
            )
            seconds = f"{time.monotonic() - started:.0f}"
            table.add_row(engine, *(f"{n:,}" for n in numbers), f"{len(found):,}", seconds)
    for one in examples:
        console.print(f"as history {one.number}: {one.says}", markup=False, highlight=False, soft_wrap=True)
        console.print(one.history, markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    return 1 if differing else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
