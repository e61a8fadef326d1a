"""``bot.py rules`` prints for people: counts with their noun, and lengths of time as they are typed."""

import json

import pytest

from bot import invoke
from handlers.cli.base import Cli
from rules.instants import DAY
from settings import Settings
from storage.database import Database
from tests.contexts import StillClock, context
from tests.histories import customer, purchases

D = 20_000 * DAY


@pytest.fixture
def cli(database: Database) -> Cli:
    customer(database, 1, known_since=D - 200 * DAY, name="Customer 1")
    purchases(database, 1, [D - 60 * DAY])
    ctx = context(database, now=StillClock(D))
    return Cli(Settings.given(database_url="sqlite:///x.db"), make=lambda _: ctx)


def printed(cli: Cli, capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert invoke(["rules", *argv], cli) == 0
    return capsys.readouterr().out


def test_one_customer_is_not_one_customers(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds now for 1 customer\n" in printed(cli, capsys, "check", "silent(purchase, 30d)")
    assert "holds now for 0 customers\n" in printed(cli, capsys, "check", "never(purchase)")
    told = printed(cli, capsys, "add", "quiet", "silent(purchase, 30d)")
    assert "holds now for 1 customer; the next sweep tells of them" in told


def test_what_ships_is_listed_by_theme_with_whom_it_suits(
    cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    told = printed(cli, capsys, "list")
    places = [told.index(f"{theme}: ship with Warmline") for theme in ("retail", "subscription", "support")]
    assert places == sorted(places)
    available = json.loads(printed(cli, capsys, "list", "--json"))["available"]
    (lapsing,) = [one for one in available if one["name"] == "lapsing"]
    assert (lapsing["theme"], lapsing["suits"]) == ("retail", ["stage.retain", "status.at_risk"])


def test_the_history_tells_a_cooldown_in_days(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    printed(cli, capsys, "add", "quiet", "silent(purchase, 30d)")
    printed(cli, capsys, "edit", "quiet", "--cooldown", "7d")
    told = printed(cli, capsys, "history", "quiet")
    assert "- cooldown: 1d\n+ cooldown: 7d" in told
    assert str(DAY) not in told
