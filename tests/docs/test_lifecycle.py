"""The page on the life cycle says where each part of the domain is: its commands, tests and rules exist.

That its commands take what they are shown with is seen to in tests/house/test_docs.py.
"""

import re
from pathlib import Path

import pytest

from bot import main
from rules.book import book
from rules.conditions.terms import Family
from rules.lifecycle.definitions import FIXED
from rules.lifecycle.presets import presets

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
_PARTS = PAGE[PAGE.index("## Where each part of the domain is") :]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in _PARTS.splitlines()
    if "python bot.py" in line
]
"""Part, article, place, command, test."""
STEPS = [f"Step {number}" for number in range(1, 6)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_every_part_has_a_command_and_a_test_that_exist(row: list[str]) -> None:
    assert len(row) == 5
    command = re.fullmatch(r"`python bot\.py (\w+)\b.*`", row[3])
    assert command, row[3]
    assert command[1] in main.commands
    test = row[4].strip("`")
    assert (ROOT / test).is_file(), test
    assert row[2]


def test_the_whole_domain_is_there() -> None:
    parts = " ".join(row[0] for row in ROWS)
    wanted = (*STEPS, "Active:", "Types", "Stages", "Characteristics", "Measures", "Strategies", "Recovery")
    assert [name for name in wanted if name not in parts] == []
    assert {article for row in ROWS for article in row[1].split(", ")} == {
        "000",
        "001",
        "002",
        "003",
        "004",
        "–",
    }


def test_rules_that_are_named_ship() -> None:
    named = {
        name
        for row in ROWS
        if "rules `" in row[2] or "actions of the rules" in row[2]
        for name in re.findall(r"`([a-z_]+)`", row[2])
    }
    assert named
    assert named <= set(book())


def test_presets_and_labels_are_on_the_page() -> None:
    labels = [label for family in (Family.STATUS, Family.STAGE, Family.TYPE) for label in FIXED[family]]
    assert [name for name in (*presets(), *labels) if f"`{name}`" not in PAGE] == []
