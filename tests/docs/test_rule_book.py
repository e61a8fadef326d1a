"""The page on the rules that ship lists each of them as it is."""

from pathlib import Path

import pytest

from rules.book import FOLDER, book
from tests.house import rule_page


def test_the_page_lists_the_rules_as_they_are() -> None:
    assert rule_page.written() == rule_page.drawn(), "write it anew: python -m tests.house.rule_page"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_file_is_named(path: Path) -> None:
    assert f"`{path.name}`" in rule_page.PAGE.read_text(encoding="utf-8")


def test_no_cell_breaks_the_table() -> None:
    rows = [line for line in rule_page.drawn().splitlines() if line.startswith("| `")]
    assert len(rows) == len(book())
    assert {row.count("|") for row in rows} == {6}
