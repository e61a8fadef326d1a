"""The playground as a whole: puts its parts together, serves them, and stops.

The one module of the playground that knows every part.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.api import WebApi, arrived
from playground.control import Control, Resettable
from playground.deliver import Answer, Delivery
from playground.drawing import Drawing
from playground.faults import Faults, ResettableProtocol, distort, refusal
from playground.http_mode import HttpMode
from playground.interactions import Act, Interactions, NotPossibleError
from playground.limits import Pace, RefusedError
from playground.methods.session import Session
from playground.page import CONTENT_POLICY, Advance, Page, not_possible
from playground.people import COMMANDS, DEFAULT_SCOPES, Installation, SlashCommand
from playground.response_urls import ResponseUrls
from playground.socket_mode import SocketMode
from playground.trouble import Troubles
from playground.views import Views
from playground.workspace import Change, Clock, Workspace

START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0
_DEFAULT: Final = Installation()


class Playground(Resettable):
    """A Slack workspace at ``http://host:port/``; ``with Playground() as slack: …`` starts and stops it.

    ``advance(length)`` lets time pass in the business and gives its new date and time; without it the page has no such
    buttons. ``now()`` gives the business's date and time (``2026-11-22T14:05``; or the date alone), whenever it is
    asked; without it that is what ``advance`` gave last. ``request_url`` delivers to the app by signed POSTs instead of
    Socket Mode. ``post_interval_s`` and ``post_burst`` say how fast one may post to a channel (0: as one likes).
    ``clock`` gives seconds since 1970.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        advance: Advance | None = None,
        now: Callable[[], str] | None = None,
        scopes: frozenset[str] = DEFAULT_SCOPES,
        commands: tuple[SlashCommand, ...] = COMMANDS,
        bot_token: str = _DEFAULT.bot_token,
        app_token: str = _DEFAULT.app_token,
        signing_secret: str = _DEFAULT.signing_secret,
        request_url: str | None = None,
        post_interval_s: float = 1.0,
        post_burst: int = 2,
        seed: int | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._host = host
        self._wanted_port = port
        self.port = port
        installation = Installation(bot_token, app_token, signing_secret, scopes, commands)
        self.workspace = Workspace(clock=clock, installation=installation, now=now)
        self.workspace.set_now(f"{datetime.fromtimestamp(clock(), UTC):%Y-%m-%d}")
        self.faults = Faults(seed, lambda: self.workspace.tell(Change("trouble")))
        self.socket = SocketMode()
        self.views = Views(clock, lambda user: self.workspace.tell(Change("view", user=user)))
        self.pace = Pace(post_interval_s, post_burst)
        self._session = Session(self.workspace, self.views, self.pace, self._link)
        self.api = WebApi(self._session, self.faults)
        self.response_urls = ResponseUrls(self._session)
        delivery: Delivery = HttpMode(request_url, signing_secret, clock) if request_url else self.socket
        self.interactions = Interactions(
            self.workspace, self.views, self.response_urls, delivery, lambda: self.url
        )
        self.troubles = Troubles(self.workspace, self.faults)
        self._page = Page(
            self.workspace,
            Drawing(self.workspace),
            self.interactions,
            self.views,
            troubles=self.troubles,
            advance=advance,
        )
        self._control = Control(
            workspace=self.workspace,
            interactions=self.interactions,
            socket=self.socket,
            faults=self.faults,
            api=self.api,
            playground=self,
        )
        self._listener: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # where it is

    @property
    def url(self) -> str:
        """Give the page's address, without a slash at the end."""
        return f"http://{self._host}:{self.port}"

    @property
    def api_url(self) -> str:
        """Give what the app has as ``SLACK_API_URL``."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """Give the bot's token."""
        return self.workspace.installation.bot_token

    @property
    def app_token(self) -> str:
        """Give the app-level token for Socket Mode."""
        return self.workspace.installation.app_token

    @property
    def signing_secret(self) -> str:
        """Give the secret that requests of HTTP mode are signed with."""
        return self.workspace.installation.signing_secret

    def _link(self) -> str:
        return f"ws://{self._host}:{self.port}/link?ticket={self.socket.ticket()}"

    # what people do

    def command(self, user: str, channel: str, command: str, text: str = "") -> Answer:
        """Run a slash command as ``user``; returns when the app acknowledged it or did not."""
        return self.interactions.command(user, channel, command, text)

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        option: str | None = None,
        block_id: str | None = None,
    ) -> Answer:
        """Click a button, or choose the option of that value in a menu, as ``user``."""
        return self.interactions.act(Act(user, channel, ts, action_id, block_id, option))

    # changing it

    def set_now(self, now: str) -> None:
        """Set the business's date, or date and time, where no ``now()`` tells it: the page and new messages show it."""
        self.workspace.set_now(now)

    def change_installation(
        self, *, token_error: str | None = None, scopes: frozenset[str] | None = None
    ) -> None:
        """Make every call fail with ``token_error`` (``None``: no more), and grant other scopes if given."""
        current = self.workspace.installation
        self.workspace.installation = replace(
            current, token_error=token_error, scopes=current.scopes if scopes is None else scopes
        )

    def reset(self) -> None:
        """Forget messages, views, faults and calls."""
        self.faults.clear()
        self.views.reset()
        self.response_urls.reset()
        self.api.forget_calls()
        self.socket.copies = 1
        self.workspace.reset()

    # serving

    def _app(self) -> ASGIApp:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.include_router(self._page.router)
        app.include_router(self._control.router)
        app.add_route("/api/{method}", self.api.endpoint, methods=["GET", "POST"])
        app.add_route("/response/{key}", self._respond, methods=["POST"])
        app.router.routes.append(WebSocketRoute("/link", self.socket.endpoint))
        app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
        app.add_exception_handler(NotPossibleError, _sorry)
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[self._host, "127.0.0.1", "localhost"])
        return _Headers(app)

    async def _respond(self, request: Request) -> Response:
        """Take an answer at a response_url, with the faults that strike ``response_url``."""
        if not await arrived(request):
            return Response()
        fault = self.faults.pick("response_url")
        if fault and fault.when == "before":
            await asyncio.sleep(fault.seconds)
            if fault.is_refusal:
                return refusal(fault)
        answer = await self._responded(request)
        if fault and fault.when == "after" and fault.kind != "drip":
            await asyncio.sleep(fault.seconds)
        return distort(fault, answer) if fault and fault.is_distortion else answer

    async def _responded(self, request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError:
            return PlainTextResponse("invalid_payload", 400)
        if not isinstance(body, dict):
            return PlainTextResponse("invalid_payload", 400)
        try:
            self.response_urls.use(request.path_params["key"], body)
        except RefusedError as refused:
            gone = refused.error in ("used_url", "expired_url", "no_such_url")
            return JSONResponse(refused.body(), 404 if gone else 400)
        return PlainTextResponse("ok")

    def bind(self) -> Self:
        """Take the port, so that the addresses are known; who comes before `start` waits. Raises ``OSError``."""
        if self._listener is None:
            self._listener = socket.create_server((self._host, self._wanted_port))
            self.port = self._listener.getsockname()[1]
        return self

    def start(self) -> Self:
        """Serve in a thread of its own; returns when it answers. Raises ``OSError`` where the port is taken."""
        self.bind()
        listener, self._listener = self._listener, None
        assert listener is not None  # noqa: S101  (bound above)
        config = uvicorn.Config(
            self._app(),
            http=ResettableProtocol,
            ws="websockets-sansio",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._serve, args=(self._server, listener), name="playground", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the playground did not start")
            time.sleep(0.005)
        return self

    @staticmethod
    def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
        with listener, suppress(KeyboardInterrupt):
            server.run(sockets=[listener])

    def stop(self) -> None:
        """End all connections and stop serving; what the workspace holds can still be looked at."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._server is None or self._thread is None:
            return
        self._page.stop()
        self.socket.stop()
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


async def _sorry(request: Request, error: Exception) -> Response:  # noqa: ARG001  (an exception handler's form)
    assert isinstance(error, NotPossibleError)  # noqa: S101  (registered for it)
    return not_possible(error)


class _Headers:
    """Puts the headers on every answer that keep hostile content from doing anything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", CONTENT_POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        await self._app(scope, receive, sending)
