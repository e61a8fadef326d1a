"""How soon Slack has its acknowledgement: fifty commands at once while a sweep runs, through the real receiver.

The bot's part (server, guard, Bolt, listeners, sweep) runs in this process, as it does in life; who calls is in another
one. Slack's own side (``auth.test`` and the URLs that answers go to) is a server of a few lines.
"""

import hashlib
import hmac
import itertools
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI
from numpy.random import default_rng
from slack_bolt import App
from slack_sdk import WebClient

from bench.company.people import external_id
from bench.measure import Figure, Goal, Measure, Unit, percentile, started
from bench.sweeps import touch
from bench.workbench import Place, Workbench
from handlers.http import app as http
from handlers.http.metrics import Metrics
from handlers.http.server import Server
from handlers.http.slack import SlackReceiver
from handlers.slack.directory import Directory
from handlers.slack.listeners import register
from handlers.sweep import sweep
from rules.instants import SECOND

SECRET: Final = "8f742231b10e8888abcd99yyyzzz85a5"
P99_GOAL: Final = 1.0
WORST_GOAL: Final = 3.0
"""What Slack waits for, in seconds: https://docs.slack.dev/interactivity/handling-user-interaction/"""
_ROUNDS: Final = 6
_ROOT: Final = Path(__file__).parents[1]
_HOST: Final = "127.0.0.1"
_triggers = itertools.count(1)


def acks(bench: Workbench) -> list[Measure]:
    """Measure acknowledgements, and against them ``/healthz``, which does nothing, as many at once and as busy."""
    place = bench.swept
    advance = bench.say(f"{bench.sizes.commands} commands at once", 2)
    idle: dict[str, Any] = {"method": "GET", "path": "/healthz", "headers": {}, "body": None}
    with started(), _slack() as answers_to, _bot(place, answers_to) as port:
        # Signed before any sweep moves the clock on.
        commands = [
            [_command(place, answers_to, number) for number in range(bench.sizes.commands)]
            for _ in range(_ROUNDS)
        ]
        with _sweeping(bench, place):
            taken = _called(port, commands)
            advance(1)
            health = _called(port, [[idle] * bench.sizes.commands] * _ROUNDS)
            advance(1)
    what = f"ack to Slack, {bench.sizes.commands} commands at once and a sweep running"
    return [
        Measure(
            "ack",
            f"{what}, {name}",
            Figure(percentile(taken, percent), Unit.SECONDS),
            Figure(percentile(health, percent), Unit.SECONDS, "/healthz"),
            goal=Goal(limit, of_value=True),
        )
        for name, percent, limit in (("p99", 99, P99_GOAL), ("the slowest", 100, WORST_GOAL))
    ]


def _command(place: Place, answers_to: str, number: int) -> dict[str, Any]:
    who = external_id(number * 7919 % place.shape.customers)
    name, said = (
        ("/customer", f"status {who}"),
        ("/customer", f"timeline {who}"),
        ("/alerts", ""),
        ("/rules", ""),
    )[number % 4]
    body = urlencode(
        {
            "command": name,
            "text": said,
            "user_id": "U1",
            "team_id": "T1",
            "channel_id": "C1",
            "trigger_id": f"1.{next(_triggers)}",
            "response_url": f"{answers_to}/answers",
        }
    )
    return {"method": "POST", "path": "/slack/events", "headers": _signed(body, place), "body": body}


def _signed(body: str, place: Place) -> Mapping[str, str]:
    at = place.clock.at // SECOND
    mark = hmac.new(SECRET.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256)
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={mark.hexdigest()}",
    }


def _called(port: int, rounds: list[list[dict[str, Any]]]) -> list[float]:
    given = json.dumps({"host": _HOST, "port": port, "rounds": rounds})
    done = subprocess.run(
        [sys.executable, "-m", "bench.caller"],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
    )
    if done.returncode:
        raise RuntimeError(f"the caller gave up: {done.stderr.strip()[-2000:]}")
    return [one for times in json.loads(done.stdout) for one in times]


@contextmanager
def _serving(app: FastAPI) -> Iterator[int]:
    server = Server(app, host=_HOST, port=0)
    port = server.start()
    try:
        yield port
    finally:
        server.stop()


@contextmanager
def _slack() -> Iterator[str]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/answers")
    def answers() -> str:
        return "ok"

    @app.post("/api/{method}")
    def call(method: str) -> dict[str, Any]:
        return {"ok": True, "method": method, "team_id": "T1", "user_id": "UB", "bot_id": "B1", "user": {}}

    with _serving(app) as port:
        yield f"http://{_HOST}:{port}"


@contextmanager
def _bot(place: Place, slack: str) -> Iterator[int]:
    client = WebClient(token="xoxb-bench", base_url=f"{slack}/api/", retry_handlers=[])
    app = App(
        client=client,
        logger=logging.getLogger("slack_bolt"),
        request_verification_enabled=False,
        token_verification_enabled=False,
    )
    # The guard's clock stands still while the sweep's is moved on: signatures are young, sweeps are many.
    at = place.clock.at
    listeners = register(app, place.ctx, Directory(client))
    receiver = SlackReceiver(dispatch=app.dispatch, signing_secret=SECRET, elapsed=lambda: at)
    try:
        with _serving(http.build(probes={}, metrics=Metrics(), slack=receiver)) as port:
            yield port
    finally:
        receiver.stop()
        listeners.stop()


@contextmanager
def _sweeping(bench: Workbench, place: Place) -> Iterator[None]:
    """Let sweeps in full run one after the other in a thread: more than life ever asks for."""
    ended = threading.Event()
    failed: list[Exception] = []

    def sweeps() -> None:
        chance = default_rng([bench.sizes.seed, 23])
        try:
            while not ended.is_set():
                touch(place, chance, 0.01)
                sweep(place.ctx, as_of=place.clock.tick(), full=True)
        except Exception as error:  # noqa: BLE001  raised again where the block ends
            failed.append(error)

    thread = threading.Thread(target=sweeps, name="sweeps")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if failed:
        raise failed[0]
