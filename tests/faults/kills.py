"""Kill the bot again and again in the midst of sweeps and deliveries, with a Slack that fails in every way.

``python -m tests.faults.kills --kills 100`` does it on SQLite and on PostgreSQL and prints what came of it. Each life of
the bot is a process of its own, ended by SIGKILL at a random instant. Afterwards the messages in the workspace are
counted, and the alerts are compared with those of a run that nobody disturbed.
"""

import argparse
import json
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from slack_sdk import WebClient
from sqlalchemy import text

from handlers import tell
from handlers.context import Context
from handlers.deliver import Deliverer
from handlers.slack.punctual import PunctualClient
from handlers.slack.sender import Sender
from handlers.sweep import sweep
from rules.alerts.retry import DeliveryPolicy
from rules.alerts.rule import Backlog, RuleBody
from rules.instants import DAY, Calendar
from storage import outbox, rules, schema
from storage.database import Database
from templates.words import Words
from tests import postgres

FIRST_DAY = 20_000
CUSTOMERS = 160
DAYS_OF_HISTORY = 400
POLICY = DeliveryPolicy(
    lease=2_500,
    call_timeout=1_000,
    settle=1_500,
    looks=1,
    verifying=2,
    interval=15,
    blocked=500,
    backoff=50,
    max_backoff=500,
)
FAULTS = [
    {"kind": "reset", "when": "after", "probability": 0.06},
    {"kind": "reset", "when": "before", "probability": 0.04},
    {"kind": "status", "status": 500, "when": "before", "probability": 0.05},
    {"kind": "status", "status": 500, "when": "after", "probability": 0.05},
    {"kind": "truncate", "when": "after", "probability": 0.03},
    {"kind": "ratelimited", "retry_after": 0, "probability": 0.06},
    # Longer than the call's patience, shorter than lease and settle time together.
    {"kind": "slow", "when": "before", "seconds": 1.4, "probability": 0.04},
]
RULES = {
    "lapsing": "silent(purchase, 9d)",
    "busy": "count(purchase, 3d) >= 2",
    "spending": "sum(purchase, 14d) > 120 and days_since(purchase) < 4",
}


@dataclass(frozen=True)
class Report:
    engine: str
    kills: int
    sweeps: int
    alerts: int
    messages: int
    lost: int
    doubled: int
    differing: int
    unfinished: int
    struck: dict[str, int]
    doubles_deleted: int
    seconds: float

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.differing or self.unfinished)


class Slack:
    """The workspace in a process of its own: killing the bot leaves it alone."""

    def __init__(self, seed: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "playground", "--post-interval", "0", "--seed", str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it says when a client is killed in mid-call
            text=True,
        )
        assert self._process.stdout is not None
        self.addresses: dict[str, str] = json.loads(self._process.stdout.readline())

    def client(self) -> WebClient:
        return WebClient(
            token=self.addresses["bot_token"],
            base_url=self.addresses["api_url"],
            timeout=POLICY.call_timeout // 1000,
            retry_handlers=[],
        )

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str = "GET") -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.addresses['url']}/control/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.loads(answer.read())
        assert isinstance(found, dict)
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()


def context(url: str) -> Context:
    return Context(
        database=Database(url),
        now=lambda: FIRST_DAY * DAY,
        elapsed=lambda: time.time_ns() // 1_000_000,
        calendar=Calendar.of("UTC"),
        currency="USD",
        words=Words(),
        default_channel="C08CUSTCARE",
    )


