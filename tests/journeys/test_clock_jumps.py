"""The clock of a machine is set back or forward in the midst of everything: nothing is stuck, lost or doubled."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlalchemy import text

from handlers.deliver import Deliverer
from handlers.http.metrics import Metrics
from handlers.schedule import Rhythm, Ticker
from handlers.slack.sender import Sender
from playground.faults import fault_from_json
from playground.people import CUSTOMER_CARE, GENERAL, MAYA, SALES
from playground.server import Playground
from rules.alerts.retry import DeliveryPolicy
from rules.alerts.rule import RuleBody
from rules.instants import DAY, HOUR, MINUTE, SECOND
from storage import carriage, outbox, rules
from storage.database import Database, Transaction
from storage.outbox import Call, Message, New, Subject
from tests.contexts import StillClock, context
from tests.faults.mix import ANYWHERE, mixed

MESSAGES = 12
POLICY = DeliveryPolicy(call_timeout=2_000)
JUMPS = {
    "back an hour": -HOUR,
    "back half an hour": -30 * MINUTE,
    "back a year": -365 * DAY,
    "forward a day": DAY,
}


# Half of all calls meet a fault, but none that takes its time: the clock is moved by hand.
FAULTS = mixed([one for one in ANYWHERE if one[1]["kind"] != "slow"])


@dataclass
class Drawn:
    text: str = "It says *this*."
    blocks: list[dict[str, Any]] = field(default_factory=list)
    content: str = "this"


def draw(_tx: Transaction, _message: Message, _ctx: object) -> Drawn:
    return Drawn()


@pytest.fixture(scope="module")
def workspace() -> Iterator[Playground]:
    with Playground(post_interval_s=0) as slack:
        yield slack


@pytest.fixture
def slack(workspace: Playground) -> Playground:
    workspace.reset()
    return workspace


class Office:
    """Two processes that carry messages, and a clock that both go by."""

    def __init__(self, database: Database, slack: Playground) -> None:
        self.clock = StillClock(time.time_ns() // 1_000_000)
        self.ctx = context(
            database, now=self.clock, default_channel=CUSTOMER_CARE, managers=frozenset({MAYA})
        )
        self.slack = slack
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=2, retry_handlers=[])
        self.carriers = [
            Deliverer(self.ctx, Sender(client), draw, owner=owner, policy=POLICY) for owner in ("one", "two")
        ]

    def ask(self) -> None:
        """Ask for messages, some of them answers to others."""
        channels = ("", SALES, GENERAL)
        for number in range(MESSAGES):
            with self.ctx.database.writing() as tx:
                root = outbox.add(
                    tx,
                    New(call=Call.POST, subject=Subject.ALERT, channel=channels[number % 3]),
                    now=self.clock.at,
                )
                if number % 2:
                    outbox.add(
                        tx,
                        New(call=Call.REPLY, subject=Subject.STEPS, channel=channels[number % 3], root=root),
                        now=self.clock.at,
                    )

    def tick(self, chance: random.Random, after: int) -> None:
        self.clock.at += after
        chance.choice(self.carriers).tick()

    def left(self) -> int:
        """Count what waits, for Slack or to be looked at once more."""
        with self.ctx.database.reading() as tx:
            doubtful = tx.execute(
                text("SELECT count(*) FROM outbox WHERE verify_at IS NOT NULL")
            ).scalar_one()
            return sum(outbox.waiting(tx).counts.values()) + int(doubtful)

    def wanted(self) -> set[str]:
        with self.ctx.database.reading() as tx:
            return set(tx.execute(text("SELECT key FROM outbox WHERE subject <> 'notice'")).scalars())

    def standing(self) -> Counter[str]:
        return Counter(
            message.metadata["event_payload"]["key"]
            for message in self.slack.workspace.everything()
            if message.metadata and not message.deleted
        )

    def close(self) -> None:
        for carrier in self.carriers:
            carrier.close()


@pytest.fixture
def office(database: Database, slack: Playground) -> Iterator[Office]:
    made = Office(database, slack)
    yield made
    made.close()


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
@pytest.mark.parametrize("before", [0, 8], ids=["at the beginning", "in the midst"])
def test_a_clock_that_jumps_while_messages_are_on_their_way(office: Office, jump: int, before: int) -> None:
    chance = random.Random(jump)
    office.ask()
    # One process dies with what it carries.
    with office.ctx.database.writing() as tx:
        taken = carriage.claim(tx, owner="dead", now=office.clock.at, lease=POLICY.lease, interval=SECOND)
    assert taken
    office.slack.faults.seed(jump % 1_000)
    office.slack.faults.add(*(fault_from_json(one) for one in FAULTS))
    for _ in range(before):
        office.tick(chance, SECOND)
    # By now some are held, some unclear, some to be looked for once more.
    office.clock.at += jump
    for _ in range(8):
        office.tick(chance, SECOND)
    office.slack.faults.clear()
    # Nothing waits for longer than the longest wait, whatever the clock says.
    for _ in range(80):
        if not office.left():
            break
        office.tick(chance, MINUTE)
    assert office.left() == 0
    wanted, standing = office.wanted(), office.standing()
    assert {key for key in wanted if standing[key] != 1} == set()


def test_a_business_clock_set_back_rests_the_sweep_says_so_once_and_goes_on(
    database: Database, slack: Playground
) -> None:
    office = Office(database, slack)
    metrics = Metrics()
    ticker = Ticker(office.ctx, office.carriers[0], metrics, Rhythm())
    with database.writing() as tx:
        rules.add(
            tx, name="silent", body=RuleBody(condition="silent(purchase, 30d)"), author="test", now=0, diff=""
        )

    def swept() -> tuple[float, float]:
        done, refused = (
            metrics.registry.get_sample_value("warmline_sweeps_total", {"outcome": outcome}) or 0
            for outcome in ("done", "refused")
        )
        return done, refused

    def tick(after: int) -> None:
        office.clock.at += after
        ticker._sweep()

    tick(0)
    assert swept() == (1, 0)
    # By a second or two the clocks of two machines may differ, and nobody needs to know.
    tick(-2 * SECOND)
    assert (swept(), notices(database)) == ((1, 1), [])
    for after in (-HOUR, MINUTE, MINUTE):
        tick(after)
    # A process that is started anew meanwhile tells it no second time.
    Ticker(office.ctx, office.carriers[1], metrics, Rhythm())._sweep()
    tick(MINUTE)
    assert swept() == (1, 5)
    [told] = notices(database)
    assert '"clock_behind"' in told
    tick(HOUR)
    assert swept() == (2, 5)
    assert len(notices(database)) == 1
    office.close()


def notices(database: Database) -> list[str]:
    with database.reading() as tx:
        return list(tx.execute(text("SELECT payload FROM outbox WHERE subject = 'notice'")).scalars())
