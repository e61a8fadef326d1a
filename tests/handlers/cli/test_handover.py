"""A command is done by the process that writes the database, as if it had been done here."""

import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import httpx
import pytest

from handlers.cli.handover import HandoverFailedError, HandoverLostError, hand_over
from handlers.http.handover import Desk
from storage import inbox
from storage.database import Database, lock_path_of, writer_of
from storage.errors import SecondWriterError
from tests.conftest import DatabaseUrls

# What the process that writes runs: it notes the first word in the database, and prints what it was given.
_WRITER = """
import sys, threading, time
from pathlib import Path
from handlers.http.handover import Desk
from storage import inbox
from storage.database import Database

database = Database(sys.argv[1])

def run(argv, *, folder, out, err, given):
    if argv[0] == "silent":
        time.sleep(2.5)
        return 0
    if argv[0] == "crash":
        raise ValueError("Ann Smith")
    with database.writing() as tx:
        inbox.first_time(tx, argv[0], now=1)
    print(argv, folder, out.isatty(), err.isatty(), file=out)
    print("progress ✓" if given is None else given, file=err)
    while argv[0] == "endless":
        print("still", file=err)
        time.sleep(0.02)
        Path(sys.argv[2]).write_text("at work")
    return 3

desk = Desk(database, run)
desk.start()
print("ready", flush=True)
sys.stdin.read()
desk.stop()
database.close()
"""


_CLIENT = """
import sys
from pathlib import Path
from handlers.cli.handover import hand_over

hand_over(Path(sys.argv[1]), ["endless"], folder=Path("/"), out=sys.stdout, err=sys.stderr)
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def writer(url: str, mark: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that writes the database and takes work."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_WRITER), url, str(mark)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def url(new_database_url: DatabaseUrls) -> str:
    return new_database_url("sqlite")


@pytest.fixture
def path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _hand_over(path: Path, *argv: str, within: float = 15.0) -> tuple[int | None, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = hand_over(path, argv, folder=Path("/some/where"), out=out, err=err, answer_within=within)
    return code, out.getvalue(), err.getvalue()


def test_the_other_process_does_it_and_its_output_and_code_come_here(
    url: str, path: Path, tmp_path: Path
) -> None:
    own = Database(url)
    with writer(url, tmp_path / "mark"):
        with pytest.raises(SecondWriterError):
            own.acquire_writer()
        code, out, err = _hand_over(path, "import", "ä b.csv", "--json", "\udcff")
        assert code == 3
        assert out == f"{['import', 'ä b.csv', '--json', chr(0xDCFF)]} /some/where False False\n"
        assert err == "progress ✓\n"
        terminal = Terminal()
        hand_over(path, ["x"], folder=Path("/"), out=io.StringIO(), err=terminal)
        piped = Terminal()
        hand_over(path, ["x"], folder=Path("/"), out=piped, err=io.StringIO())
        assert "/ True False" in piped.getvalue()
        told = io.StringIO()
        hand_over(path, ["x"], folder=Path("/"), out=io.StringIO(), err=told, given="a: ü\n")
        assert told.getvalue() == "a: ü\n\n"
    own.acquire_writer()
    with own.writing() as tx:
        assert not inbox.first_time(tx, "import", now=1)
    own.close()


def test_a_command_that_says_nothing_for_long_is_waited_for(url: str, path: Path, tmp_path: Path) -> None:
    with writer(url, tmp_path / "mark"):
        assert _hand_over(path, "silent", within=1.8) == (0, "", "")


def test_a_crash_over_there_is_told_with_a_reference_and_the_desk_stays_open(
    url: str, path: Path, tmp_path: Path
) -> None:
    with writer(url, tmp_path / "mark"):
        with pytest.raises(HandoverFailedError) as caught:
            _hand_over(path, "crash")
        assert len(str(caught.value.params["reference"])) == 12
        assert _hand_over(path, "after")[0] == 3


def test_a_process_that_is_killed_in_mid_command_is_said_to_be_lost(
    url: str, path: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    with writer(url, mark) as process:
        threading.Thread(target=_kill_when, args=(process, mark)).start()
        with pytest.raises(HandoverLostError):
            _hand_over(path, "endless")
        process.wait(10)
        assert _hand_over(path, "endless") == (None, "", "")


def test_a_process_that_hangs_makes_the_error_that_names_it(url: str, path: Path, tmp_path: Path) -> None:
    with writer(url, tmp_path / "mark") as process:
        process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(SecondWriterError) as caught:
                _hand_over(path, "import", within=0.5)
        finally:
            process.send_signal(signal.SIGCONT)
    assert caught.value.params == {"pid": process.pid, "path": str(path)}


def test_the_command_ends_when_the_one_who_asked_goes_away(url: str, path: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with writer(url, mark):
        client = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, str(path)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _until(mark.exists)
        client.kill()
        client.wait(10)

        def at_rest() -> bool:
            mark.unlink(missing_ok=True)
            time.sleep(0.2)
            return not mark.exists()

        _until(at_rest)
        # One at a time: the next gets its turn only because the endless one has ended.
        assert _hand_over(path, "next")[0] == 3


def test_nobody_writes_or_nobody_takes_work(url: str, path: Path) -> None:
    assert _hand_over(path, "import") == (None, "", "")
    holder = Database(url)
    holder.acquire_writer()
    assert _hand_over(path, "import") == (None, "", "")
    holder.close()


def test_a_port_where_somebody_else_listens_is_no_desk(url: str, path: Path) -> None:
    holder = Database(url)
    holder.acquire_writer()
    with socket.create_server(("127.0.0.1", 0)) as other:
        holder.announce({"port": other.getsockname()[1], "token": "x"})

        def answer() -> None:
            connection, _ = other.accept()
            connection.recv(1000)
            connection.sendall(b"220 mail.example.com ESMTP\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(SecondWriterError):
            _hand_over(path, "import")
    with pytest.raises(SecondWriterError):
        _hand_over(path, "import")
    holder.close()


@pytest.fixture
def desk(url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A desk in this process: its URL and the headers that it takes."""
    database = Database(url)

    def run(argv: list[str], *, folder: Path, out: TextIO, err: TextIO, given: str | None) -> int:
        out.write(" ".join(argv))
        return 0

    opened = Desk(database, run)
    opened.start()
    facts = writer_of(Path(url.removeprefix("sqlite:///")))
    yield f"http://127.0.0.1:{facts['port']}/command", {"Authorization": f"Bearer {facts['token']}"}
    opened.stop()
    assert writer_of(Path(url.removeprefix("sqlite:///"))) == {"pid": os.getpid()}
    database.close()


