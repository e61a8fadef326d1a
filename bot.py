"""Warmline's command line, and ``compose()``: the one place that knows every concrete part.

Nothing happens on import. The two clocks are made here: the business's now, and elapsed time.
"""

import contextlib
import functools
import gc
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TextIO

import click
from pydantic import ValidationError
from rich.console import Console
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from handlers import logs, tell
from handlers.cli.base import FAILED, Cli, Commands, Refused
from handlers.cli.db import db
from handlers.cli.doctor import doctor, slack_call
from handlers.cli.handover import hand_over
from handlers.cli.import_ import import_command
from handlers.cli.lifecycle import lifecycle
from handlers.cli.processes import processes
from handlers.cli.quarantine import quarantine
from handlers.cli.rules import rules
from handlers.cli.status import status
from handlers.cli.sweep import sweep
from handlers.cli.value import value
from handlers.context import Clock, Context
from handlers.deliver import Deliverer
from handlers.demo.furnish import Data, Demo, ahead_of, clear, people_of
from handlers.doctor import missing_for_run, refused_by_slack, say
from handlers.http import app as http
from handlers.http.events import router as events_router
from handlers.http.handover import Desk, Run
from handlers.http.health import database_probe, scheduler_probe, socket_probe, unsent_probe
from handlers.http.metrics import Metrics
from handlers.http.server import PortTakenError, Server
from handlers.http.slack import SlackReceiver
from handlers.schedule import Rhythm, Ticker
from handlers.slack.connection import Connection
from handlers.slack.directory import Directory
from handlers.slack.listeners import Listeners, register
from handlers.slack.punctual import PunctualClient
from handlers.slack.sender import Sender
from handlers.sweep import sweep as sweep_now
from playground.people import MAYA
from playground.server import Playground
from rules.alerts.colleague import Colleague, Found
from rules.alerts.retry import DeliveryPolicy
from rules.errors import WarmlineError
from rules.instants import HOUR, SECOND, Calendar, to_datetime
from settings import Settings
from storage.database import Database
from storage.errors import SecondWriterError, SweepRunningError
from templates.words import Words


def real_time() -> int:
    """Give milliseconds since 1970-01-01T00:00Z by this machine's clock."""
    return time.time_ns() // 1_000_000


# Who makes Slack fail at the page, and ends it, waits for seconds, not for minutes.
_DEMO_DELIVERY: Final = DeliveryPolicy(settle=5 * SECOND, blocked=15 * SECOND, max_backoff=10 * SECOND)


class BusinessClock:
    """The business's now: real time, moved to the demo's first hour, and on by as much as it was told to let pass."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> int:
        """Give the business's now."""
        return real_time() + self._ahead

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self._ahead += milliseconds


def context_of(settings: Settings, *, now: Clock = real_time) -> Context:
    """Make the context that these settings describe; the database is opened by its first transaction."""
    return Context(
        database=Database(settings.database_url),
        now=now,
        elapsed=real_time,
        calendar=Calendar.of(settings.business_timezone),
        currency=settings.currency,
        words=Words(settings.language),
        default_channel=settings.default_channel,
        managers=frozenset(settings.managers),
        customer_url=settings.customer_url,
    )


@dataclass(frozen=True, slots=True)
class Bot:
    """Everything that runs, put together; ``start`` and ``stop`` are each to be called once."""

    context: Context
    server: Server
    ticker: Ticker
    listeners: Listeners
    connection: Connection | None
    receiver: SlackReceiver | None

    def start(self) -> int:
        """Take the database, listen, begin to connect to Slack and to tick; gives the HTTP port."""
        self.context.database.acquire_writer()
        port = self.server.start()
        if self.connection is not None:
            self.connection.start()
        self.ticker.start()
        return port

    def stop(self) -> None:
        """Let what is under way end, in the order in which work comes in, and let go of the database."""
        if self.connection is not None:
            self.connection.stop()
        self.server.stop()
        if self.receiver is not None:
            self.receiver.stop()
        self.listeners.stop()
        self.ticker.stop()
        self.context.database.close()


