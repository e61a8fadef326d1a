"""Faults that tests switch on: what goes wrong between the app and this workspace, how often, and on which side.

A fault strikes before the call is accepted (nothing happened) or after (it happened, and the app does not learn of
it). A reset is a real one: the TCP connection ends with RST, by way of the transport under the HTTP server. It must
not know what the calls do.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from playground.workspace import JSON

Kind = Literal["reset", "status", "slow", "error", "ratelimited", "truncate"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    ``method`` is a Web API method, ``response_url`` or ``*``; ``times`` uses it up (``None``: never); it strikes with
    ``probability``; ``seconds`` it waits first. ``status`` is for kind ``status``, ``error`` for kind ``error``,
    ``retry_after`` (seconds, or ``None`` to send no header) for kind ``ratelimited``. With ``argument`` it strikes
    those calls alone that bear one of that name with something in it.
    """

    kind: Kind
    method: str = "*"
    when: When = "before"
    probability: float = 1.0
    times: int | None = None
    seconds: float = 0.0
    status: int = 500
    error: str = "internal_error"
    retry_after: int | None = 1
    argument: str = ""

    def __post_init__(self) -> None:
        if self.when == "after" and self.kind == "ratelimited":
            raise ValueError("a rate limit always strikes before acceptance")
        if self.when == "before" and self.kind == "truncate":
            raise ValueError("a truncated answer is the answer to an accepted call")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError("a probability lies between 0 and 1")


class Faults:
    """The faults that are switched on, in order; safe to use from several threads."""

    def __init__(self, seed: int | None = None) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311  (chance for tests, nothing secret)
        self._active: list[tuple[Fault, int | None]] = []
        self._struck: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Switch faults on; those with ``times`` make a queue."""
        with self._lock:
            self._active += [(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        """Switch all faults off and forget which struck."""
        with self._lock:
            self._active, self._struck = [], []

    def seed(self, seed: int) -> None:
        """Begin the chances anew."""
        with self._lock:
            self._random.seed(seed)

    def active(self) -> Sequence[Fault]:
        """Give the faults that are on."""
        with self._lock:
            return tuple(fault for fault, _ in self._active)

    def struck(self) -> Sequence[Fault]:
        """Give the faults that struck, in order."""
        with self._lock:
            return tuple(self._struck)

    def pick(self, method: str, bears: Callable[[str], bool] = lambda _: True) -> Fault | None:
        """Give the first fault that strikes a call of ``method`` now, and use it up by one.

        ``bears`` says whether the call has an argument of that name.
        """
        with self._lock:
            for index, (fault, left) in enumerate(self._active):
                if fault.method not in ("*", method) or (fault.argument and not bears(fault.argument)):
                    continue
                if self._random.random() >= fault.probability:
                    continue
                if left is not None:
                    self._active[index] = (fault, left - 1)
                    if left <= 1:
                        del self._active[index]
                self._struck.append(fault)
                return fault
        return None


class ResettableProtocol(H11Protocol):
    """uvicorn's HTTP protocol that lets the application reach the connection, as ``scope["state"]["transport"]``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the new connection."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class Reset(Response):
    """No answer at all: the connection ends with RST."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (ASGI's signature)
        """End the connection."""
        transport: asyncio.Transport = scope["state"]["transport"]
        # Who is gone already, killed in mid-request, has no socket any more.
        if not transport.is_closing():
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            transport.abort()
        await _gone(receive)


class Truncated(Response):
    """The headers of an answer and half of its body; then the connection ends."""

    def __init__(self, answer: Response) -> None:
        super().__init__(bytes(answer.body), answer.status_code)
        self.raw_headers = answer.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half, then end the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["transport"].close()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def refusal(fault: Fault) -> Response:
    """Give the answer of a fault that strikes before acceptance."""
    if fault.kind == "reset":
        return Reset()
    if fault.kind == "ratelimited":
        return ratelimited(fault.retry_after)
    return _instead(fault, Response())


def distort(fault: Fault, answer: Response) -> Response:
    """Give what the app gets to see of ``answer`` under a fault that strikes after acceptance."""
    if fault.kind == "reset":
        return Reset()
    if fault.kind == "truncate":
        return Truncated(answer)
    return _instead(fault, answer)


def _instead(fault: Fault, answer: Response) -> Response:
    if fault.kind == "status":
        return Response(
            "<html><body>Something went wrong</body></html>", fault.status, media_type="text/html"
        )
    if fault.kind == "error":
        return JSONResponse({"ok": False, "error": fault.error})
    return answer


def ratelimited(retry_after: int | None) -> Response:
    """Give Slack's 429, with or without ``Retry-After``."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)


def fault_from_json(body: JSON) -> Fault:
    """Read a fault from the control endpoint. Raises ``ValueError`` for unknown fields or values."""
    known: dict[str, Any] = {name: body[name] for name in Fault.__slots__ if name in body}
    unknown = set(body) - set(known)
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    fault = Fault(**known)
    if fault.kind not in ("reset", "status", "slow", "error", "ratelimited", "truncate"):
        raise ValueError(f"unknown kind: {fault.kind}")
    if fault.when not in ("before", "after"):
        raise ValueError(f"unknown when: {fault.when}")
    return fault