GOOD = {"argv": ["import", "x"], "folder": "/", "terminals": []}


def test_the_token_opens_the_desk(desk: tuple[str, dict[str, str]]) -> None:
    url, headers = desk
    answer = httpx.post(url, json=GOOD, headers=headers)
    assert [json.loads(line) for line in answer.text.splitlines() if line] == [
        {"out": "import x"},
        {"exit": 0},
    ]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer \u00e9"}, 401),
        ({"Host": "evil.example.com"}, 403),
        ({"Host": "localhost"}, 403),
        ({"Origin": "http://evil.example.com"}, 403),
    ],
)
def test_others_are_not_let_in(
    desk: tuple[str, dict[str, str]], changed: dict[str, str], status: int
) -> None:
    url, headers = desk
    sent = {name: value.encode("latin-1") for name, value in {**headers, **changed}.items()}
    assert httpx.post(url, json=GOOD, headers=sent).status_code == status  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"argv": "import", "folder": "/", "terminals": []}',
        b'{"argv": [1], "folder": "/", "terminals": []}',
        b'{"argv": [], "folder": 1, "terminals": []}',
        b'{"argv": [], "folder": "/"}',
        b'{"argv": [], "folder": "/", "terminals": [], "given": 1}',
        b'{"argv": ["' + b"x" * 8_000_000 + b'"], "folder": "/", "terminals": []}',
    ],
    ids=range(10),
)
def test_what_is_no_command_is_refused(desk: tuple[str, dict[str, str]], body: bytes) -> None:
    url, headers = desk
    assert httpx.post(url, content=body, headers=headers).status_code == 422


def test_the_token_is_for_the_owner_alone(desk: tuple[str, dict[str, str]], path: Path) -> None:
    assert stat.S_IMODE(lock_path_of(path).stat().st_mode) == 0o600


def test_where_all_may_write_there_is_no_desk(postgres_url: str) -> None:
    database = Database(postgres_url)

    def run(argv: list[str], *, folder: Path, out: TextIO, err: TextIO, given: str | None) -> int:
        raise AssertionError(argv)

    desk = Desk(database, run)
    desk.start()
    desk.stop()
    database.close()


def _kill_when(process: "subprocess.Popen[str]", mark: Path) -> None:
    _until(mark.exists)
    process.kill()


def _until(true: object) -> None:
    assert callable(true)
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
