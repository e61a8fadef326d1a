"""``bot.py rules preview`` as people type it."""

import json
from typing import Any

import pytest

from bot import invoke
from handlers.cli.base import Cli
from rules.instants import DAY
from settings import Settings
from storage.database import Database
from tests.contexts import StillClock, context
from tests.histories import customer, purchases, rule

D = 20_000 * DAY
"""2024-10-04."""


@pytest.fixture
def cli(database: Database) -> Cli:
    for number in range(1, 6):
        customer(database, number, known_since=D - 200 * DAY, name=f"Customer {number}")
        purchases(database, number, [D - (60 - number) * DAY], cents=1_000 * number)
    purchases(database, 5, [D - 10 * DAY])
    ctx = context(database, now=StillClock(D))
    return Cli(Settings.given(database_url="sqlite:///x.db"), make=lambda _: ctx)


def answered(cli: Cli, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = invoke(["rules", "preview", *argv], cli)
    out = capsys.readouterr()
    return code, out.out, out.err


def data(cli: Cli, capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    code, out, _ = answered(cli, capsys, *argv, "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_answer_in_json(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    found = data(
        cli, capsys, "silent(purchase, 30d)", "--from", "2024-08-25", "--to", "2024-10-04", "--every", "1d"
    )
    top = found.pop("top")
    assert found == {
        "rule": None,
        "condition": "silent(purchase, 30d)",
        "from": "2024-08-25T00:00:00Z",
        "to": "2024-10-04T00:00:00Z",
        "every": "1d",
        "steps": 41,
        "backlog": 0,
        "entered": 5,
        "left": 1,
        "customers": 5,
        "per_week": [
            {"week": "2024-08-19", "entered": 0},
            {"week": "2024-08-26", "entered": 0},
            {"week": "2024-09-02", "entered": 4},
            {"week": "2024-09-09", "entered": 1},
            {"week": "2024-09-16", "entered": 0},
            {"week": "2024-09-23", "entered": 0},
            {"week": "2024-09-30", "entered": 0},
        ],
        "messages": 5,
        "returned": 1,
        "data_from": "2024-08-06T00:00:00Z",
    }
    assert [one["customer"] for one in top] == ["c5", "c4", "c3", "c2", "c1"]
    assert top[0] == {
        "customer": "c5",
        "name": "Customer 5",
        "entered_at": "2024-09-09T00:00:00Z",
        "spent": {"USD": "60.00"},
    }


def test_a_rule_is_named(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    rule(cli.context.database, "quiet", "silent(purchase, 20d)", cooldown=99 * DAY)
    found = data(cli, capsys, "quiet")
    assert (found["rule"], found["condition"]) == ("quiet", "silent(purchase, 20d)")
    assert (found["from"], found["to"]) == ("2024-07-06T00:00:00Z", "2024-10-04T00:00:00Z")


def test_the_answer_for_people(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = answered(cli, capsys, "silent(purchase, 30d)", "--from", "2024-08-25")
    assert code == 0
    assert "Began to match" in out
    assert " Sep 2 ████████████████████████ 4" in out
    assert "Aug 26  0" in out
    assert "c5" in out
    assert "$60.00" in out
    assert "One look every 1 day, 41 in all." in out
    assert "customers" not in err, "what goes on is shown on terminals, and gone in the end"


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (
            ["lapsin"],
            1,
            "Did you mean lapsing? This shows the rules: python bot.py rules list",
        ),
        (["silnt(purchase, 3d)"], 1, "Did you mean `silent`?"),
        (["lapsing", "--every", "0d"], 1, "--every cannot be “0d”"),
        (
            ["lapsing", "--from", "2024-09-01", "--to", "2024-08-01"],
            1,
            "the beginning must lie before the end",
        ),
        (["lapsing", "--from", "1990-01-01", "--every", "1h"], 1, "--every 16h is the smallest that will do"),
        (["lapsing", "--from", "soon"], 2, "“soon” is no date or time"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_looked_at_is_explained(
    cli: Cli, capsys: pytest.CaptureFixture[str], argv: list[str], code: int, said: str
) -> None:
    found, out, err = answered(cli, capsys, *argv)
    assert (found, out) == (code, "")
    assert said in err


def test_what_should_be_known_is_said(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = answered(cli, capsys, "never(refnd)", "--to", "2030-01-01")
    assert "No event that this condition is about has come in yet." in out
    assert "it ends now" in out
    assert "refnd" in err
