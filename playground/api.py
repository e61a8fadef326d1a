"""The Web API over HTTP: tokens, scopes, bodies, faults, and the answer as Slack words it.

What the methods do stands in ``playground.methods``. It must not know the page.
"""

import asyncio
import json
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from playground.faults import Fault, Faults, distort, ratelimited, refusal
from playground.limits import RefusedError
from playground.methods import chat, conversations, people, view_methods
from playground.methods.session import RateLimitedError, Session
from playground.workspace import JSON

BODY_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Method:
    """A method: what it does, and the scopes any one of which it asks for; ``app_token`` where it takes that one."""

    run: Callable[[Session, JSON], JSON]
    scopes: tuple[str, ...] = ()
    app_token: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call that arrived, for tests to count: when (seconds), what was asked, and what the answer was."""

    at: float
    method: str
    args: JSON
    accepted: bool
    outcome: str


def _open_connection(session: Session, args: JSON) -> JSON:  # noqa: ARG001  (every method has this form)
    return {"url": session.link()}


_READ: Final = ("channels:read", "groups:read", "mpim:read", "im:read")
_HISTORY: Final = ("channels:history", "groups:history", "mpim:history", "im:history")
METHODS: Final[dict[str, Method]] = {
    "auth.test": Method(people.auth_test),
    "apps.connections.open": Method(_open_connection, app_token=True),
    "chat.postMessage": Method(chat.post_message, ("chat:write",)),
    "chat.update": Method(chat.update, ("chat:write",)),
    "chat.delete": Method(chat.delete, ("chat:write",)),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink),
    "conversations.list": Method(conversations.list_all, _READ),
    "conversations.info": Method(conversations.info, _READ),
    "conversations.history": Method(conversations.history, _HISTORY),
    "conversations.replies": Method(conversations.replies, _HISTORY),
    "conversations.open": Method(conversations.open_direct, ("im:write", "mpim:write")),
    "conversations.join": Method(conversations.join, ("channels:join",)),
    "users.info": Method(people.info, ("users:read",)),
    "users.list": Method(people.list_all, ("users:read",)),
    "users.lookupByEmail": Method(people.lookup_by_email, ("users:read.email",)),
    "usergroups.list": Method(people.groups, ("usergroups:read",)),
    "usergroups.users.list": Method(people.group_users, ("usergroups:read",)),
    "views.open": Method(view_methods.open_modal),
    "views.push": Method(view_methods.push),
    "views.update": Method(view_methods.update),
    "views.publish": Method(view_methods.publish),
}


class WebApi:
    """The endpoint ``/api/<method>``."""

    def __init__(self, session: Session, faults: Faults) -> None:
        self._session = session
        self._faults = faults
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=100_000)
        self._arrived = 0

    def calls(self, method: str | None = None) -> tuple[Call, ...]:
        """Give the calls that arrived, in order; of one ``method`` where it is named."""
        with self._lock:
            return tuple(call for call in self._calls if method in (None, call.method))

    def arrived(self) -> int:
        """Give how many calls arrived since the workspace began, those that are forgotten by now, too."""
        with self._lock:
            return self._arrived

    def forget_calls(self) -> None:
        """Forget the calls that arrived."""
        with self._lock:
            self._calls.clear()

    async def endpoint(self, request: Request) -> Response:
        """Answer one call, with the faults that strike it."""
        method = request.path_params["method"]
        if not await arrived(request):
            return Response()
        given = await request.body()
        fault = self._faults.pick(method, partial(_bears, given), await self._channel_of(request))
        if fault and fault.when == "before":
            await asyncio.sleep(0 if fault.kind == "lag" else fault.seconds)
            if fault.is_refusal:
                self._note(method, {}, accepted=False, outcome=fault.kind)
                return refusal(fault)
        answer = await self._answer(request, method, fault)
        if fault and fault.when == "after" and fault.kind != "drip":
            await asyncio.sleep(fault.seconds)
        return distort(fault, answer) if fault and fault.is_distortion else answer

    async def _channel_of(self, request: Request) -> str:
        """Give the id of the channel that a call is about, or nothing."""
        try:
            named = str((await _arguments(request)).get("channel") or "")
        except RefusedError:
            return ""
        found = self._session.workspace.channel(named) if named else None
        return found.id if found else ""

    async def _answer(self, request: Request, method: str, fault: Fault | None) -> Response:
        args: JSON = {}
        headers = {
            "X-OAuth-Scopes": ",".join(sorted(self._session.scopes)),
            "X-Accepted-OAuth-Scopes": ",".join(METHODS[method].scopes) if method in METHODS else "",
            "Cache-Control": "no-store",
        }
        try:
            args = await _arguments(request)
            if fault and fault.kind == "stray":
                args.pop("thread_ts", None)
            lag = fault.seconds if fault and fault.kind == "lag" else 0.0
            body = self._run(method, args, _token(request, args), replace(self._session, lag=lag))
        except RateLimitedError as limit:
            self._note(method, args, accepted=False, outcome="ratelimited")
            return ratelimited(max(1, math.ceil(limit.seconds)))
        except RefusedError as refused:
            self._note(method, args, accepted=False, outcome=refused.error)
            return JSONResponse(refused.body(), headers=headers)
        self._note(method, args, accepted=True, outcome="ok")
        return JSONResponse({"ok": True, **body}, headers=headers)

    def _run(self, name: str, args: JSON, token: str | None, session: Session) -> JSON:
        method = METHODS.get(name)
        if method is None:
            raise RefusedError("unknown_method", fields={"req_method": name})
        installed = self._session.workspace.installation
        if not token:
            raise RefusedError("not_authed")
        if token not in (installed.app_token, installed.bot_token):
            raise RefusedError("invalid_auth")
        if installed.token_error:
            raise RefusedError(installed.token_error)
        if (token == installed.app_token) != method.app_token:
            raise RefusedError("not_allowed_token_type")
        session.need(*method.scopes)
        return method.run(session, args)

    def _note(self, method: str, args: JSON, *, accepted: bool, outcome: str) -> None:
        known = {name: value for name, value in args.items() if name != "token"}
        with self._lock:
            self._arrived += 1
            self._calls.append(Call(self._session.workspace.clock(), method, known, accepted, outcome))


async def arrived(request: Request) -> bool:
    """Wait until the whole request is here; tell whether it came whole. From then on its sender may be gone."""
    try:
        await request.body()
    except ClientDisconnect:
        return False
    return True


def _bears(body: bytes, name: str) -> bool:
    """Tell whether a form or a JSON body has an argument of that name with something in it."""
    try:
        given = json.loads(body) if body.lstrip().startswith(b"{") else dict(parse_qsl(body.decode()))
    except ValueError:
        return False
    return given.get(name) not in (None, "", "[]", "{}", [], {})


def _token(request: Request, args: JSON) -> str | None:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and value.strip():
        return value.strip()
    given = args.get("token")
    return str(given) if given else None


async def _arguments(request: Request) -> JSON:
    """Read the arguments of a call from its query, form or JSON body. Raises `RefusedError` as Slack refuses them."""
    args: JSON = dict(request.query_params)
    if request.method != "POST":
        return args
    raw = await request.body()
    if len(raw) > BODY_BYTES:
        raise RefusedError("request_too_large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = raw.decode()
        given: JSON
        if kind == "application/json":
            read = json.loads(text or "{}")
            if not isinstance(read, dict):
                raise RefusedError("json_not_object")
            given = read
        elif kind == "application/x-www-form-urlencoded":
            given = dict(parse_qsl(text, keep_blank_values=True))
        elif not text:
            given = {}
        else:
            raise RefusedError("invalid_post_type" if kind else "missing_post_type")
    except UnicodeDecodeError as failure:
        raise RefusedError("invalid_charset") from failure
    except ValueError as failure:
        raise RefusedError("invalid_json") from failure
    return args | given
