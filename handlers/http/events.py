"""``POST /v1/events``: one event or a list of them, with a key in the Authorization header.

The event loop only counts bytes; reading JSON and the database are for a bounded pool of threads. What is wrong with
one event goes to quarantine and is told; what is wrong with the request is a status code.
"""

import asyncio
import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from handlers.context import Context
from handlers.http import body
from handlers.receive import ORIGIN, NotEventsError, Received, Receiver, TooManyEventsError
from rules.errors import WarmlineError
from storage.errors import DatabaseTroubleError, DatabaseUnreachableError, SecondWriterError

MAX_BODY: Final = 1_000_000
"""Bytes."""
_DRAIN: Final = 32 * MAX_BODY
_DRAIN_STRANGERS: Final = 2 * MAX_BODY
_READ_WITHIN: Final = 30.0
WORKERS: Final = 4
WAITING: Final = 32
"""Requests that may wait for a worker; the next one is told to come again."""
_SOON: Final = {"Retry-After": "1"}
_LATER: Final = {"Retry-After": "5"}
_UNAVAILABLE: Final = (DatabaseTroubleError, DatabaseUnreachableError, SecondWriterError)

_log = structlog.get_logger(__name__)


def router(
    ctx: Context,
    keys: Sequence[str],
    *,
    count: Callable[..., None] | None = None,
    workers: int = WORKERS,
    waiting: int = WAITING,
) -> APIRouter:
    """Serve ``POST /v1/events`` to whoever has one of ``keys``; without any, to nobody.

    ``count`` is told, by the keywords ``inserted``, ``duplicate`` and ``quarantined``, how many events of a request
    became what, once they are stored; it is called from several threads.
    """
    routes = APIRouter()
    desk = _Desk(ctx, keys, count, workers=workers, waiting=waiting)

    @routes.post(ORIGIN)
    async def post_events(request: Request) -> JSONResponse:
        return await desk.answer(request)

    return routes


class _Desk:
    """Where requests are let in, wait, and are answered."""

    def __init__(
        self,
        context: Context,
        keys: Sequence[str],
        count: Callable[..., None] | None,
        *,
        workers: int,
        waiting: int,
    ) -> None:
        self._words = context.words
        self._receiver = Receiver(context)
        self._keys = [key.encode() for key in keys if key]
        self._count = count
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="events")
        self._places = threading.BoundedSemaphore(workers + waiting)

    async def answer(self, request: Request) -> JSONResponse:
        """Answer one request."""
        known = self._knows(request.headers.get("authorization", ""))
        try:
            async with asyncio.timeout(_READ_WITHIN):
                raw = await body.read(request, limit=MAX_BODY, drain=_DRAIN if known else _DRAIN_STRANGERS)
        except TimeoutError:
            return self._refusal(408, "http_slow")
        except ClientDisconnect:
            return self._refusal(400, "http_gone")
        if not known:
            return self._refusal(401, "http_no_key", {"WWW-Authenticate": "Bearer"})
        if raw is None:
            return self._refusal(413, "http_too_large", limit=MAX_BODY)
        if not self._places.acquire(blocking=False):
            return self._refusal(429, "http_too_many_requests", _SOON)
        running = self._pool.submit(self._receive, raw)
        running.add_done_callback(lambda _: self._places.release())
        try:
            return self._told(await asyncio.wrap_future(running))
        except NotEventsError as error:
            return self._refusal(422, "http_not_events", detail=str(error.params["detail"]))
        except TooManyEventsError as error:
            return self._refusal(413, "http_too_many_events", limit=int(str(error.params["limit"])))
        except _UNAVAILABLE as error:
            return self._unavailable(error)

    def _receive(self, raw: bytes) -> Received:
        received = self._receiver.receive(raw)
        # Here and not where the answer is made: what is stored counts, whether or not anybody waits for the answer.
        if self._count is not None:
            counts = received.counts
            self._count(inserted=counts.inserted, duplicate=counts.duplicate, quarantined=counts.quarantined)
        return received

    def _knows(self, header: str) -> bool:
        scheme, _, rest = header.strip().partition(" ")
        offered = (rest.strip() if scheme.lower() == "bearer" and rest else header.strip()).encode(
            "utf-8", "surrogateescape"
        )
        # Every key is compared in full: neither the time nor the order tells anything of them.
        found = [hmac.compare_digest(offered, key) for key in self._keys]
        return any(found)

    def _told(self, received: Received) -> JSONResponse:
        counts = received.counts.as_json()
        del counts["customers"]
        problems = [
            {
                "index": index,
                "reason": reason.code,
                "words": self._words.plain("intake", reason.code, **reason.params),
            }
            for index, reason in received.problems
        ]
        return JSONResponse({**counts, "problems": problems})

    def _unavailable(self, error: WarmlineError) -> JSONResponse:
        return self._refusal(503, "http_unavailable", _LATER, why=error.code)

    def _refusal(
        self, status: int, code: str, headers: Mapping[str, str] | None = None, /, **params: str | int
    ) -> JSONResponse:
        _log.warning("events_refused", status=status, why=params.get("why", code))
        shown = {name: value for name, value in params.items() if name != "why"}
        return JSONResponse(
            {"error": code.removeprefix("http_"), "words": self._words.plain("intake", code, **shown)},
            status_code=status,
            headers={"Connection": "close", **(headers or {})},
        )
