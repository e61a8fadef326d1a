"""A process that carries messages over a real HTTP connection to a Slack of its own, and a clock to move."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk import WebClient

from handlers.deliver import Deliverer
from handlers.finish import Round
from handlers.slack.punctual import PunctualClient
from handlers.slack.sender import METADATA_EVENT, Sender
from playground.faults import Fault
from playground.people import CUSTOMER_CARE, SALES
from playground.server import Playground
from rules.alerts.retry import DeliveryPolicy
from rules.alerts.rule import RuleBody
from storage import outbox, rules
from storage.database import Database, Transaction
from storage.outbox import Call, Message, New, Subject
from tests.contexts import StillClock, context

POLICY = DeliveryPolicy()
MANAGER, OWNER = "U08MAYAORTZ", "U08TOMBECKR"
POST = "chat.postMessage"
HISTORY = "conversations.history"


@dataclass
class Drawn:
    text: str
    blocks: list[dict[str, Any]]

    @property
    def content(self) -> str:
        return repr((self.text, self.blocks))


@pytest.fixture(scope="module")
def workspace() -> Iterator[Playground]:
    with Playground(post_interval_s=0) as slack:
        yield slack


@pytest.fixture
def slack(workspace: Playground) -> Iterator[Playground]:
    workspace.reset()
    workspace.change_installation(token_error=None)
    for channel in (CUSTOMER_CARE, SALES):
        workspace.workspace.change_channel(channel, archived=False, app_is_member=True)
    clock = workspace.workspace.clock
    yield workspace
    workspace.workspace.clock = clock


class Post:
    """One process that carries messages, and a clock to move: Slack's, too."""

    def __init__(self, database: Database, slack: Playground) -> None:
        self.clock = StillClock(time.time_ns() // 1_000_000)
        slack.workspace.clock = lambda: self.clock.at / 1_000
        self.ctx = context(
            database, now=self.clock, default_channel=CUSTOMER_CARE, managers=frozenset({MANAGER, "S1"})
        )
        self.slack = slack
        self.shown = "It says *this*."
        self.blocks: list[dict[str, Any]] = []
        self.going = True
        self.deliverer = self.carrier("one")
        self.ghost = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        """Whatever it does, nobody in the process knows of it."""

    def carrier(self, owner: str, *, deadline_s: float = 8) -> Deliverer:
        """Another one; nobody waits for Slack as long as ``deadline_s``, but where a machine is very busy."""
        client = PunctualClient(
            token=self.slack.bot_token, base_url=self.slack.api_url, deadline_s=deadline_s
        )
        return Deliverer(
            self.ctx,
            Sender(client),
            self.render,
            owner=owner,
            goes_on=lambda _tx, _message: self.going,
            policy=POLICY,
        )

    def render(self, _tx: Transaction, _message: Message, _ctx: object) -> Drawn:
        return Drawn(self.shown, self.blocks)

    def fault(self, kind: Any, method: str = POST, **more: Any) -> None:
        self.slack.faults.add(Fault(kind, method, **{"times": 1, **more}))

    def add(
        self,
        channel: str = "",
        *,
        call: Call = Call.POST,
        root: int | None = None,
        rule: int | None = None,
        subject: Subject | None = None,
    ) -> int:
        new = New(
            call=call,
            subject=subject or (Subject.STEPS if root else Subject.ALERT),
            channel=channel,
            root=root,
            rule_id=rule,
            alert_id=1 if root else None,
        )
        with self.ctx.database.writing() as tx:
            return outbox.add(tx, new, now=self.clock.at)

    def reply(self, root: int, *, rule: int | None = None) -> int:
        return self.add(call=Call.REPLY, root=root, rule=rule)

    def edit(self, root: int, shown: str | None = None) -> None:
        """Ask for a message to be edited to how things stand: to ``shown``, if given."""
        self.shown = shown if shown is not None else self.shown
        with self.ctx.database.writing() as tx:
            outbox.add_updates(tx, [outbox.get(tx, root)], now=self.clock.at)

    def rule(self, channel: str, *, author: str = OWNER, **more: Any) -> int:
        with self.ctx.database.writing() as tx:
            body = RuleBody(condition="never(purchase)", channel=channel, **more)
            return rules.add(tx, name="lapsing", body=body, author=author, now=0, diff="").id

    def tick(self, after: int = 0) -> Round:
        self.clock.at += after
        return self.deliverer.tick()

    def look(self) -> Round:
        """Let the looks pass that a message of unclear fate gets before it is sent again."""
        return sum((self.tick(POLICY.settle << look) for look in range(POLICY.looks)), Round())

    def verify(self) -> Round:
        """Let the looks pass in which second copies are looked for."""
        return sum((self.tick(POLICY.settle << look) for look in range(POLICY.verifying)), Round())

    def message(self, number: int) -> Message:
        with self.ctx.database.reading() as tx:
            return outbox.get(tx, number)

    def standing(self) -> Counter[str]:
        """How often each key stands in the workspace."""
        return Counter(
            message.metadata["event_payload"]["key"]
            for message in self.slack.workspace.everything()
            if message.metadata and message.metadata["event_type"] == METADATA_EVENT and not message.deleted
        )

    def shows(self, number: int) -> str:
        ts = self.message(number).ts
        return next(one.text for one in self.slack.workspace.everything() if one.ts == ts)

    def delete(self, number: int) -> None:
        """Let a person delete what was posted."""
        found = self.slack.workspace.message(CUSTOMER_CARE, str(self.message(number).ts))
        assert found is not None
        self.slack.workspace.delete(found)

    def notices(self) -> list[Message]:
        with self.ctx.database.reading() as tx:
            found = outbox.by_numbers(tx, range(1, 200))
        return [message for message in found.values() if message.subject is Subject.NOTICE]

    def degraded(self, rule_id: int) -> str | None:
        with self.ctx.database.reading() as tx:
            found = rules.by_id(tx, rule_id)
        assert found is not None
        return found.degraded


@pytest.fixture
def office(database: Database, slack: Playground) -> Iterator[Post]:
    made = Post(database, slack)
    yield made
    made.deliverer.close()
