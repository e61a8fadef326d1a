"""The disk is full, and then it is not: nothing is acknowledged that is not stored, and all goes on by itself."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from sqlalchemy import text

from handlers import tell
from handlers.context import Context
from handlers.deliver import Deliverer
from handlers.http import app as http
from handlers.http.events import router
from handlers.http.health import database_probe
from handlers.http.metrics import Metrics
from handlers.schedule import Rhythm, Ticker
from handlers.slack.sender import Sender
from playground.people import CUSTOMER_CARE
from playground.server import Playground
from rules.alerts.retry import DeliveryPolicy
from rules.alerts.rule import RuleBody
from rules.instants import MINUTE, iso
from storage import outbox, rules
from storage.database import Database
from tests.contexts import context
from tests.disks import full_disk
from tests.handlers.http.serving import serving

KEY = "a-long-key-of-the-shop"
CUSTOMERS = 80
POLICY = DeliveryPolicy(interval=0, lease=5_000, call_timeout=2_000)


def real_time() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def slack() -> Iterator[Playground]:
    with Playground(post_interval_s=0) as workspace:
        yield workspace


class Bot:
    """What `compose` puts together, but for Slack's way in; it ticks once it is told to."""

    def __init__(self, database: Database, slack: Playground) -> None:
        self.ctx: Context = context(
            database,
            now=real_time,
            elapsed=real_time,
            default_channel=CUSTOMER_CARE,
            managers=frozenset(),
        )
        self.metrics = Metrics(self.ctx)
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=2, retry_handlers=[])
        deliverer = Deliverer(self.ctx, Sender(client), tell.render, owner="one", policy=POLICY)
        rhythm = Rhythm(sweep=200, deliver=50)
        self.ticker = Ticker(self.ctx, deliverer, self.metrics, rhythm)
        self.app = http.build(
            probes={"database": database_probe(self.ctx, remembered=5.0)},
            metrics=self.metrics,
            ingest_router=router(self.ctx, [KEY]),
        )

    def failed(self, job: str) -> float:
        labels = {"job": job, "code": "database_full"}
        return self.metrics.registry.get_sample_value("warmline_ticks_failed_total", labels) or 0

    def waits(self) -> bool:
        with self.ctx.database.reading() as tx:
            return self.count("outbox") == 0 or bool(outbox.waiting(tx).counts)

    def count(self, table: str) -> int:
        with self.ctx.database.reading() as tx:
            return int(tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def events(first: int, many: int) -> list[dict[str, Any]]:
    """Give purchases of ``CUSTOMERS`` customers, with words enough to need room."""
    at = iso(real_time() - MINUTE)
    return [
        {
            "customer": f"C-{n % CUSTOMERS}",
            "kind": "purchase",
            "occurred_at": at,
            "amount": 5,
            "external_id": f"o-{first + n}",
            "properties": {"note": "x" * 900},
        }
        for n in range(many)
    ]


def post(url: str, batch: list[dict[str, Any]]) -> httpx.Response:
    return httpx.post(f"{url}/v1/events", json=batch, headers={"Authorization": f"Bearer {KEY}"}, timeout=20)


def until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def standing(slack: Playground) -> Counter[str]:
    return Counter(
        message.metadata["event_payload"]["key"]
        for message in slack.workspace.everything()
        if message.metadata and not message.deleted
    )


@pytest.mark.timeout(180)
def test_a_full_disk_stops_everything_cleanly_and_room_lets_it_go_on(
    database: Database, slack: Playground
) -> None:
    bot = Bot(database, slack)
    with database.writing() as tx:
        body = RuleBody(condition="count(purchase, 7d) >= 1")
        rules.add(tx, name="busy", body=body, author="test", now=0, diff="")
    later = events(CUSTOMERS, 240)
    with serving(bot.app) as url:
        assert post(url, events(0, CUSTOMERS)).json()["inserted"] == CUSTOMERS
        try:
            with full_disk(database):
                bot.ticker.start()
                refused = post(url, later)
                assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
                assert bot.count("event") == CUSTOMERS
                until(lambda: bot.failed("sweep") >= 2)
                ready = httpx.get(f"{url}/readyz", timeout=20)
                assert ready.status_code == 503
                assert ready.json()["parts"]["database"]["problem"] == "database_full"
                assert httpx.get(f"{url}/healthz", timeout=20).status_code == 200
            # The same again, as Retry-After asks for: now it is stored, and nothing had been by halves.
            assert post(url, later).json()["inserted"] == len(later)
            until(lambda: bot.count("alert") == CUSTOMERS and not bot.waits())
            until(lambda: httpx.get(f"{url}/readyz", timeout=20).status_code == 200)
        finally:
            bot.ticker.stop()
    assert bot.count("event") == CUSTOMERS + len(later)
    # The backlog of a new rule is told in one message.
    assert list(standing(slack).values()) == [1]
