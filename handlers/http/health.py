"""Is it up, and is it ready: ``/healthz`` and ``/readyz``.

The parts that must be in order are given as callables, so that nothing here knows what they are of. A part that hangs
makes its line say so and holds nobody up.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from handlers.context import Clock, Context
from rules.instants import MINUTE, SECOND
from storage import outbox, schema

_ANSWER_WITHIN: Final = 2.0
UNSENT_LIMIT: Final = 15 * MINUTE
"""A message that waits longer than this means that Slack is not being reached. A digest of a few hundred replies may
take some minutes at one a second; this must lie above."""
TICK_LIMIT: Final = 90 * SECOND
"""The scheduler ticks several times a minute."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """How one part is: in order or not, and a few plain facts (no secrets, no customers' data)."""

    ok: bool
    facts: Mapping[str, str | int | float | None]


TROUBLE_REMEMBERED: Final = 60.0
"""Seconds. Work that writes comes around more than once in it; some of it may go through while other work does not."""

Probe = Callable[[], Part]


def router(probes: Mapping[str, Probe]) -> APIRouter:
    """Serve ``/healthz`` (200 while the process answers) and ``/readyz`` (200, or 503 with the part that is not)."""
    routes = APIRouter()
    asked = {name: _Asked(name, probe) for name, probe in probes.items()}

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    def readyz() -> JSONResponse:
        waiting = [(name, one.begin()) for name, one in asked.items()]
        found = {name: asked[name].answer(call) for name, call in waiting}
        ready = all(part.ok for part in found.values())
        body = {
            "status": "ready" if ready else "not_ready",
            "parts": {name: {"ok": part.ok, **part.facts} for name, part in found.items()},
        }
        return JSONResponse(body, status_code=200 if ready else 503, headers={"Cache-Control": "no-store"})

    return routes


def database_probe(ctx: Context, *, remembered: float = TROUBLE_REMEMBERED) -> Probe:
    """Ask whether the database answers, is of this code's version, and takes what is written.

    Trouble that somebody has to see to, such as a full disk, is remembered for so many seconds after it was last met.
    """

    def probe() -> Part:
        found, wanted = schema.revisions(ctx.database)
        trouble = ctx.database.trouble(within=remembered)
        facts: dict[str, str | None] = {"engine": ctx.database.dialect, "revision": found}
        if trouble is not None:
            facts["problem"] = trouble.code
        return Part(found == wanted and trouble is None, facts)

    return probe


def unsent_probe(ctx: Context, *, limit: int = UNSENT_LIMIT) -> Probe:
    """Ask for the age of the oldest message that waits to be sent; ``limit`` in milliseconds."""

    def probe() -> Part:
        with ctx.database.reading() as tx:
            made = outbox.waiting(tx).oldest
        age = None if made is None else max(0, ctx.elapsed() - made)
        return Part(age is None or age <= limit, {"oldest_seconds": None if age is None else age / 1000})

    return probe


def socket_probe(connected: Callable[[], bool]) -> Probe:
    """Ask whether Slack's socket is open."""

    def probe() -> Part:
        is_open = connected()
        return Part(is_open, {"connected": str(is_open).lower()})

    return probe


def scheduler_probe(last_tick: Callable[[], int | None], elapsed: Clock, *, limit: int = TICK_LIMIT) -> Probe:
    """Ask when the scheduler last ticked (elapsed time, milliseconds; None before the first); ``limit`` likewise."""

    def probe() -> Part:
        ticked = last_tick()
        age = None if ticked is None else elapsed() - ticked
        return Part(
            age is not None and age <= limit, {"last_tick_seconds": None if age is None else age / 1000}
        )

    return probe


class _Call:
    """One question under way."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.part = Part(False, {"problem": "no answer yet"})


class _Asked:
    """Asks one part, at most once at a time, in a thread that may hang without holding anybody up."""

    def __init__(self, name: str, probe: Probe) -> None:
        self._name = name
        self._probe = probe
        self._mutex = threading.Lock()
        self._under_way: _Call | None = None

    def begin(self) -> _Call:
        with self._mutex:
            if self._under_way is None:
                self._under_way = _Call()
                threading.Thread(
                    target=self._run, args=(self._under_way,), name=f"probe-{self._name}", daemon=True
                ).start()
            return self._under_way

    def answer(self, call: _Call) -> Part:
        call.done.wait(_ANSWER_WITHIN)
        return call.part

    def _run(self, call: _Call) -> None:
        try:
            call.part = self._probe()
        except Exception as error:  # noqa: BLE001  (see below)
            # Whatever a part fails with, the answer is that it is not in order; the log has the place.
            _log.exception("probe_failed", part=self._name)
            call.part = Part(False, {"problem": type(error).__name__})
        finally:
            with self._mutex:
                self._under_way = None
            call.done.set()
