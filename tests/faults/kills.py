"""Kill the bot again and again in the midst of sweeps and deliveries, with a Slack that fails in every way.

``python -m tests.faults.kills --kills 100`` does it on SQLite and on PostgreSQL and prints what came of it. Each life of
the bot is a process of its own, ended by SIGKILL at a random instant. Afterwards the messages in the workspace are
counted, and the alerts are compared with those of a run that nobody disturbed.
"""

import argparse
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console
from rich.progress import Progress

from tests.faults.mix import HALF
from tests.faults.stage import (
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


def run(url: str, *, engine: str, kills: int, seed: int, progress: Progress | None = None) -> Report:
    """Let the bot live and die ``kills`` times on this empty database, then count."""
    started = time.monotonic()
    chance = random.Random(seed)
    furnish(url, seed, kills)
    slack = Slack(seed)
    task = progress.add_task(f"{engine}: kills", total=kills) if progress else None
    fork = multiprocessing.get_context("fork")
    try:
        slack.ask("faults", {"faults": HALF, "seed": seed}, "POST")
        for number in range(kills):
            life = fork.Process(
                target=live,
                args=(url, slack.addresses, f"life {number}", slack.crashes),
                kwargs={"sweeps": 0},
            )
            said = slack.calls()
            life.start()
            if chance.random() < 0.5:
                # However slow the machine is: half of the lives end while they speak with Slack.
                _until(lambda said=said: slack.calls() > said + 2)  # type: ignore[misc]
            time.sleep(chance.uniform(0.02, 1.2))
            assert life.pid is not None
            os.kill(life.pid, signal.SIGKILL)
            life.join()
            life.close()
            if progress and task is not None:
                progress.advance(task)
        calls, struck = slack.calls(), told(slack.ask("faults")["struck"])
        let_it_finish(url, slack, fork)
        return count(
            url, slack, engine=engine, kills=kills, calls=calls, struck=struck, seed=seed, started=started
        )
    finally:
        slack.close()


def _until(holds: Callable[[], bool], *, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.03)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="on each database")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    given = parser.parse_args()
    quiet()
    engines = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    console = Console(width=None if sys.stdout.isatty() else 140)
    reports = []
    with databases(engines) as urls, Progress(console=Console(file=sys.stderr)) as progress:
        for engine in engines:
            found = run(urls[engine], engine=engine, kills=given.kills, seed=given.seed, progress=progress)
            say(console, found)
            reports.append(found)
    console.print(table(f"{given.kills} kills with SIGKILL on each database, seed {given.seed}", reports))
    return 0 if all(one.clean for one in reports) else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
