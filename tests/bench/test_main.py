"""``python -m bench`` measures what it is told to and prints it in every form."""

import json

import pytest

from bench.__main__ import main
from bench.measure import Measure
from bench.rows import ROWS
from bench.sizes import FULL
from bench.sweeps import SidesDifferError
from bench.workbench import Workbench

SMALL = ["--database", "sqlite", "--customers", "80", "--events", "1500", "--intake", "200"]


def test_it_prints_json_of_the_rows_that_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--only", "intake", "room", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["row"] for one in said["measures"]} == {"intake", "room"}
    assert said["sizes"]["customers"] == 80
    assert "SQLite" in said["machine"]


def test_a_size_by_name_may_be_changed_in_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--full", "--only", "intake", "--json"]) == 0
    sizes = json.loads(capsys.readouterr().out)["sizes"]
    assert (sizes["customers"], sizes["intake"], sizes["names"]) == (80, 200, FULL.names)


@pytest.mark.parametrize(("options", "begins"), [(["--markdown"], "80 customers"), ([], "")])
def test_it_prints_tables(options: list[str], begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--only", "intake", *options]) == 0
    out = capsys.readouterr().out
    assert out.strip().startswith(begins)
    assert "bare inserts" in out


def test_it_names_its_rows_where_one_is_misspelt(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "sweeps"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert all(row in said for row in ROWS)


def test_what_was_measured_is_printed_even_where_a_later_row_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def differ(_: Workbench) -> list[Measure]:
        raise SidesDifferError("these two")

    monkeypatch.setattr("bench.__main__.ROWS", {**ROWS, "status": differ})
    with pytest.raises(SidesDifferError):
        main([*SMALL, "--only", "intake", "status", "--json"])
    assert [one["row"] for one in json.loads(capsys.readouterr().out)["measures"]] == ["intake"]
