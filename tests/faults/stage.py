"""What the tests that kill and stop the bot stand on: a workspace, a company of customers, lives of the bot, and a count.

Each life of the bot is a process of its own. Afterwards the messages in the workspace are counted, and the alerts are
compared with those of a run that nobody disturbed.
"""

import json
import logging
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
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
from rules.errors import WarmlineError
from rules.instants import DAY, Calendar
from storage import jobs, outbox, rules, schema
from storage.database import Database
from templates.words import Words
from tests import postgres

FIRST_DAY = 20_000
CUSTOMERS = 160
DAYS_OF_HISTORY = 400
"""At least; and so many as there are kills, for a life sweeps at most a day."""
POLICY = DeliveryPolicy(
    lease=2_500,
    call_timeout=1_000,
    settle=1_500,
    looks=1,
    verifying=2,
    interval=15,
    blocked=100,
    unsaid=200,
    backoff=50,
    max_backoff=500,
)
RULES = {
    "lapsing": "silent(purchase, 9d)",
    "busy": "count(purchase, 3d) >= 2",
    "spending": "sum(purchase, 14d) > 120 and days_since(purchase) < 4",
}
CHANNELS = {"lapsing": "", "busy": "C08SALESTEA", "spending": "C08GENERALX"}
"""Where each rule is told; nothing said: in the default channel."""


@dataclass(frozen=True)
class Report:
    engine: str
    kills: int
    sweeps: int
    alerts: int
    messages: int
    lost: int
    doubled: int
    retold: int
    """Messages that tell what another message tells already: asked for twice, not sent twice."""
    differing: int
    unfinished: int
    calls: int
    struck: dict[str, int]
    doubles_deleted: int
    crashes: tuple[str, ...]
    seconds: float

    @property
    def faulty(self) -> float:
        """Which share of the calls to Slack met a fault, until it was in good health again."""
        return sum(self.struck.values()) / max(self.calls, 1)

    @property
    def clean(self) -> bool:
        wrong = (self.lost, self.doubled, self.retold, self.differing, self.unfinished)
        return not (any(wrong) or self.crashes)


class Slack:
    """The workspace in a process of its own: killing the bot leaves it alone."""

    def __init__(self, seed: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "playground", "--post-interval", "0", "--seed", str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it says when a client is killed in mid-call
            text=True,
        )
        self._folder = tempfile.TemporaryDirectory()
        self.crashes = Path(self._folder.name) / "crashes"
        """Where lives of the bot write what they cannot explain."""
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

    def calls(self) -> int:
        """Count the calls that arrived."""
        return int(self.ask("arrived")["calls"])

    def crashed(self) -> tuple[str, ...]:
        """Give what lives of the bot could not explain."""
        return tuple(self.crashes.read_text().strip().split("\n\n")) if self.crashes.exists() else ()

    def close(self) -> None:
        self._folder.cleanup()
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


def furnish(url: str, seed: int, days: int) -> None:
    """Make the tables, the customers and their purchases of so many days, and the rules."""
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
                for day in range(max(DAYS_OF_HISTORY, days))
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
            body = RuleBody(condition=condition, backlog=backlog, cooldown=2 * DAY, channel=CHANNELS[name])
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


def live(url: str, addresses: dict[str, str], name: str, crashes: Path, *, sweeps: int | None) -> None:
    """One life of the bot: deliver all the time and sweep meanwhile, until killed.

    ``sweeps``: None for none, 0 for one day only, else the milliseconds between two, of all processes together. What goes
    wrong in a way that the bot cannot explain is written to ``crashes``.
    """
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
            _survive(deliverer.tick, crashes)
            time.sleep(0.005)

    def sweep_in_turn() -> None:
        assert sweeps
        with ctx.database.writing() as tx:
            mine = jobs.turn(tx, "stage", now=ctx.elapsed(), every=sweeps)
        if mine:
            sweep_once(ctx)

    threading.Thread(target=deliver, daemon=True).start()
    if sweeps == 0:
        _survive(lambda: sweep_once(ctx), crashes)
    while sweeps:
        _survive(sweep_in_turn, crashes)
        time.sleep(0.02)
    time.sleep(3600)


def _survive(do: Callable[[], object], crashes: Path) -> None:
    try:
        do()
    except WarmlineError:
        # A database that was lost, a sweep that another process makes: the next tick tries again.
        pass
    except Exception:  # noqa: BLE001  (whatever it is, it is counted)
        with crashes.open("a") as file:
            file.write(traceback.format_exc() + "\n")


