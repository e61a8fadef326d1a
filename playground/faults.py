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
from typing import Any, Final, Literal, get_args

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from playground.workspace import JSON

Kind = Literal["reset", "status", "slow", "error", "ratelimited", "truncate", "drip", "lag", "stray"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    ``method`` is a Web API method, ``response_url`` or ``*``; ``channel`` is the id of the only channel whose calls it
    strikes, where there is one; with ``argument`` it strikes those calls alone that bear one of that name with something
    in it; ``times`` uses it up (``None``: never); it strikes with ``probability``. What it does:

    - ``reset``: the connection ends with RST; ``status``: an answer with the HTTP status ``status``; ``error``:
      ``ok: false`` with ``error``; each after ``seconds``, before or after the call is accepted.
    - ``slow``: the call, or the answer to it, takes ``seconds`` longer.
    - ``ratelimited``: 429 with ``retry_after`` (seconds, or ``None`` to send no header), before acceptance.
    - ``truncate``: half of the answer comes, then the connection ends; after acceptance.
    - ``drip``: the answer comes byte by byte, evenly over ``seconds``; after acceptance.
    - ``lag``: history and threads do not show yet what was accepted less than ``seconds`` ago.
    - ``stray``: a reply is put into the channel, beside its thread.
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
    channel: str = ""
    argument: str = ""

    def __post_init__(self) -> None:
        if self.when == "after" and self.kind == "ratelimited":
            raise ValueError("a rate limit always strikes before acceptance")
        if self.when == "before" and self.kind in ("truncate", "drip"):
            raise ValueError(f"what kind {self.kind} spoils is the answer to an accepted call: when is after")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError("a probability lies between 0 and 1")

    @property
    def is_refusal(self) -> bool:
        """Tell whether the call is not accepted."""
        return self.when == "before" and self.kind not in _ACCEPTED

    @property
    def is_distortion(self) -> bool:
        """Tell whether the answer to an accepted call does not come as it is."""
        return self.when == "after" and self.kind not in _ACCEPTED


_ACCEPTED: Final = frozenset({"slow", "lag", "stray"})
"""Kinds under which the call is accepted and its answer comes whole."""


class Faults:
    """The faults that are switched on, in order; safe to use from several threads."""

    def __init__(self, seed: int | None = None, tell: Callable[[], None] = lambda: None) -> None:
        """Begin without any; ``tell`` is called whenever one strikes, and must not ask for faults then and there."""
        self._tell = tell
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

    def remove(self, *faults: Fault) -> None:
        """Switch these faults off; what struck stays known."""
        with self._lock:
            self._active = [(fault, left) for fault, left in self._active if fault not in faults]

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

    def pick(
        self, method: str, bears: Callable[[str], bool] = lambda _: True, channel: str = ""
    ) -> Fault | None:
        """Give the first fault that strikes a call of ``method`` about ``channel`` now, and use it up by one.

        ``bears`` says whether the call has an argument of that name.
        """
        with self._lock:
            for index, (fault, left) in enumerate(self._active):
                if fault.method not in ("*", method) or fault.channel not in ("", channel):
                    continue
                if fault.argument and not bears(fault.argument):
                    continue
                if self._random.random() >= fault.probability:
                    continue
                if left is not None:
                    self._active[index] = (fault, left - 1)
                    if left <= 1:
                        del self._active[index]
                self._struck.append(fault)
                self._tell()
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


class Dripping(Response):
    """An answer whose body comes byte by byte, evenly over ``seconds``."""

    def __init__(self, answer: Response, seconds: float) -> None:
        super().__init__(bytes(answer.body), answer.status_code)
        self.raw_headers = answer.raw_headers
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (ASGI's signature)
        """Send byte by byte until the end, or until nobody listens."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        for byte in body:
            await asyncio.sleep(self._seconds / len(body))
            if scope["state"]["transport"].is_closing():
                return
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


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
    if fault.kind == "drip":
        return Dripping(answer, fault.seconds)
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
    if fault.kind not in get_args(Kind):
        raise ValueError(f"unknown kind: {fault.kind}")
    if fault.when not in get_args(When):
        raise ValueError(f"unknown when: {fault.when}")
    return fault
