"""A small company for tests: Ann Bell has lapsed, Bob has not; a manager, two agents, and what they are answered."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlalchemy import text

from handlers.context import Context
from handlers.slack.directory import Directory
from handlers.slack.listeners import Listeners
from handlers.sweep import sweep
from playground.limits import check_view, message_content
from rules.conditions.names import fold
from rules.instants import DAY
from storage import alerts, audit, names, outbox
from storage.alerts import Alert
from storage.audit import Entry
from storage.database import Database
from storage.outbox import Message
from templates.blocks import Rendered
from templates.codec import Press, encode
from tests.contexts import StillClock, context
from tests.histories import customer, purchases, rule

NOW = 20_000 * DAY
MANAGER, TOM, AIKO = "UMANAGER", "U08TOMBECKR", "U08AIKOTNKA"
TEAM = "T0WORLD"
_triggers = count(1)


class Directly(Executor):
    """Does the work at once, where a test can see it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Known(Directory):
    """A directory that need not ask."""

    def __init__(self, emails: Mapping[str, str]) -> None:
        super().__init__(WebClient(retry_handlers=[]))
        self._emails = emails

    def team(self, *, now: int) -> str | None:
        return TEAM

    def names_of(self, user: str, *, now: int) -> frozenset[str]:
        return frozenset({user.casefold(), self._emails.get(user, user).casefold()})


@dataclass
class World:
    ctx: Context
    clock: StillClock
    answers: list[tuple[Rendered, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        directory = Known({TOM: "Tom@Example.com"})
        self.modals: list[dict[str, Any]] = []
        self.listeners = Listeners(
            self.ctx, directory, executor=Directly(), send=self._send, open_modal=self._open
        )

    def _open(self, trigger: str, view: dict[str, Any]) -> bool:
        if not trigger.startswith("t"):
            return False
        # Whatever is opened, Slack must take it.
        self.modals.append(check_view(view))
        return True

    def submit(
        self, modal: dict[str, Any], *, user: str = TOM, trigger: str | None = None, **values: str
    ) -> dict[str, str] | None:
        """Submit a dialog: the date and the reason by block. Gives what is wrong, by block."""
        names = {"day": "selected_date", "reason": "value"}
        return self.listeners.answer_submission(
            {
                "user": {"id": user},
                "team": {"id": TEAM},
                "trigger_id": trigger or f"t{next(_triggers)}",
                "view": {
                    **modal,
                    "state": {
                        "values": {block: {"input": {names[block]: value}} for block, value in values.items()}
                    },
                },
            }
        )

    def _send(self, url: str, answer: Rendered, *, replace: bool) -> None:
        assert url == "http://slack.invalid/response"
        # Whatever is answered, Slack must take it.
        message_content({"text": answer.text, "blocks": answer.blocks})
        self.answers.append((answer, replace))

    def command(
        self,
        line: str,
        *,
        user: str = TOM,
        trigger: str | None = None,
        channel: tuple[str, str] = ("C0CARE", "customer-care"),
    ) -> Rendered | None:
        name, _, rest = line.partition(" ")
        return self.deliver_command(
            {
                "command": name,
                "text": rest,
                "user_id": user,
                "channel_id": channel[0],
                "channel_name": channel[1],
                "trigger_id": trigger or f"t{next(_triggers)}",
                "response_url": "http://slack.invalid/response",
            }
        )

    def deliver_command(self, body: dict[str, Any]) -> Rendered | None:
        before = len(self.answers)
        self.listeners.answer_command(body)
        return self.answers[-1][0] if len(self.answers) > before else None

    def said(self, line: str, *, user: str = TOM) -> str:
        """Everything that the answer shows, as one text."""
        answer = self.command(line, user=user)
        assert answer is not None
        return everything(answer)

    def saved(self, line: str, *, user: str = MANAGER) -> str:
        """Write a rule, press Save in its preview, and give everything that the answer to that shows."""
        draft = self.command(line, user=user)
        assert draft is not None
        assert "not saved yet" in draft.text
        saved = self.press(button(draft, "Save"), user=user, ephemeral=True)
        assert saved is not None
        answer, replaced = saved
        assert replaced
        return everything(answer)

    def press(
        self,
        press: Press | str,
        subject: int = 0,
        choice: str = "",
        *,
        user: str = TOM,
        trigger: str | None = None,
        ephemeral: bool = False,
        menu: bool = False,
        team: str = TEAM,
    ) -> tuple[Rendered, bool] | None:
        value = encode(press, subject, choice) if isinstance(press, Press) else press
        action = {"selected_option": {"value": value}} if menu else {"value": value}
        before = len(self.answers)
        self.listeners.answer_action(
            {
                "user": {"id": user},
                "team": {"id": team},
                "trigger_id": trigger or f"t{next(_triggers)}",
                "response_url": "http://slack.invalid/response",
                "container": {"is_ephemeral": ephemeral},
                "actions": [action],
            }
        )
        return self.answers[-1] if len(self.answers) > before else None

    def alert(self, number: int = 1) -> Alert:
        with self.ctx.database.reading() as tx:
            found = alerts.by_id(tx, number)
        assert found is not None
        return found

    def messages(self) -> list[Message]:
        with self.ctx.database.reading() as tx:
            return [one for _, one in sorted(outbox.by_numbers(tx, range(1, 500)).items())]

    def audited(self, changed: str) -> list[Entry]:
        with self.ctx.database.reading() as tx:
            return audit.of(tx, changed)


def button(answer: Rendered, label: str) -> str:
    """Give the value of the button that reads ``label``."""
    [value] = [
        element["value"]
        for block in answer.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["text"]["text"] == label
    ]
    return str(value)


def everything(answer: Rendered) -> str:
    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                yield value["text"]
            for item in value.values():
                yield from texts(item)
        elif isinstance(value, list):
            for item in value:
                yield from texts(item)

    return "\n".join([answer.text, *texts(answer.blocks)])


def name(database: Database, number: int, **values: Any) -> None:
    """Give a stored customer a profile."""
    values.setdefault("search_name", fold(values.get("name") or ""))
    values.setdefault("search_email", fold(values.get("email") or ""))
    setting = ", ".join(f"{column} = :{column}" for column in values)
    with database.writing() as tx:
        before = tx.execute(
            text("SELECT search_name FROM customer WHERE id = :id"), {"id": number}
        ).scalar_one()
        tx.execute(text(f"UPDATE customer SET {setting} WHERE id = :id"), {"id": number, **values})
        names.note(tx, [(number, before, values["search_name"])])


def build(database: Database) -> World:
    """The company in ``database``, after a sweep that found Ann."""
    clock = StillClock(NOW)
    world = World(context(database, now=clock, customer_url="https://crm.example/c/{id}"), clock)
    customer(database, 1, known_since=NOW - 400 * DAY)
    name(database, 1, name="Ann Bell", email="ann@example.com", segment="vip", owner="tom@example.com")
    customer(database, 2, known_since=NOW - 100 * DAY)
    name(database, 2, name="Bob Bellamy", owner=AIKO)
    purchases(database, 1, [NOW - 40 * DAY, NOW - 34 * DAY])
    purchases(database, 2, [NOW - 20 * DAY, NOW - 2 * DAY])
    rule(database, "lapsing", "silent(purchase, 30d)")
    sweep(world.ctx, as_of=NOW - 4 * DAY - DAY // 2)
    sweep(world.ctx)
    return world


def make(url: str) -> World:
    """The company in a new database; whoever asks closes it."""
    return build(Database(url))


@pytest.fixture
def world(database: Database) -> World:
    return build(database)