def compose(
    settings: Settings,
    ctx: Context,
    *,
    policy: DeliveryPolicy | None = None,
    rhythm: Rhythm | None = None,
) -> Bot:
    """Put the bot together for these settings; nothing connects or listens before ``start``."""
    delivery = policy or DeliveryPolicy()
    client = PunctualClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        deadline_s=delivery.call_timeout / SECOND,
    )
    # What comes over HTTP is checked by the guard before Bolt sees it, and Socket Mode needs no signature.
    app = App(
        client=client,
        logger=logging.getLogger("slack_bolt"),
        request_verification_enabled=False,
        token_verification_enabled=False,
    )
    directory = Directory(client)
    elapsed = ctx.elapsed
    ctx = replace(ctx, whois=lambda name: directory.whois(name, now=elapsed()))
    metrics = Metrics(ctx)
    listeners = register(app, ctx, directory)
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    deliverer = Deliverer(
        ctx, Sender(client), tell.render, owner=owner, goes_on=tell.goes_on, policy=delivery
    )
    ticker = Ticker(ctx, deliverer, metrics, rhythm)
    probes = {
        "database": database_probe(ctx),
        "scheduler": scheduler_probe(ticker.last_tick, ctx.elapsed),
        "unsent": unsent_probe(ctx),
    }
    app_token = settings.slack_app_token.get_secret_value()
    connection, receiver = None, None
    if app_token:
        # A client of its own: this one bears the app's token, and may retry.
        socket_mode = SocketModeHandler(app, app_token, web_client=WebClient(base_url=settings.slack_api_url))
        connection = Connection(socket_mode.client)
        probes["socket"] = socket_probe(connection.is_open)
    else:
        signing_secret = settings.slack_signing_secret.get_secret_value()
        receiver = SlackReceiver(dispatch=app.dispatch, signing_secret=signing_secret, elapsed=ctx.elapsed)
    keys = [key.get_secret_value() for key in settings.ingest_keys]
    application = http.build(
        probes=probes,
        metrics=metrics,
        slack=receiver,
        ingest_router=events_router(ctx, keys, count=metrics.taken_in),
    )
    return Bot(
        context=ctx,
        server=Server(application, host=settings.host, port=settings.port),
        ticker=ticker,
        listeners=listeners,
        connection=connection,
        receiver=receiver,
    )


def _wait_for_the_end() -> None:
    """Return when the process is asked to end, by SIGTERM or Ctrl-C."""
    # Not an event: setting one from a handler waits for ever if the signal comes while the event holds its own lock.
    ended: SimpleQueue[None] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.put(None))
    ended.get()


@click.group(
    cls=Commands, help="Warmline: who is going cold, who is warming up, and what to do about it, in Slack."
)
def main() -> None:
    """Gather the commands."""


def _stays_here(command: Callable[..., None]) -> Callable[..., None]:
    """Keep a command that runs until it is told to end from being handed over: a second bot would run in the first."""

    @functools.wraps(command)
    def here(cli: Cli, *given: Any, **named: Any) -> None:
        if cli.guest:
            here_already = SecondWriterError(pid=os.getpid(), path=str(cli.context.database.path))
            raise Refused(cli.said(here_already))
        try:
            command(cli, *given, **named)
        except SecondWriterError as error:
            raise Refused(cli.said(error)) from error

    return here


@main.command("run")
@click.pass_obj
@_stays_here
def run(cli: Cli) -> None:
    """Run the bot until it is told to end (SIGTERM or Ctrl-C)."""
    missing = missing_for_run(cli.settings) or refused_by_slack(
        cli.settings, slack_call(cli.settings.slack_api_url)
    )
    if missing:
        for finding in missing:
            click.echo(say(cli.words, finding), err=True)
        sys.exit(FAILED)
    bot = compose(cli.settings, cli.context)
    _serve(cli, bot)


def _serve(cli: Cli, bot: Bot, ready: Callable[[int], None] | None = None) -> None:
    """Run ``bot`` until the process is asked to end; other commands may hand their work over meanwhile."""
    desk = Desk(bot.context.database, _in_this_process(cli))
    # What is loaded by now stays: looking through all of it for garbage, again and again, held answers up by 80 ms.
    gc.collect()
    gc.freeze()
    port = bot.start()
    desk.start()
    if ready is not None:
        ready(port)
    _wait_for_the_end()
    desk.stop()
    bot.stop()


