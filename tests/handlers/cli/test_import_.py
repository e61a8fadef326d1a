"""``import`` on the command line: one JSON object, or a table; a clear sentence where a file is wrong."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.cli.base import Cli, Commands
from handlers.cli.import_ import import_command
from handlers.cli.quarantine import quarantine
from settings import Settings
from storage.database import Database
from tests import contexts
from tests.conftest import DatabaseUrls

HEADER = "customer,kind,occurred_at,amount\n"


def run(url: str, folder: Path, *arguments: str) -> Result:
    group = Commands(commands={"import": import_command, "quarantine": quarantine})
    settings = Settings(_env_file=None, database_url=url)  # type: ignore[call-arg]
    cli = Cli(
        settings=settings, make=lambda given: contexts.context(Database(given.database_url)), folder=folder
    )
    try:
        return CliRunner().invoke(group, arguments, obj=cli)
    finally:
        cli.close()


def test_json_is_one_object(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "C-1,purchase,2026-11-22,5\nC-1,purchase,2026-11-22,x\n")
    done = run(database_url, tmp_path, "import", "a.csv", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "read": 2,
        "inserted": 1,
        "duplicate": 0,
        "quarantined": 1,
        "customers": 1,
    }
    again = json.loads(run(database_url, tmp_path, "import", str(tmp_path / "a.csv"), "--json").stdout)
    assert (again["inserted"], again["duplicate"]) == (0, 1)


def test_people_get_a_table_and_progress_elsewhere(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "C-1,purchase,2026-11-22,5\nC-1,purchase,2026-11-22,x\n")
    done = run(new_database_url("sqlite"), tmp_path, "import", "a.csv", "--format", "events-csv")
    assert done.exit_code == 0
    assert "quarantined" in done.stdout
    assert "quarantine list" in done.stdout
    assert "a.csv" not in done.stdout


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (None, (), "There is no file"),
        ("C-1,purchase,2026-11-22\n", ("--format", "events-csv"), "occurred_at"),
        ("C-1,purchase,2026-11-22\n", (), "events-csv"),
        ("", (), "nothing"),
    ],
)
def test_a_wrong_file_is_told_and_exit_is_1(
    new_database_url: DatabaseUrls, tmp_path: Path, content: str | None, arguments: tuple[str, ...], said: str
) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_text(content)
    done = run(new_database_url("sqlite"), tmp_path, "import", "a.csv", *arguments, "--json")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_is_told(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    done = run(new_database_url("sqlite"), tmp_path, "import", ".")
    assert done.exit_code == 1
    assert "folder" in done.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("a", "--format", "xml"), ("a", "--source", ""), ("a", "--source", "x\x07")]
)
def test_wrong_usage_is_exit_2(
    new_database_url: DatabaseUrls, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert run(new_database_url("sqlite"), tmp_path, "import", *arguments).exit_code == 2


def test_quarantine_is_listed_retried_and_dropped(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        HEADER.encode() + b"C-1,purchase,never,5\nC-\xff\x1b[31m,purchase,2026-11-22,5\n"
    )
    run(database_url, tmp_path, "import", "a.csv", "--source", "shop")
    listed = json.loads(run(database_url, tmp_path, "quarantine", "list", "--json").stdout)
    assert listed["count"] == 2
    first, second = listed["records"]
    assert (first["line"], first["reason"], first["record"]) == (2, "bad_instant", "C-1,purchase,never,5")
    assert (first["source"], first["origin"], first["format"]) == ("shop", "a.csv", "events-csv")
    assert "never" in first["words"]
    assert (second["line"], second["reason"]) == (3, "not_utf8")
    assert second["record"] == "C-\\xff\x1b[31m,purchase,2026-11-22,5"

    shown = run(database_url, tmp_path, "quarantine", "list", "--limit", "1").stdout
    assert "2 in quarantine, 1 shown" in shown
    # A block for each: the id by itself, and each of the rest on a line that a narrow terminal has room for.
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[0] == first["id"]
    assert lines[2] == "  from    shop · a.csv, line 2"
    assert lines[3].startswith("  why     ")
    assert "never" in lines[3]
    assert "  record  C-1,purchase,never,5" in lines
    assert all(len(line) <= 80 for line in lines)
    assert "\x1b[31m" not in run(database_url, tmp_path, "quarantine", "list").stdout

    retried = run(database_url, tmp_path, "quarantine", "retry", "--json")
    assert json.loads(retried.stdout) == {"retried": 2, "inserted": 0, "duplicate": 0, "quarantined": 2}
    assert "retried" in run(database_url, tmp_path, "quarantine", "retry", first["id"]).stdout

    assert run(database_url, tmp_path, "quarantine", "drop").exit_code == 2
    assert run(database_url, tmp_path, "quarantine", "drop", first["id"], "--all").exit_code == 2
    unknown = run(database_url, tmp_path, "quarantine", "drop", "nothing")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "nothing" in unknown.stderr
    assert json.loads(run(database_url, tmp_path, "quarantine", "drop", first["id"], "--json").stdout) == {
        "dropped": 1
    }
    assert "1 dropped" in run(database_url, tmp_path, "quarantine", "drop", "--all").stdout
    assert json.loads(run(database_url, tmp_path, "quarantine", "list", "--json").stdout)["count"] == 0
