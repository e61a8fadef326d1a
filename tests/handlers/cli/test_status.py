"""``status`` on the command line: the whole as JSON; on a terminal nothing that could disturb it."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from handlers.cli.base import Cli, Commands
from handlers.cli.import_ import import_command
from handlers.cli.lifecycle import lifecycle
from handlers.cli.status import status
from settings import Settings
from storage.database import Database
from tests import contexts
from tests.conftest import DatabaseUrls

TURNED = "\u202eevil"
LONG = "x" * 900


def _run(url: str, folder: Path, *arguments: str) -> Result:
    group = Commands(commands={"import": import_command, "status": status, "lifecycle": lifecycle})
    cli = Cli(
        Settings.given(database_url=url),
        make=lambda given: contexts.context(Database(given.database_url)),
        folder=folder,
    )
    try:
        return CliRunner().invoke(group, arguments, obj=cli)
    finally:
        cli.close()


def test_somebody_else_s_text_is_cut_and_cleaned_on_a_terminal(
    new_database_url: DatabaseUrls, tmp_path: Path
) -> None:
    url = new_database_url("sqlite")
    (tmp_path / "c.csv").write_text(
        f"external id,name,segment\nC-1,Ann{TURNED}{LONG},vip{TURNED}\nC-2,Bob{TURNED},\nC-3,Bob{TURNED},\n"
    )
    taken_in = _run(url, tmp_path, "import", "c.csv", "--format", "customers-csv", "--json")
    assert json.loads(taken_in.stdout)["inserted"] == 3, taken_in.output
    shown = _run(url, tmp_path, "status", "C-1")
    assert shown.exit_code == 0, shown.output
    assert "Annevil" in shown.stdout
    assert "…" in shown.stdout
    assert "\u202e" not in shown.output
    assert shown.stdout.count("x") < 400
    whole = json.loads(_run(url, tmp_path, "status", "C-1", "--json").stdout)["customer"]
    assert whole["name"].endswith(LONG)
    several = _run(url, tmp_path, "status", f"Bob{TURNED}")
    assert several.exit_code == 1
    assert "  C-2  Bobevil" in several.stderr
    assert "\u202e" not in several.output


def test_people_and_programs_are_told_the_same_card(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    url = new_database_url("sqlite")
    (tmp_path / "e.csv").write_text(
        "customer,kind,occurred_at,amount,currency\n"
        "C-1,purchase,2025-06-03,12.50,USD\nC-1,purchase,2025-05-10,5,EUR\nC-1,payment_failed,2025-06-01,99,USD\n"
    )
    assert _run(url, tmp_path, "import", "e.csv", "--format", "events-csv").exit_code == 0
    assert _run(url, tmp_path, "lifecycle", "use", "retail").exit_code == 0
    told = json.loads(_run(url, tmp_path, "status", "C-1", "--json").stdout)
    assert (told["status"], told["active"], told["segments"], told["value"]["tier"]) == (
        "active",
        True,
        [],
        None,
    )
    assert told["why"][0] == {
        "family": "active",
        "label": "active",
        "held": True,
        "since": "2025-05-10",
        "at_least": False,
        "not": None,
        "grounds": [
            {"term": "days_since(purchase)", "value": "12", "asked": "days_since(purchase) <= 30"},
        ],
    }
    assert told["spent"] == {"EUR": "5.00", "USD": "12.50"}
    assert told["months"][-2:] == [{"month": "2025-05", "events": 1}, {"month": "2025-06", "events": 2}]
    assert told["cadence"] == {"kind": "purchase", "median_gap": None, "days_since": 12.0, "overdue": None}
    shown = _run(url, tmp_path, "status", "C-1").stdout
    for piece in (
        "yes, since May 10, 2025",
        "the definition asks for",
        "€5.00 + $12.50",
        "kept apart and never added",
        "Value unknown",
        "Rhythm unknown",
        "Jun 2025",
    ):
        assert piece in shown
