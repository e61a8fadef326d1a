"""One process writes a SQLite file; what others are told meanwhile, with real processes and the real commands."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import httpx
import pytest

import bot
from handlers.cli.handover import hand_over
from handlers.demo.furnish import clear
from storage.database import Database, lock_path_of, writer_of

ROOT = Path(__file__).parents[2]
BOT = [sys.executable, str(ROOT / "bot.py")]
NOWHERE = "http://127.0.0.1:9/"
"""Nobody listens there: whatever is said to Slack, Slack is away."""


def environment(**changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "sqlite:///warmline.db",
        "SLACK_BOT_TOKEN": "xoxb-1-2-abc",
        "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
        "SLACK_API_URL": NOWHERE,
        "PORT": "0",
        **changes,
    }


def ask(
    folder: Path, *argv: str, given: str | None = None, **changes: str
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end, as somebody at a second terminal does."""
    return subprocess.run(
        [*BOT, *argv],
        cwd=folder,
        env=environment(**changes),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Running:
    """``bot.py run`` in a folder of its own."""

    def __init__(self, folder: Path, changes: Mapping[str, str]) -> None:
        self.folder = folder
        self._log = folder / "log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen([*BOT, "run"], cwd=folder, env=environment(**changes), stderr=log)

    def until_it_takes_work(self) -> None:
        deadline = time.monotonic() + 60
        while "port" not in writer_of(self.folder / "warmline.db"):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        return self._log.read_text()

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    started = Running(tmp_path, {})
    try:
        started.until_it_takes_work()
        yield started
    finally:
        assert started.end() == 0, started.log()


def test_commands_that_are_handed_over_answer_with_their_json(running: Running) -> None:
    (running.folder / "a.csv").write_text("customer,kind,occurred_at,amount\nC-1,purchase,2024-11-22,5\n")
    taken_in = ask(running.folder, "import", "a.csv", "--json")
    assert (taken_in.returncode, taken_in.stderr) == (0, "")
    assert json.loads(taken_in.stdout)["inserted"] == 1
    added = ask(running.folder, "rules", "add", "silent_month", "silent(purchase, 30d)", "--json")
    assert (added.returncode, added.stderr) == (0, "")
    assert json.loads(added.stdout)["rule"] == "silent_month"
    swept = ask(running.folder, "sweep", "--json")
    assert (swept.returncode, swept.stderr) == (0, "")
    assert [one["matched"] for one in json.loads(swept.stdout)["rules"]] == [1]
    # What comes over standard input goes along.
    book = "piped:\n  condition: silent(purchase, 30d)\n"
    imported = ask(running.folder, "rules", "import", "-", "--json", given=book)
    assert (imported.returncode, imported.stderr) == (0, "")
    assert json.loads(imported.stdout)["added"] == ["piped"]
    # What people read goes the same way.
    shown = ask(running.folder, "sweep")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "silent_month" in shown.stdout


def test_what_is_old_is_pruned_by_the_bot_that_runs_and_its_file_is_left_to_it(running: Running) -> None:
    (running.folder / "a.csv").write_text("customer,kind,occurred_at,amount\nC-1,purchase,2024-11-22,5\n")
    assert ask(running.folder, "import", "a.csv", "--json").returncode == 0
    pruned = ask(running.folder, "db", "prune", "--before", "2024-11-23", "--json")
    assert (pruned.returncode, pruned.stderr) == (0, "")
    assert json.loads(pruned.stdout)["kinds"] == {"purchase": 1}
    refused = ask(running.folder, "db", "vacuum")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"The bot runs (process {running.process.pid})" in refused.stderr


def test_a_second_bot_is_refused_with_a_sentence_and_runs_nowhere(running: Running) -> None:
    second = ask(running.folder, "run")
    assert (second.returncode, second.stdout) == (1, "")
    assert f"Another process (number {running.process.pid}) writes to warmline.db already" in second.stderr
    assert "Traceback" not in second.stderr
    # Nor by the desk, where an older program may hand it over all the same.
    for command in (["run"], ["demo", "--port", "0"]):
        out, err = io.StringIO(), io.StringIO()
        code = hand_over(running.folder / "warmline.db", command, folder=running.folder, out=out, err=err)
        assert (code, out.getvalue()) == (1, "")
        assert "Another process" in err.getvalue()
    assert not (running.folder / ".demo").exists()


def test_a_second_demo_touches_nothing_of_the_first(tmp_path: Path) -> None:
    folder = tmp_path / ".demo"
    path = folder / "warmline.db"
    first = Database(f"sqlite:///{path}")
    first.acquire_writer()
    held = lock_path_of(path).stat().st_ino
    path.write_text("the first demo's")
    (folder / "purchases.jsonl").write_text("the first demo's")
    second = ask(tmp_path, "demo", "--port", "0")
    assert (second.returncode, second.stdout) == (1, "")
    assert f"Another process (number {os.getpid()}) writes to .demo/warmline.db already" in second.stderr
    assert path.read_text() == (folder / "purchases.jsonl").read_text() == "the first demo's"
    assert lock_path_of(path).stat().st_ino == held
    # Nor does one that cannot have the port, which is found out before.
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = ask(tmp_path, "demo", "--port", str(other.getsockname()[1]))
    assert taken.returncode == 1
    assert "I cannot listen on 127.0.0.1" in taken.stderr
    assert path.read_text() == "the first demo's"
    # Whoever may forget it leaves the lock where it is.
    clear(folder)
    assert not path.exists()
    assert lock_path_of(path).stat().st_ino == held
    first.close()


def test_a_slack_that_cannot_be_reached_holds_up_nothing_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = Running(tmp_path, {"SLACK_APP_TOKEN": "xapp-1-A1-abc", "PORT": str(port)})
    try:
        away.until_it_takes_work()
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=20).status_code == 200
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=20)
        assert ready.status_code == 503
        parts = ready.json()["parts"]
        assert parts["socket"] == {"ok": False, "connected": "false"}
        assert parts["database"]["ok"]
        assert parts["scheduler"]["ok"]
        (tmp_path / "a.csv").write_text("customer,kind,occurred_at\nC-1,purchase,2024-11-22\n")
        assert json.loads(ask(tmp_path, "import", "a.csv", "--json").stdout)["inserted"] == 1
    finally:
        assert away.end() == 0, away.log()
    said = [json.loads(line) for line in away.log().splitlines()]
    # One warning for each attempt, and no other complaint.
    assert {(one["event"], one["level"]) for one in said} == {("slack_not_connected", "warning")}
    waits = [one["retry_in_seconds"] for one in said]
    assert waits == [1.0 * 2**n for n in range(len(waits))]


@pytest.mark.parametrize("port", ["-1", "65536", "99999"])
def test_a_port_that_there_is_not_is_an_error_of_usage(port: str) -> None:
    with pytest.raises(click.BadParameter, match="0<=x<=65535"):
        bot.main.commands["demo"].make_context("demo", ["--port", port])
