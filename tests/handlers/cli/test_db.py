"""``db upgrade`` sets up and moves on; ``db check`` says how things stand; ``db prune`` and ``vacuum`` make room."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import bot
from handlers.cli.base import Cli
from handlers.cli.db import db
from handlers.context import Context
from rules.instants import DAY
from settings import Settings
from storage.database import Database
from tests import contexts
from tests.contexts import START
from tests.handlers.logged import logged
from tests.histories import customer, purchases, rule


def _run(database_url: str, *arguments: str) -> Result:
    def make(settings: Settings) -> Context:
        return contexts.context(Database(settings.database_url))

    settings = Settings(_env_file=None, database_url=database_url)  # type: ignore[call-arg]
    cli = Cli(settings=settings, make=make)
    result = CliRunner().invoke(db, arguments, obj=cli)
    cli.close()
    return result


def test_an_up_to_date_database(database_url: str) -> None:
    checked = _run(database_url, "check", "--json")
    assert checked.exit_code == 0
    said = json.loads(checked.stdout)
    assert said["ok"] is True
    assert said["found"] == said["wanted"]
    assert "up to date" in _run(database_url, "check").stdout
    assert "up to date" in _run(database_url, "upgrade").stdout


def test_an_empty_database_is_told_and_set_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    checked = _run(url, "check")
    assert checked.exit_code == 1
    assert "empty" in checked.stdout
    upgraded = json.loads(_run(url, "upgrade", "--json").stdout)
    assert upgraded["before"] is None
    assert json.loads(_run(url, "check", "--json").stdout)["found"] == upgraded["after"]


def test_a_database_of_another_version_is_told(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'another'")
    database.close()
    checked = _run(database_url, "check")
    assert checked.exit_code == 1
    assert "another" in checked.stdout


@pytest.fixture
def grown(database_url: str) -> str:
    """Two customers with ten purchases each, one a day up to `START`, on 2025-06-15."""
    database = Database(database_url)
    for number in (1, 2):
        customer(database, number, known_since=START - 9 * DAY)
        purchases(database, number, [START - day * DAY for day in range(10)])
    database.close()
    return database_url


def _main(database_url: str, *arguments: str) -> Result:
    cli = Cli(
        Settings.given(database_url=database_url),
        make=lambda given: contexts.context(Database(given.database_url)),
    )
    with logged():
        done = CliRunner().invoke(bot.main, ["db", *arguments], obj=cli)
    cli.close()
    return done


def test_prune_says_what_would_go_and_then_what_went(grown: str) -> None:
    would = json.loads(_main(grown, "prune", "--before", "2025-06-12", "--dry-run", "--json").stdout)
    assert would.pop("bytes_before") > 10_000
    assert would == {
        "before": "2025-06-12T00:00:00Z",
        "events": 12,
        "customers": 2,
        "kinds": {"purchase": 12},
        "rules": [],
        "alerts": 0,
        "latest": "2025-06-15T15:06:40Z",
    }
    said = _main(grown, "prune", "--before", "2025-06-12", "--dry-run")
    assert "12 events from before 2025-06-12T00:00:00Z would go; customers: 2." in said.stdout
    done = _main(grown, "prune", "--before", "2025-06-12", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert min(told.pop("bytes_before"), told.pop("bytes_after")) > 10_000
    assert told == {
        "before": "2025-06-12T00:00:00Z",
        "events": 12,
        "customers": 2,
        "kinds": {"purchase": 12},
    }
    again = _main(grown, "prune", "--before", "2025-06-10")
    assert "nothing to prune: events from before 2025-06-12T00:00:00Z are gone already" in again.stdout
    more = _main(grown, "prune", "--before", "2025-06-14T15:06:40Z")
    assert "4 events from before 2025-06-14T15:06:40Z are gone; customers: 2;" in " ".join(
        more.stdout.split()
    )


def test_prune_says_what_stands_in_its_way_and_what_to_do(grown: str) -> None:
    database = Database(grown)
    rule(database, "quiet", "silent(purchase, 7d)")
    rule(database, "slow", "median_gap(purchase) > 5")
    database.close()
    refused = _main(grown, "prune", "--before", "2025-06-12")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    for said in (
        "Nothing was pruned. 2 rules need events from before 2025-06-12T00:00:00Z:",
        "quiet asks silent(purchase, 7d)",
        "slow asks median_gap(purchase)",
        "no other instant would do either",
    ):
        assert said in refused.stderr
    looked = _main(grown, "prune", "--before", "2025-06-12", "--dry-run")
    assert looked.exit_code == 0
    assert "In the way: the rule quiet asks silent(purchase, 7d)" in looked.stdout
    ahead = _main(grown, "prune", "--before", "2999-01-01")
    assert (ahead.exit_code, "has not come yet" in ahead.stderr) == (1, True)
    unread = _main(grown, "prune", "--before", "yesterday")
    assert (unread.exit_code, "no date or time" in unread.stderr) == (2, True)
    assert _main(grown, "prune").exit_code == 2


def test_a_condition_past_the_horizon_is_refused_with_the_day_from_which_it_can_be_asked(grown: str) -> None:
    assert _main(grown, "prune", "--before", "2025-06-12").exit_code == 0
    cli = Cli(
        Settings.given(database_url=grown), make=lambda given: contexts.context(Database(given.database_url))
    )
    for condition, said in (
        ("silent(purchase, 7d)", "From 2025-06-18T23:59:59.999Z on it can; a shorter window can sooner."),
        ("median_gap(purchase) > 5", "It never will be"),
    ):
        refused = CliRunner().invoke(bot.main, ["rules", "check", condition], obj=cli)
        assert refused.exit_code == 1
        assert "needs events from before 2025-06-12T00:00:00Z, which were pruned." in refused.stderr
        assert said in refused.stderr
    for argv in (["status", "c1"], ["sweep"]):
        refused = CliRunner().invoke(bot.main, [*argv, "--as-of", "2025-06-11"], obj=cli)
        assert refused.exit_code == 1
        assert "so nothing can be said as of 2025-06-11T00:00:00Z" in refused.stderr
    cli.close()


def test_vacuum_gives_back_what_pruning_freed(grown: str) -> None:
    database = Database(grown)
    purchases(database, 1, range(5_000))
    database.close()
    assert json.loads(_main(grown, "prune", "--before", "2025-06-12", "--json").stdout)["events"] == 5_012
    told = json.loads(_main(grown, "vacuum", "--json").stdout)
    if grown.startswith("sqlite"):
        assert told["bytes_after"] < told["bytes_before"] - 100_000
        assert Path(grown.removeprefix("sqlite:///")).stat().st_size == told["bytes_after"]
    assert "On disk are" in _main(grown, "vacuum").stdout
