"""One life of the bot: its database, context and carrier of messages; and its death, at any step that somebody could see.

A step is where something is made known to others: a transaction that is committed, a call to Slack that is accepted.
Death strikes just before one or just after it; from then on nothing of this life gets through any more.
"""

import contextlib
import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from handlers import deliver, tell
from handlers.context import Context
from handlers.deliver import Deliverer
from handlers.slack.sender import Sender
from handlers.sweep import sweep
from playground import Playground
from playground.api import METHODS
from playground.faults import Fault
from playground.limits import RefusedError
from playground.methods.session import RateLimitedError
from storage.database import Database, Transaction
from tests.contexts import StillClock, context

_lives = itertools.count(1)


class DeathError(BaseException):
    """The process is killed; nothing in it catches that."""


class Fate:
    """When a life ends: before a step of it, or right after Slack has accepted a call; or never by force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: int | None = None
        self._calls_left: int | None = None
        self.dead = False
        self.steps = 0

    def dies_in(self, steps: int | None) -> None:
        """Have it end after so many steps from now; -1: after the next call that is accepted, -2: after the second."""
        self._left = steps if steps is not None and steps >= 0 else None
        self._calls_left = -steps if steps is not None and steps < 0 else None

    def step(self) -> None:
        """Take a step, if there is life left for it. Raises `DeathError`."""
        with self._lock:
            if self._left == 0:
                self.dead = True
            if self.dead:
                raise DeathError
            self.steps += 1
            self._left = None if self._left is None else self._left - 1

    def called(self) -> None:
        """Note that a call was accepted, which is a step as well. Raises `DeathError`."""
        if self._calls_left is not None:
            self._calls_left -= 1
            self._left = 0 if self._calls_left == 0 else self._left
        self.step()


class MortalDatabase(Database):
    """A database whose process may die before it commits, and right after."""

    def __init__(self, url: str, fate: Fate) -> None:
        super().__init__(url)
        self._fate = fate

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        with super().writing() as tx:
            yield tx
            self._fate.step()
        self._fate.step()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        if self._fate.dead:
            raise DeathError
        with super().reading() as tx:
            yield tx


class Line(WebClient):
    """Slack's own client, whose calls reach the playground without a network; its process may die on either side."""

    def __init__(self, slack: Playground, fate: Fate) -> None:
        super().__init__(token=slack.bot_token, retry_handlers=[])
        self._slack = slack
        self._fate = fate

    def api_call(self, api_method: str, *, http_verb: str = "POST", **given: Any) -> SlackResponse:
        args = {
            name: value
            for part in ("params", "data", "json")
            for name, value in (given.get(part) or {}).items()
            if value is not None
        }
        self._fate.step()
        place = self._slack.workspace.channel(str(args.get("channel") or ""))
        fault = self._slack.faults.pick(api_method, channel=place.id if place else "")
        if fault is not None and fault.is_refusal:
            self._fail(fault, api_method)
        answer = self._answer(api_method, args, fault.seconds if fault and fault.kind == "lag" else 0.0)
        if fault is not None and fault.is_distortion:
            self._fail(fault, api_method)
        self._fate.called()
        answer.validate()  # type: ignore[no-untyped-call]
        return answer

    def _answer(self, method: str, args: dict[str, Any], lag: float) -> SlackResponse:
        session = replace(self._slack._session, lag=lag)
        try:
            called = METHODS[method]
            session.need(*called.scopes)
            body = called.run(session, args)
        except RateLimitedError as limit:
            return self._said(method, {"ok": False, "error": "ratelimited"}, 429, limit.seconds)
        except RefusedError as refused:
            return self._said(method, refused.body())
        return self._said(method, {"ok": True, **body})

    def _fail(self, fault: Fault, method: str) -> None:
        match fault.kind:
            case "reset":
                raise ConnectionResetError
            case "ratelimited":
                said = self._said(method, {"ok": False, "error": "ratelimited"}, 429, fault.retry_after)
            case "error":
                said = self._said(method, {"ok": False, "error": fault.error})
            case "status":
                said = self._said(method, {}, fault.status)
            case other:
                raise ValueError(f"there is no {other} without a network")
        raise SlackApiError("failed", said)  # type: ignore[no-untyped-call]

    def _said(
        self, method: str, body: dict[str, Any], status: int = 200, retry_after: float | None = None
    ) -> SlackResponse:
        headers = {} if retry_after is None else {"Retry-After": str(max(1, int(retry_after + 0.999)))}
        return SlackResponse(
            client=self,
            http_verb="POST",
            api_url=method,
            req_args={},
            data=body,
            headers=headers,
            status_code=status,
        )


class Life:
    """The bot from a start of its process to the end."""

    def __init__(self, url: str, slack: Playground, clock: StillClock, zone: str, **settings: Any) -> None:
        self.fate = Fate()
        self._database = MortalDatabase(url, self.fate)
        self.ctx: Context = context(self._database, zone=zone, now=clock, **settings)
        # One call at a time, so that the same life is the same again.
        with mock.patch.object(deliver, "_AT_ONCE", 1):
            self.deliverer = Deliverer(
                self.ctx, Sender(Line(slack, self.fate)), tell.render, owner=f"life {next(_lives)}"
            )

    def sweep(self) -> None:
        """Do what the ticker does once a minute."""
        sweep(self.ctx)

    def carry(self) -> int:
        """Do what the ticker does twice a second; gives how many messages were taken on."""
        return sum(self.deliverer.tick().counts().values())

    def end(self) -> None:
        """Let go of everything, as a process does that ends."""
        self.fate.dead = True
        self.deliverer.close()
        self._database.close()
