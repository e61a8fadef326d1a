"""Where other commands hand their work over: one process writes a SQLite file, so the others ask it to.

The desk listens on loopback only, at a port of the system's choice, and takes work from whoever could read the lock
file beside the database: its token stands there, readable for the owner alone. It must not know any command.
"""

import asyncio
import hmac
import io
import json
import secrets
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TextIO, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from handlers.http import body
from handlers.http.server import Server
from storage.database import Database

LOOPBACK: Final = "127.0.0.1"
HEARTBEAT: Final = 1.0
"""Seconds after which a command that says nothing is said to be still at work."""
_MAX_BODY: Final = 8_000_000
"""Bytes; a command's standard input is among them."""

_log = structlog.get_logger(__name__)


class Run(Protocol):
    """Runs one command in this process and gives its exit code; it may print to the two streams only."""

    def __call__(self, argv: list[str], *, folder: Path, out: TextIO, err: TextIO, given: str | None) -> int:
        """Run ``argv``, whose relative paths begin in ``folder``; ``given`` is what stands on its standard input."""
        ...


class Desk:
    """Takes the commands of other processes, one at a time, for as long as this process writes the database."""

    def __init__(self, database: Database, run: Run) -> None:
        self._database = database
        self._run = run
        self._token = secrets.token_urlsafe(32)
        self._one_at_a_time = threading.Lock()
        self._server: Server | None = None

    def start(self) -> None:
        """Open the desk and announce it in the lock file; on PostgreSQL, where all may write, there is no need."""
        if self._database.path is None:
            return
        self._database.acquire_writer()
        self._server = Server(self._app(), host=LOOPBACK, port=0)
        self._database.announce({"port": self._server.start(), "token": self._token})

    def stop(self) -> None:
        """Close the desk; a command under way is told that nobody listens any more."""
        if self._server is None:
            return
        self._database.announce({})
        self._server.stop()
        self._server = None

    def _app(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

        @app.post("/command")
        async def command(request: Request) -> Response:
            return await self._take(request)

        return app

    async def _take(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {self._token}".encode()):
            return PlainTextResponse("unauthorized", status_code=401)
        # A page in a browser cannot know the token; should it ever, it still calls us by another name than this.
        if request.headers.get("host", "").rpartition(":")[0] != LOOPBACK or "origin" in request.headers:
            return PlainTextResponse("forbidden", status_code=403)
        asked = _asked(await body.read(request, limit=_MAX_BODY, drain=_MAX_BODY))
        if asked is None:
            return PlainTextResponse("not a command", status_code=422)
        return StreamingResponse(self._answer(asked), media_type="application/x-ndjson")

    async def _answer(self, asked: "_Asked") -> AsyncIterator[bytes]:
        relay = _Relay(asyncio.get_running_loop())
        worker = threading.Thread(target=self._work, args=(relay, asked), name="handed-over", daemon=True)
        worker.start()
        try:
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        line = await relay.lines.get()
                except TimeoutError:
                    yield b"\n"
                    continue
                yield json.dumps(line).encode() + b"\n"
                if "exit" in line or "failed" in line:
                    return
        finally:
            relay.gone.set()

    def _work(self, relay: "_Relay", asked: "_Asked") -> None:
        out, err = (cast("TextIO", _Stream(relay, name, name in asked.terminals)) for name in ("out", "err"))
        try:
            with self._one_at_a_time:
                relay.still_heard()
                code = self._run(asked.argv, folder=asked.folder, out=out, err=err, given=asked.given)
            end: dict[str, Any] = {"exit": code}
        except _GoneError:
            _log.info("handed_over_command_abandoned")
            return
        except Exception:  # noqa: BLE001  (whatever it was, the one who asked gets to know where to look)
            reference = secrets.token_hex(6)
            _log.exception("handed_over_command_failed", reference=reference)
            end = {"failed": reference}
        try:
            relay.send(end)
        except _GoneError:
            _log.info("handed_over_command_unheard")


class _GoneError(BrokenPipeError):
    """Whoever handed the command over does not listen any more."""


class _Relay:
    """Carries lines from the thread that works to the event loop that sends them, no faster than they are taken."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=64)
        self.gone = threading.Event()

    def still_heard(self) -> None:
        if self.gone.is_set():
            raise _GoneError

    def send(self, line: dict[str, Any]) -> None:
        self.still_heard()
        try:
            put = asyncio.run_coroutine_threadsafe(self.lines.put(line), self._loop)
        except RuntimeError as error:  # the loop is closed: the process stops
            raise _GoneError from error
        while True:
            try:
                put.result(HEARTBEAT)
            except TimeoutError:
                if self.gone.is_set():
                    put.cancel()
                    raise _GoneError from None
            else:
                return


class _Stream(io.TextIOBase):
    """One of the command's two outputs; a terminal where the one who asked has one."""

    encoding = "utf-8"

    def __init__(self, relay: _Relay, name: str, terminal: bool) -> None:
        self._relay = relay
        self._name = name
        self._terminal = terminal

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        # Who does not know whether a stream takes text or bytes tries bytes (click does), and goes by this error.
        if not isinstance(text, str):
            raise TypeError(f"a text stream takes str, not {type(text).__name__}")
        if text:
            self._relay.send({self._name: text})
        return len(text)


class _Asked(NamedTuple):
    """A command as it was handed over."""

    argv: list[str]
    folder: Path
    terminals: list[str]
    given: str | None


def _asked(raw: bytes | None) -> _Asked | None:
    try:
        asked = json.loads(raw or b"")
        argv, folder, terminals = asked["argv"], asked["folder"], asked["terminals"]
        given = asked.get("given")
    except (ValueError, RecursionError, TypeError, KeyError):
        return None
    if not _texts(argv) or not _texts(terminals) or not isinstance(folder, str):
        return None
    if not (given is None or isinstance(given, str)):
        return None
    return _Asked(argv, Path(folder), terminals, given)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
