"""Slack over HTTP: ``POST /slack/events`` takes commands, clicks and events.

A guard stands before Bolt: size, headers, age, signature over the raw bytes, replay, and whether it can be read at all.
What passes runs in a bounded pool of threads, never on the event loop. It must not know what Slack asks for.
"""

import asyncio
import hashlib
import hmac
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from slack_bolt import BoltRequest, BoltResponse
from starlette.requests import ClientDisconnect

from handlers.context import Clock
from handlers.http import body
from rules.instants import SECOND

MAX_BODY: Final = 1_000_000
"""Bytes. Slack's largest requests, submissions of views, stay far below."""
MAX_AGE: Final = 300 * SECOND
"""What Slack recommends: https://docs.slack.dev/authentication/verifying-requests-from-slack/"""
_DRAIN: Final = 32 * MAX_BODY
"""So much of a refused body is read and thrown away, so that the sender gets to read the refusal."""
_READ_WITHIN: Final = 5.0
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}\Z")
_TO_BOLT: Final = ("content-type", "x-slack-retry-num", "x-slack-retry-reason")
"""Bolt obeys some headers of its own (``x-slack-bolt-lazy-only``); the signature covers none, so few go through."""

_log = structlog.get_logger(__name__)

Dispatch = Callable[[BoltRequest], BoltResponse]


class SlackReceiver:
    """Checks what claims to come from Slack and hands it to ``dispatch`` (``App.dispatch``) in a pool of threads.

    ``elapsed`` is real time. ``workers`` run at once and ``queue`` more may wait; beyond that the answer is 503. Bolt's
    own check of the signature can be off: what gets there has been checked, by the same rules and a clock that tests
    can set.
    """

    def __init__(
        self,
        *,
        dispatch: Dispatch,
        signing_secret: str,
        elapsed: Clock,
        workers: int = 16,
        queue: int = 64,
    ) -> None:
        if not signing_secret:
            raise ValueError("without a signing secret anybody could speak for Slack")
        self._dispatch = dispatch
        self._secret = signing_secret.encode()
        self._elapsed = elapsed
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="slack")
        self._places = threading.BoundedSemaphore(workers + queue)
        self._seen = _Seen()

    def router(self) -> APIRouter:
        """Serve ``POST /slack/events``."""
        routes = APIRouter()

        @routes.post("/slack/events")
        async def slack_events(request: Request) -> Response:
            return await self.receive(request)

        return routes

    def stop(self) -> None:
        """Let what was accepted finish; to be called when nothing new comes in."""
        self._pool.shutdown(wait=True)

    async def receive(self, request: Request) -> Response:
        """Answer one request; the event loop only reads bytes and hashes them."""
        try:
            async with asyncio.timeout(_READ_WITHIN):
                raw = await body.read(request, limit=MAX_BODY, drain=_DRAIN)
        except TimeoutError:
            return _refusal(408, "slow")
        except ClientDisconnect:
            return _refusal(400, "gone")
        if raw is None:
            return _refusal(413, "too_large")
        signature = request.headers.get("x-slack-signature", "")
        problem = self._unproven(request.headers, signature, raw)
        if problem:
            return _refusal(401, problem)
        text = _readable(request.headers.get("content-type", ""), raw)
        if text is None:
            # Signed, and yet broken: Slack sends no such thing, so whoever did is not believed to be Slack.
            return _refusal(401, "unreadable")
        return await self._run(request, text, signature)

    def _unproven(self, headers: Mapping[str, str], signature: str, raw: bytes) -> str | None:
        timestamp = headers.get("x-slack-request-timestamp", "")
        if not signature or not timestamp:
            return "unsigned"
        if not _TIMESTAMP.match(timestamp):
            return "bad_timestamp"
        signed_at, now = int(timestamp) * SECOND, self._elapsed()
        if abs(now - signed_at) > MAX_AGE:
            return "stale"
        wanted = "v0=" + hmac.new(self._secret, f"v0:{timestamp}:".encode() + raw, hashlib.sha256).hexdigest()
        # Bytes: compare_digest refuses text that is not ASCII, and the header is whatever somebody sent.
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
            return "wrong_signature"
        # Slack's own repetitions are signed anew and pass; the inbox sees to it that they act once. Of several
        # processes each remembers its own; there, too, the inbox is what keeps a replay from acting.
        if not self._seen.first_time(signature, until=signed_at + MAX_AGE, now=now):
            return "replayed"
        return None

    async def _run(self, request: Request, text: str, signature: str) -> Response:
        if not self._places.acquire(blocking=False):
            self._seen.forget(signature)
            return _refusal(503, "busy", {"Retry-After": "1"})
        asked = BoltRequest(
            body=text,
            headers={name: request.headers[name] for name in _TO_BOLT if name in request.headers},
        )
        try:
            running: Future[BoltResponse] = self._pool.submit(self._dispatch, asked)
        except RuntimeError:  # the pool is shut down: the process stops
            self._places.release()
            self._seen.forget(signature)
            return _refusal(503, "stopping", {"Retry-After": "5"})
        running.add_done_callback(lambda _: self._places.release())
        said = await asyncio.wrap_future(running)
        return Response(said.body, status_code=said.status, headers=said.first_headers_without_set_cookie())


class _Seen:
    """Signatures that were accepted and are still young enough to be accepted again."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, int] = OrderedDict()

    def first_time(self, signature: str, *, until: int, now: int) -> bool:
        # In the order of arrival, which is that of age but for Slack's clock being off by a little: good enough to
        # let go of the old ones, as each is kept at least as long as it would be accepted.
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] >= now:
                break
            del self._until[oldest]
        if signature in self._until:
            return False
        self._until[signature] = until
        return True

    def forget(self, signature: str) -> None:
        self._until.pop(signature, None)


def _readable(content_type: str, raw: bytes) -> str | None:
    """Give the body as text where Bolt will be able to read it: a JSON object, or a form whose payload is one."""
    try:
        text = raw.decode("utf-8")
        if content_type.partition(";")[0].strip().lower() == "application/json" or text.startswith("{"):
            return text if isinstance(json.loads(text), dict) else None
        form = parse_qs(text, keep_blank_values=True, strict_parsing=True, max_num_fields=200)
        if "payload" in form and not isinstance(json.loads(form["payload"][0]), dict):
            return None
    except (ValueError, RecursionError):
        return None
    return text


def _refusal(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    _log.warning("slack_request_refused", status=status, why=why)
    return PlainTextResponse(why, status_code=status, headers={"Connection": "close", **(headers or {})})