def furnish(url: str, seed: int) -> None:
    """Make the tables, the customers and their purchases, and the rules."""
    chance = random.Random(seed)
    database = Database(url)
    schema.prepare(database)
    with database.writing() as tx:
        tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'purchase', 0)"))
        for customer in range(1, CUSTOMERS + 1):
            first = (FIRST_DAY - 60) * DAY
            tx.execute(
                text(
                    "INSERT INTO customer (id, external_id, name, created_at, known_since, search_name, search_email) "
                    "VALUES (:id, :external, :name, :first, :first, '', '')"
                ),
                {"id": customer, "external": f"c{customer}", "name": f"Customer {customer}", "first": first},
            )
            rate = chance.choice([0.02, 0.08, 0.2])
            rows = [
                {"customer": customer, "at": (FIRST_DAY - 60 + day) * DAY + chance.randrange(DAY), "key": day}
                for day in range(DAYS_OF_HISTORY)
                if chance.random() < rate
            ]
            if rows:
                tx.execute(
                    text(
                        "INSERT INTO event (customer_id, kind, occurred_at, key, amount, currency) "
                        "VALUES (:customer, 1, :at, :key, 4200, 'USD')"
                    ),
                    rows,
                )
        for name, condition in RULES.items():
            backlog = Backlog.POST if name == "busy" else Backlog.DIGEST
            body = RuleBody(condition=condition, backlog=backlog, cooldown=2 * DAY)
            rules.add(tx, name=name, body=body, author="test", now=0, diff="")
    database.close()


def sweep_once(ctx: Context) -> int:
    """Sweep the day after the last one; one that was cut short is repeated at its instant first."""
    with ctx.database.reading() as tx:
        last = rules.last_swept(tx)
    if last is not None:
        sweep(ctx, as_of=last)
    day = FIRST_DAY * DAY if last is None else last + DAY
    sweep(ctx, as_of=day)
    return day


def live(url: str, addresses: dict[str, str], name: str, *, sweeps: bool) -> None:
    """One life of the bot: deliver all the time, and sweep a day meanwhile, until killed."""
    quiet()
    ctx = context(url)
    client = PunctualClient(
        token=addresses["bot_token"],
        base_url=addresses["api_url"],
        deadline_s=POLICY.call_timeout / 1000,
    )
    deliverer = Deliverer(ctx, Sender(client), tell.render, owner=name, goes_on=tell.goes_on, policy=POLICY)

    def deliver() -> None:
        while True:
            deliverer.tick()
            time.sleep(0.005)

    threading.Thread(target=deliver, daemon=True).start()
    if sweeps:
        sweep_once(ctx)
    time.sleep(3600)


def run(url: str, *, engine: str, kills: int, seed: int, progress: Progress | None = None) -> Report:
    """Let the bot live and die ``kills`` times on this empty database, then count."""
    started = time.monotonic()
    chance = random.Random(seed)
    furnish(url, seed)
    slack = Slack(seed)
    task = progress.add_task(f"{engine}: kills", total=kills) if progress else None
    fork = multiprocessing.get_context("fork")
    try:
        slack.ask("faults", {"faults": FAULTS, "seed": seed}, "POST")
        for number in range(kills):
            life = fork.Process(
                target=live, args=(url, slack.addresses, f"life {number}"), kwargs={"sweeps": True}
            )
            said = len(slack.ask("calls")["calls"])
            life.start()
            if chance.random() < 0.5:
                # However slow the machine is: half of the lives end while they speak with Slack.
                _until(lambda said=said: len(slack.ask("calls")["calls"]) > said + 2)  # type: ignore[misc]
            time.sleep(chance.uniform(0.02, 1.2))
            assert life.pid is not None
            os.kill(life.pid, signal.SIGKILL)
            life.join()
            life.close()
            if progress and task is not None:
                progress.advance(task)
        struck = Counter(f"{one['kind']} {one['when']}" for one in slack.ask("faults")["struck"])
        _let_it_finish(url, slack, fork)
        return _count(url, slack, engine=engine, kills=kills, struck=dict(struck), seed=seed, started=started)
    finally:
        slack.close()


def _until(holds: Callable[[], bool], *, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.03)


def _let_it_finish(url: str, slack: Slack, fork: Any) -> None:
    """One last life with a Slack in good health, until nothing waits any more."""
    slack.ask("faults", None, "DELETE")
    ctx = context(url)
    with ctx.database.reading() as tx:
        last = rules.last_swept(tx)
    if last is not None:
        sweep(ctx, as_of=last)
    ctx.database.close()
    life = fork.Process(target=live, args=(url, slack.addresses, "the last"), kwargs={"sweeps": False})
    life.start()
    try:
        reader = Database(url)
        # As long as it takes: only when nothing has moved for a minute is what still waits called unsent.
        before: object = None
        moved_at = time.monotonic()
        while time.monotonic() - moved_at < 60:
            with reader.reading() as tx:
                waiting = outbox.waiting(tx).counts
                doubtful = tx.execute(
                    text("SELECT count(*) FROM outbox WHERE verify_at IS NOT NULL")
                ).scalar_one()
            if not waiting and not doubtful:
                break
            if (waiting, doubtful) != before:
                before, moved_at = (waiting, doubtful), time.monotonic()
            time.sleep(0.1)
        reader.close()
    finally:
        life.kill()
        life.join()
        life.close()


