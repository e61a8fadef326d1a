"""Several processes of the bot on one PostgreSQL, which are stopped, continued and killed, and so are their connections.

``python -m tests.faults.herd --seconds 120`` lets four of them share the work under a Slack that fails half of the time.
A process is stopped by SIGSTOP, wherever it is, for up to more than twice as long as the lease of what it carries, and goes on
then as if nothing had happened; random backends of the database are terminated; now and then a process is killed, and
another takes its place. Afterwards the messages in the workspace are counted, and the alerts are compared with those of
a run that nobody disturbed.
"""

import argparse
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from rich.console import Console

from tests.faults.mix import HALF
from tests.faults.stage import (
    POLICY,
    Report,
    Slack,
    count,
    databases,
    furnish,
    let_it_finish,
    live,
    quiet,
    say,
    table,
    told,
)

PROCESSES = 4
SWEEP_EVERY = 400
"""Milliseconds between two days, whoever sweeps them."""
_BETWEEN = 0.15
_TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM (
  SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  ORDER BY random() LIMIT %s
) AS chosen
"""


@dataclass
class Herd:
    """The processes; ``stopped`` until when, by number."""

    url: str
    slack: Slack
    chance: random.Random
    fork: Any = field(default_factory=lambda: multiprocessing.get_context("fork"))
    lives: list[Any] = field(default_factory=list)
    stopped: dict[int, float] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def begin(self, number: int) -> None:
        life = self.fork.Process(
            target=live,
            args=(self.url, self.slack.addresses, f"life {len(self.lives)} {number}", self.slack.crashes),
            kwargs={"sweeps": SWEEP_EVERY},
        )
        life.start()
        self.lives[number : number + 1] = [life]

    def disturb(self, server: "psycopg.Connection[Any]") -> None:
        """Do one of the things that happen to processes and servers."""
        now = time.monotonic()
        for number in [one for one, until in self.stopped.items() if until <= now]:
            self._continue(number)
        match self.chance.choices(["stop", "terminate", "kill", "nothing"], [5, 3, 0.5, 3])[0]:
            case "stop" if len(self.stopped) < len(self.lives) - 1:
                number = self.chance.choice([n for n in range(len(self.lives)) if n not in self.stopped])
                os.kill(self.lives[number].pid, signal.SIGSTOP)
                # Some for an instant, some for longer than the lease of what they carry.
                self.stopped[number] = (
                    now + self.chance.choice([0.1, 0.5, 1.2, 1.8, 2.4]) * POLICY.lease / 1000
                )
                self.done["stopped"] += 1
            case "terminate":
                ended = server.execute(_TERMINATE, (self.chance.randint(1, 3),)).fetchone()
                self.done["backends terminated"] += ended[0] if ended else 0
            case "kill":
                number = self.chance.randrange(len(self.lives))
                self.stopped.pop(number, None)
                self._kill(number)
                self.begin(number)
                self.done["killed"] += 1

    def end(self) -> None:
        """Let those who stand still go on for a moment, with what they still believe to hold; then end them all."""
        for number in list(self.stopped):
            self._continue(number)
        time.sleep(0.3)
        for number in range(len(self.lives)):
            self._kill(number)

    def _continue(self, number: int) -> None:
        del self.stopped[number]
        os.kill(self.lives[number].pid, signal.SIGCONT)
        self.done["continued"] += 1

    def _kill(self, number: int) -> None:
        self.lives[number].kill()
        self.lives[number].join()


def run(url: str, *, seconds: float, seed: int, processes: int = PROCESSES) -> tuple[Report, Counter[str]]:
    """Let the processes share the work on this empty database for so long, then count."""
    started = time.monotonic()
    furnish(url, seed, int(seconds * 1000 / SWEEP_EVERY))
    slack = Slack(seed)
    herd = Herd(url, slack, random.Random(seed))
    try:
        slack.ask("faults", {"faults": HALF, "seed": seed}, "POST")
        for number in range(processes):
            herd.begin(number)
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as server:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(_BETWEEN)
                herd.disturb(server)
        herd.end()
        calls, struck = slack.calls(), told(slack.ask("faults")["struck"])
        let_it_finish(url, slack, herd.fork)
        report = count(
            url,
            slack,
            engine="postgresql",
            kills=herd.done["killed"],
            calls=calls,
            struck=struck,
            seed=seed,
            started=started,
        )
    finally:
        for life in herd.lives:
            life.kill()
        slack.close()
    return report, herd.done


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.herd", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    quiet()
    console = Console(width=None if sys.stdout.isatty() else 140)
    with databases(["postgresql"]) as urls:
        found, done = run(
            urls["postgresql"], seconds=given.seconds, seed=given.seed, processes=given.processes
        )
    say(console, found)
    console.print(f"what happened: {dict(done)}", soft_wrap=True, highlight=False)
    console.print(table(f"{given.processes} processes for {given.seconds:.0f} s, seed {given.seed}", [found]))
    return 0 if found.clean else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
