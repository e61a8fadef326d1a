"""The rules that ship: each with a suggested action, all of them off until somebody chooses one by its name.

They stand in the YAML files beside this module, written as any rule book is; `tests` has for each a test of what it
does. It must not know which of them are in use.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from rules.alerts.rule import RuleBody
from rules.book.written import read_book
from rules.lifecycle.definitions import Name

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class BookRule:
    """A rule that ships; ``about`` says in a sentence whom it finds, and ``suits`` which statuses, stages and the like
    those mostly have.

    ``theme`` is the file that it stands in.
    """

    name: str
    about: str
    body: RuleBody
    theme: str
    suits: tuple[Name, ...]


@cache
def book() -> dict[str, BookRule]:
    """Give the rules that ship, by name, in the order of the files."""
    found: dict[str, BookRule] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for rule in read_book(path.read_text(encoding="utf-8")):
            if rule.name in found:
                raise ValueError(f"{path.name}: {rule.name} is in the book already")
            found[rule.name] = BookRule(rule.name, rule.about, rule.body, path.stem, rule.suits)
    return found