def _count(
    url: str, slack: Slack, *, engine: str, kills: int, struck: dict[str, int], seed: int, started: float
) -> Report:
    messages = slack.ask("messages?event_type=warmline_message")["messages"]
    standing = Counter(m["metadata"]["event_payload"]["key"] for m in messages if not m["deleted"])
    database = Database(url)
    with database.reading() as tx:
        wanted = {row[0] for row in tx.execute(text("SELECT key FROM outbox WHERE call <> 'update'"))}
        unsent = tx.execute(
            text("SELECT count(*) FROM outbox WHERE state NOT IN ('sent', 'expired')")
        ).scalar_one()
        alerts = tx.execute(text("SELECT count(*) FROM alert")).scalar_one()
        found = _alerts(tx)
        last = rules.last_swept(tx)
    database.close()
    assert last is not None
    undisturbed = _undisturbed(seed, last)
    return Report(
        engine=engine,
        kills=kills,
        sweeps=(last - FIRST_DAY * DAY) // DAY + 1,
        alerts=alerts,
        messages=len(wanted),
        lost=len([key for key in wanted if not standing[key]]),
        doubled=len([key for key, n in standing.items() if n > 1]),
        differing=len(set(found.items()) ^ set(undisturbed.items())),
        unfinished=unsent,
        struck=struck,
        doubles_deleted=len([m for m in messages if m["deleted"]]),
        seconds=time.monotonic() - started,
    )


def _alerts(tx: Any) -> Counter[tuple[Any, ...]]:
    """Every alert by what it is and how it ended; the numbers depend on how often a sweep was repeated."""
    return Counter(
        tuple(row)
        for row in tx.execute(
            text(
                "SELECT customer_id, rule_id, opened_at, reason, state, resolution, resolved_at, steps FROM alert"
            )
        )
    )


def _undisturbed(seed: int, last: int) -> Counter[tuple[Any, ...]]:
    """The same days, swept by a process that nobody kills, on a SQLite database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'undisturbed.db'}"
        furnish(url, seed)
        ctx = context(url)
        for day in range(FIRST_DAY, last // DAY + 1):
            sweep(ctx, as_of=day * DAY)
        with ctx.database.reading() as tx:
            found = _alerts(tx)
        ctx.database.close()
    return found


def quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


@contextmanager
def _databases(engines: Sequence[str]) -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        made = {"sqlite": f"sqlite:///{Path(folder) / 'kills.db'}"}
        if "postgresql" not in engines:
            yield made
            return
        with postgres.server() as url:
            yield made | {"postgresql": url}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="on each database")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    given = parser.parse_args()
    quiet()
    engines = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    console = Console()
    table = Table(title=f"{given.kills} kills with SIGKILL on each database, seed {given.seed}")
    columns = (
        "database",
        "days swept",
        "alerts",
        "messages",
        "lost",
        "doubled",
        "differing",
        "unfinished",
        "seconds",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == "database" else "right")
    clean = True
    with _databases(engines) as urls, Progress(console=Console(file=sys.stderr)) as progress:
        for engine in engines:
            found = run(urls[engine], engine=engine, kills=given.kills, seed=given.seed, progress=progress)
            clean = clean and found.clean
            numbers = (found.sweeps, found.alerts, found.messages, found.lost, found.doubled, found.differing)
            table.add_row(engine, *(f"{n:,}" for n in (*numbers, found.unfinished)), f"{found.seconds:.0f}")
            console.print(
                f"{engine}: faults that struck: {found.struck}; copies deleted: {found.doubles_deleted}"
            )
    console.print(table)
    return 0 if clean else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
