"""The tables of docs/rule-book.md, written from the rules that ship.

``python -m tests.house.rule_page`` writes them anew.
"""

import re
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from rules.alerts.typed import length_text
from rules.book import BookRule, book

PAGE = Path(__file__).parents[2] / "docs" / "rule-book.md"
_TABLE = re.compile(r"(?<=^## The rules\n\n).*", re.MULTILINE | re.DOTALL)


def drawn() -> str:
    """Write a table for each theme."""
    parts = [
        "\n".join([f"### {theme}", "", *_heading(), *map(_row, rules)])
        for theme, rules in groupby(book().values(), key=attrgetter("theme"))
    ]
    return "\n\n".join(parts) + "\n"


def written() -> str:
    """Give the tables that the page has."""
    found = _TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert found, "docs/rule-book.md has no rules"
    return found[0]


def _heading() -> list[str]:
    return [
        "| rule | made for | whom it finds, and what to do | condition | tells |",
        "|---|---|---|---|---|",
    ]


def _row(rule: BookRule) -> str:
    body = rule.body
    tells = f"{body.kind}, {body.severity}; cooldown {length_text(body.cooldown)}"
    for name, length in (("for", body.pending), ("keep", body.keep)):
        tells += f"; {name} {length_text(length)}" if length else ""
    tells += f"; escalate: {body.escalate}" if body.escalate else ""
    if body.backlog.value != "digest":
        tells += f"; backlog: {body.backlog}"
    suits = " ".join(f"`{name}`" for name in rule.suits)
    said = f"{rule.about} *{body.action}*"
    return f"| `{rule.name}` | {suits} | {said} | `{body.condition}` | {tells} |"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_TABLE.sub(lambda _: drawn(), text), encoding="utf-8")