def told(struck: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count the faults that struck, by what they are."""
    names = (
        " ".join(str(one[part]) for part in ("kind", "when"))
        + (" " + one["error"]) * (one["kind"] == "error")
        for one in struck
    )
    return dict(sorted(Counter(names).items()))


def let_it_finish(url: str, slack: Slack, fork: Any) -> None:
    """One last life with a Slack in good health, until nothing waits any more."""
    slack.ask("faults", None, "DELETE")
    ctx = context(url)
    with ctx.database.reading() as tx:
        last = rules.last_swept(tx)
    if last is not None:
        sweep(ctx, as_of=last)
    ctx.database.close()
    life = fork.Process(
        target=live, args=(url, slack.addresses, "the last", slack.crashes), kwargs={"sweeps": None}
    )
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


def count(
    url: str,
    slack: Slack,
    *,
    engine: str,
    kills: int,
    calls: int,
    struck: dict[str, int],
    seed: int,
    started: float,
) -> Report:
    messages = slack.ask("messages?event_type=warmline_message")["messages"]
    standing = Counter(m["metadata"]["event_payload"]["key"] for m in messages if not m["deleted"])
    database = Database(url)
    with database.reading() as tx:
        wanted = {row[0] for row in tx.execute(text("SELECT key FROM outbox WHERE call <> 'update'"))}
        unsent = tx.execute(
            text(
                "SELECT count(*) FROM outbox WHERE state NOT IN ('sent', 'expired') OR verify_at IS NOT NULL"
            )
        ).scalar_one()
        alerts = tx.execute(text("SELECT count(*) FROM alert")).scalar_one()
        retold = tx.execute(_RETOLD).scalar_one()
        found = _alerts(tx)
        last = rules.last_swept(tx)
    database.close()
    assert last is not None
    undisturbed = _undisturbed(seed, last, kills)
    return Report(
        engine=engine,
        kills=kills,
        sweeps=(last - FIRST_DAY * DAY) // DAY + 1,
        alerts=alerts,
        messages=len(wanted),
        lost=len([key for key in wanted if not standing[key]]),
        doubled=len([key for key, n in standing.items() if n > 1]),
        retold=retold,
        differing=len(set(found.items()) ^ set(undisturbed.items())),
        unfinished=unsent,
        calls=calls,
        struck=struck,
        doubles_deleted=len([m for m in messages if m["deleted"]]),
        crashes=slack.crashed(),
        seconds=time.monotonic() - started,
    )


_RETOLD = text(
    "SELECT count(*) FROM outbox WHERE call = 'post' AND subject <> 'notice' "
    "AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.root = outbox.id)"
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


def _undisturbed(seed: int, last: int, days: int) -> Counter[tuple[Any, ...]]:
    """The same days, swept by a process that nobody kills, on a SQLite database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'undisturbed.db'}"
        furnish(url, seed, days)
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
def databases(engines: Sequence[str]) -> Iterator[dict[str, str]]:
    """Give an empty database of each engine by its URL."""
    with tempfile.TemporaryDirectory() as folder:
        made = {"sqlite": f"sqlite:///{Path(folder) / 'kills.db'}"}
        if "postgresql" not in engines:
            yield made
            return
        with postgres.server() as url:
            yield made | {"postgresql": url}


def table(title: str, reports: Sequence[Report]) -> Table:
    """Draw what came of it, a line for each run."""
    drawn = Table(title=title)
    columns = (
        "database",
        "days",
        "alerts",
        "messages",
        "lost",
        "doubled",
        "retold",
        "differing",
        "unfinished",
    )
    for column in (*columns, "crashes", "seconds"):
        drawn.add_column(column, justify="left" if column == "database" else "right")
    for one in reports:
        numbers = (
            one.sweeps,
            one.alerts,
            one.messages,
            one.lost,
            one.doubled,
            one.retold,
            one.differing,
            one.unfinished,
            len(one.crashes),
        )
        drawn.add_row(one.engine, *(f"{n:,}" for n in numbers), f"{one.seconds:.0f}")
    return drawn


def say(console: Console, report: Report) -> None:
    """Say what went wrong on purpose, and what crashed."""
    console.print(
        f"{report.engine}: {report.faulty:.0%} of {report.calls:,} calls met a fault; "
        f"copies deleted: {report.doubles_deleted}; faults: {report.struck}",
        soft_wrap=True,
        highlight=False,
    )
    for crash in report.crashes[:3]:
        console.print(crash, markup=False, highlight=False, soft_wrap=True)