@main.command("demo")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Where the page is; 0: the system chooses.",
)
@click.option(
    "--data",
    type=click.Choice([str(one) for one in Data]),
    default=str(Data.COMPANY),
    show_default=True,
    help="Whose customers: a simulated company's, or the real ones of a shop of long ago.",
)
@click.pass_obj
@_stays_here
def demo(_: Cli, port: int, data: str) -> None:
    """Run the bot and a Slack workspace on this machine, with customers of their own; the page opens in any browser."""
    # What a newcomer is to see is the page, not every sweep.
    logs.configure(level="WARNING")
    clock = BusinessClock()
    folder = Path(".demo")
    ctx: Context
    made: Demo
    slack = Playground(
        port, now=lambda: _local(ctx), advance=lambda length: _advance(ctx, clock, made, length)
    )
    try:
        # Bound, but not serving yet: who opens the page early waits for it, and the addresses are known.
        slack.bind()
    except OSError as error:
        raise PortTakenError(host="127.0.0.1", port=port, reason=error.strerror or str(error)) from error
    settings = Settings.given(
        database_url=f"sqlite:///{folder / 'warmline.db'}",
        slack_bot_token=slack.bot_token,
        slack_app_token=slack.app_token,
        slack_signing_secret=slack.signing_secret,
        slack_api_url=slack.api_url,
        business_timezone="UTC",
        currency="USD",
        language="en",
        managers=(MAYA,),
        default_channel="#customer-care",
        ingest_keys=(),
        customer_url="",
        host="127.0.0.1",
        port=0,
    )
    ctx = context_of(settings, now=clock)
    clock.advance(ahead_of(ctx.calendar, clock()))
    # A demo that runs already has this lock: it is asked for before anything of its is touched.
    ctx.database.acquire_writer()
    clear(folder)
    cli = Cli(settings, make=lambda _: ctx)
    agents = [person for person in slack.workspace.people() if person.role == "agent"]
    owners = {person.email: person.id for person in agents if person.email}
    # Slack does not answer yet: who is who is known without it.
    furnishing = replace(cli.context, whois=lambda name: Colleague(Found.THERE, owners[name]))
    made = Demo(furnishing, folder, people_of(Data(data), ctx, list(owners)))
    made.furnish(manager=MAYA, agents=list(owners.values()), console=Console(stderr=True))
    slack.start()
    bot = compose(settings, ctx, policy=_DEMO_DELIVERY, rhythm=Rhythm(deliver=SECOND // 4))
    ctx = bot.context
    _serve(cli, bot, lambda _: click.echo(f"\n  Warmline's demo is at {slack.url}/  (Ctrl-C ends it)\n"))
    slack.stop()


def _local(ctx: Context) -> str:
    """Give the business's date and time of day, as ``2026-11-22T14:05``."""
    return to_datetime(ctx.now()).astimezone(ctx.calendar.zone).strftime("%Y-%m-%dT%H:%M")


def _advance(ctx: Context, clock: BusinessClock, made: Demo, length: timedelta) -> str:
    """Let time pass hour by hour, with what happens and a sweep in each; give the business's new date and time."""
    for _ in range(length // timedelta(hours=1)):
        clock.advance(HOUR)
        made.catch_up()
        # The ticker may be at it: then its sweep is waited for.
        for _ in range(600):
            try:
                sweep_now(ctx)
            except SweepRunningError:
                time.sleep(0.1)
            else:
                break
    return _local(ctx)


def _in_this_process(cli: Cli) -> Run:
    def run_command(argv: list[str], *, folder: Path, out: TextIO, err: TextIO, given: str | None) -> int:
        # The context is shared: it is this process that holds the right to write.
        guest = Cli(cli.settings, make=lambda _: cli.context, folder=folder, guest=True)
        if given is not None:
            guest.given = given
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            return invoke(argv, guest)

    return run_command


def invoke(argv: Sequence[str], cli: Cli) -> int:
    """Run one command and give its exit code: 0 ok, 1 failed, 2 usage."""
    try:
        ended = main.main(args=list(argv), prog_name="bot.py", obj=cli, standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return FAILED
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else FAILED


def entry(argv: Sequence[str]) -> int:
    """Run the command line; where another process writes the SQLite database, the work is handed over to it."""
    logs.catch_crashes()
    try:
        settings = Settings.read()
    except ValidationError as error:
        for problem in error.errors():
            click.echo(f"{str(problem['loc'][0]).upper()}: {problem['msg']} (see .env.example)", err=True)
        return FAILED
    logs.configure(secrets=settings.secrets())
    cli = Cli(settings, make=context_of)
    try:
        try:
            return invoke(argv, cli)
        except SecondWriterError:
            path = (
                cli.context.database.path
                if "context" in cli.__dict__
                else Database(settings.database_url).path
            )
            given = cli.__dict__.get("given")
            done = (
                hand_over(path, argv, folder=Path.cwd(), out=sys.stdout, err=sys.stderr, given=given)
                if path
                else None
            )
            if done is None:
                raise
            return done
    except WarmlineError as error:
        click.echo(cli.said(error), err=True)
        return FAILED
    finally:
        cli.close()


for command in (import_command, sweep, status, rules, lifecycle, processes, value, quarantine, db, doctor):
    main.add_command(command)

if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
