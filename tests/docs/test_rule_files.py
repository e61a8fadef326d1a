"""The page on rule books says what is true: its example is one, and it names every field."""

import re
from pathlib import Path

from rules.alerts.rule import RuleBody
from rules.book.written import FIELDS, read_book
from rules.conditions.check import Vocabulary

PAGE = (Path(__file__).parents[2] / "docs" / "rule-files.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_is_a_rule_book() -> None:
    (rule,) = read_book(EXAMPLE, Vocabulary(frozenset({"purchase"}), frozenset()))
    assert not rule.warnings
    assert rule.body.channel == "#sales"


def test_every_field_is_on_the_page() -> None:
    assert [name for name in FIELDS if f"`{name}`" not in PAGE and f"{name}:" not in EXAMPLE] == []


def test_the_defaults_are_those_of_the_page() -> None:
    default = RuleBody("")
    said = (
        f"`{default.kind}`, `{default.severity}`, `{default.backlog}`, `1d`, no action, the default channel"
    )
    assert said in PAGE
    assert (default.action, default.channel) == ("", "")
