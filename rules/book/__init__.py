"""The rules that ship: each with a suggested action, all of them off until somebody chooses one by its name.

They stand in the YAML files beside this module. It must not know which of them are in use.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from rules.alerts.rule import AlertKind, Backlog, RuleBody, Severity
from rules.instants import DAY


@dataclass(frozen=True, slots=True)
class BookRule:
    """A rule that ships; ``about`` says in a sentence whom it finds."""

    name: str
    about: str
    body: RuleBody


@cache
def book() -> dict[str, BookRule]:
    """Give the rules that ship, by name, in the order of the files."""
    found: dict[str, BookRule] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{path.name}: {name} is in the book already")
            found[name] = BookRule(name, entry.pop("about"), _body(**entry))
    return found


def _body(
    *,
    condition: str,
    kind: str,
    severity: str,
    action: str,
    backlog: str = Backlog.DIGEST,
    cooldown_days: int = 1,
) -> RuleBody:
    return RuleBody(
        condition=condition,
        kind=AlertKind(kind),
        severity=Severity(severity),
        backlog=Backlog(backlog),
        action=action,
        cooldown=cooldown_days * DAY,
    )
