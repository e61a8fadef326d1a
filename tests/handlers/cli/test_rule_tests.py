"""``rules test`` on the command line: which files pass, what came otherwise, and where a mistake is."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from handlers import logs
from handlers.cli.base import Cli, Commands
from handlers.cli.rules import rules
from handlers.context import Context
from settings import Settings

PASSES = "book: lapsing\ncustomers: {ada: }\nexpect: [{at: day 1, open: none}]\n"
FAILS = """
book: lapsing
events:
  - {at: day 0, customer: ada, kind: purchse}
  - {at: day 1, customer: ada, kind: purchse}
expect:
  - {at: day 31, opens: ada, open: ada}
"""


def _run(folder: Path, *arguments: str) -> Result:
    def no_database(_: Settings) -> Context:
        raise AssertionError("tests of rules have a database of their own")

    cli = Cli(Settings.given(database_url="sqlite:///unused.db"), make=no_database, folder=folder)
    try:
        return CliRunner().invoke(Commands(commands={"rules": rules}), ["rules", "test", *arguments], obj=cli)
    finally:
        logs.configure()


def test_what_passes_and_what_does_not(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(PASSES, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(FAILS, encoding="utf-8")
    good = _run(tmp_path, "good.yaml")
    assert (good.exit_code, good.stdout) == (0, "good.yaml: passed, 1 checked\n1 passed, 0 failed\n")
    assert good.stderr == ""
    both = _run(tmp_path, "good.yaml", "bad.yaml")
    assert both.exit_code == 1
    assert "bad.yaml: FAILED, 2 checked" in both.stdout
    cells = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in both.stdout.splitlines() if "│" in line
    ]
    assert ["day 31", "opens", "ada", "none"] in cells
    assert "1 passed, 1 failed" in both.stdout
    assert "bad.yaml:4: No rule of this file looks at events of the kind “purchse”." in both.stderr
    assert not list(tmp_path.glob("*.db"))


def test_as_json(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(FAILS, encoding="utf-8")
    (tmp_path / "typo.yaml").write_text(PASSES.replace("open", "opne"), encoding="utf-8")
    answered = _run(tmp_path, "bad.yaml", "typo.yaml", "--json")
    assert answered.exit_code == 1
    told = json.loads(answered.stdout)
    bad, typo = told["files"]
    assert (told["passed"], told["failed"]) == (0, 2)
    assert bad.pop("hints") != []
    assert bad == {
        "file": "bad.yaml",
        "passed": False,
        "checks": 2,
        "failures": [
            {"at": "day 31", "what": what, "expected": "ada", "found": "none"} for what in ("open", "opens")
        ],
        "error": None,
    }
    assert (typo["passed"], typo["checks"], typo["failures"]) == (False, 0, [])
    assert "typo.yaml:3: expect: I do not know “opne”. Did you mean open?" in typo["error"]


def test_a_mistake_is_told_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(PASSES.replace("lapsing", "lapsin"), encoding="utf-8")
    refused = _run(tmp_path, "t.yaml")
    assert refused.exit_code == 1
    assert "t.yaml:1: book: No rule “lapsin” ships with Warmline. Did you mean lapsing?" in refused.stderr


def test_without_a_file_there_is_nothing_to_run(tmp_path: Path) -> None:
    assert _run(tmp_path).exit_code == 2
