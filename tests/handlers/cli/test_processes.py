"""``bot.py processes`` as people type it."""

import json
from typing import Any

import pytest

from bot import invoke
from handlers.cli.base import Cli
from settings import Settings
from storage.database import Database
from tests.contexts import StillClock, context
from tests.handlers.test_processes import D, event, take


@pytest.fixture
def cli(database: Database) -> Cli:
    ctx = context(database, now=StillClock(D))
    take(ctx, event("wish", -3), event("placed", -2), event("purchase", -1))
    return Cli(Settings.given(database_url="sqlite:///x.db"), make=lambda _: ctx)


def answered(cli: Cli, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = invoke(["processes", *argv], cli)
    out = capsys.readouterr()
    return code, out.out, out.err


def data(cli: Cli, capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    code, out, err = answered(cli, capsys, *argv, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_answers_in_json(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    listed = data(cli, capsys, "list")
    assert listed["unassigned"] == [{"kind": "placed", "stored": 1}, {"kind": "wish", "stored": 1}]
    assert listed["aliases"] == [{"source": "order_completed", "kind": "purchase", "moving": False}]
    [sales] = [one for one in listed["processes"] if one["process"] == "sales"]
    assert (sales["relationship"], sales["contact"]) == ("begun", "direct")
    assert {name: value for name, value in sales["events"][1].items() if name != "tells"} == {
        "kind": "purchase",
        "stored": 1,
    }
    done = data(cli, capsys, "assign", "wish", "sales", "--tells", "They want it.")
    assert (done["did"], done["kind"], done["process"]) == ("assign", "wish", "sales")
    done = data(cli, capsys, "alias", "placed", "purchase", "--move")
    assert (done["means"], done["moving"], done["rules"]) == ("purchase", 1, [])
    assert data(cli, capsys, "list")["unassigned"] == []
    assert data(cli, capsys, "history", "wish")["changes"][0]["diff"] == (
        "+ process: sales\n+ tells: They want it."
    )


def test_for_people_to_read(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = answered(cli, capsys, "list")
    assert code == 0
    assert "support_ticket" in out
    assert "order_completed stands for purchase" in out
    code, _, err = answered(cli, capsys, "alias", "placed", "purchase")
    assert code == 1
    assert "python bot.py processes alias placed purchase --move" in err
    code, _, err = answered(cli, capsys, "assign", "wish", "slaes")
    assert (code, "Did you mean sales?" in err) == (1, True)
    code, out, err = answered(cli, capsys, "assign", "whish", "sales")
    assert (code, "belongs to" in out, "has come yet" in err) == (0, True, True)
    code, out, _ = answered(cli, capsys, "unassign", "whish")
    assert (code, "taken out" in out) == (0, True)
    code, out, _ = answered(cli, capsys, "unalias", "order_completed")
    assert (code, "stands for itself again" in out) == (0, True)
    code, out, _ = answered(cli, capsys, "history", "whish")
    assert (code, "- process: sales" in out) == (0, True)
