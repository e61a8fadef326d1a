"""``lifecycle`` on the command line: what is printed, as a table and as JSON, and how each command ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.cli.base import Cli, Commands
from handlers.cli.import_ import import_command
from handlers.cli.lifecycle import lifecycle
from handlers.cli.rules import rules
from handlers.cli.status import status
from settings import Settings
from storage.database import Database
from tests import contexts
from tests.conftest import DatabaseUrls

GROUP = Commands(
    commands={"import": import_command, "lifecycle": lifecycle, "rules": rules, "status": status}
)
EVENTS = (
    "customer,kind,occurred_at,amount,currency\n"
    "C-1,purchase,2025-06-10,10,USD\n"
    "C-1,purchase,2025-05-10,10,USD\n"
    "C-2,purchase,2025-02-10,10,USD\n"
)


class Shop:
    """A database with two customers, and the command line before it."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        (folder / "e.csv").write_text(EVENTS)
        assert self.run("import", "e.csv", "--format", "events-csv").exit_code == 0

    def run(self, *arguments: str) -> Result:
        cli = Cli(
            Settings.given(database_url=self._url),
            make=lambda given: contexts.context(Database(given.database_url)),
            folder=self._folder,
        )
        try:
            return CliRunner().invoke(GROUP, arguments, obj=cli)
        finally:
            cli.close()

    def told(self, *arguments: str) -> dict[str, object]:
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found


@pytest.fixture
def shop(new_database_url: DatabaseUrls, tmp_path: Path) -> Shop:
    return Shop(new_database_url("sqlite"), tmp_path)


def test_the_whole_way(shop: Shop) -> None:
    assert shop.told("lifecycle", "show")["preset"] is None
    missing = shop.run("lifecycle", "edit", "stage.retain", "never(purchase)")
    assert missing.exit_code == 1
    assert "python bot.py lifecycle use retail" in missing.stderr
    refused = shop.run("rules", "add", "mine", "stage = retain")
    assert refused.exit_code == 1
    assert "lifecycle use retail" in refused.stderr
    used = shop.told("lifecycle", "use", "retail")
    assert (used["version"], used["rules"]) == (1, [])
    shown = shop.told("lifecycle", "show")
    assert (shown["preset"], shown["version"], shown["customers"]) == ("retail", 1, 2)
    assert {"name": "active", "condition": "days_since(purchase) <= 30", "edited": False, "customers": 1} in (
        shown["definitions"]  # type: ignore[operator]
    )
    assert "status.at_risk" in shop.run("lifecycle", "show").stdout
    card = shop.told("status", "C-1")
    assert (card["status"], card["stage"], card["types"]) == ("active", "develop", ["recent_purchase"])
    assert "active" in shop.run("status", "C-1").stdout


def test_a_preview_shows_who_moves(shop: Shop) -> None:
    shop.run("lifecycle", "use", "retail")
    shop.run("rules", "add", "mine", "stage = retain")
    found = shop.told("lifecycle", "preview", "retain", "count(purchase) >= 2")
    assert (found["customers"], found["holds_for"], found["rules"]) == (2, 1, ["mine"])
    assert found["moves"] == [{"family": "stage", "from": "develop", "to": "retain", "customers": 1}]
    table = shop.run("lifecycle", "preview", "retain", "count(purchase) >= 2").stdout
    assert "develop" in table
    assert "rules that would mean something else: mine" in table
    assert (
        "none of 2 customers would move"
        in shop.run("lifecycle", "preview", "loyal", "count(purchase, 12mo) >= 5").stdout
    )
    for condition, said in (("tenure >= 0", "everybody"), ("count(purchase) > 9", "nobody")):
        assert f"would hold for {said}" in shop.run("lifecycle", "preview", "loyal", condition).stderr
        assert said in str(shop.told("lifecycle", "preview", "loyal", condition)["warnings"])
    edited = shop.run("lifecycle", "edit", "loyal", "tenure >= 0")
    assert "would hold for everybody" in edited.stderr
    assert "python bot.py lifecycle undo" in edited.stderr
    assert "undo" not in shop.run("lifecycle", "edit", "loyal", "count(purchase) >= 2").stderr
    assert edited.exit_code == 0


def test_edited_definitions_are_overwritten_by_yes_alone_and_come_back(shop: Shop) -> None:
    shop.run("lifecycle", "use", "retail")
    shop.run("lifecycle", "edit", "retain", "count(purchase) >= 2")
    refused = shop.run("lifecycle", "use", "services")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    for said in ("- stage.retain: count(purchase) >= 2", "would overwrite", "--yes"):
        assert said in refused.stderr
    assert shop.told("lifecycle", "use", "services", "--yes")["version"] == 3
    assert shop.told("lifecycle", "undo")["did"] == "undo"
    assert shop.told("lifecycle", "show")["preset"] == "retail"
    history = shop.told("lifecycle", "history", "retain")
    assert history["definition"] == "stage.retain"
    assert "version 4" in shop.run("lifecycle", "history", "retain").stdout


def test_a_segment_of_ones_own(shop: Shop) -> None:
    shop.run("lifecycle", "use", "retail")
    assert shop.run("lifecycle", "edit", "segment.big", "count(purchase) >= 2").exit_code == 0
    assert shop.told("rules", "check", "segment = big")["holds_for"] == 1
    assert shop.told("lifecycle", "remove", "segment.big")["did"] == "remove"
    assert shop.told("rules", "check", "segment = big")["holds_for"] == 0
    gone = shop.run("lifecycle", "remove", "segment.big")
    assert (gone.exit_code, "python bot.py lifecycle edit segment.big" in gone.stderr) == (1, True)
    assert shop.run("lifecycle", "remove", "retain").exit_code == 1
