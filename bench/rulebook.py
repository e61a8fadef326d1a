"""The fifty rules that sweeps are measured with: ``rules.yaml``, put into a database as a manager would add them."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from rules.alerts.rule import AlertKind, Backlog, RuleBody, RuleState, Severity
from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.terms import Average, Count, Sum, Term
from rules.conditions.tree import terms
from storage import matches, rules
from storage.database import Database

AUTHOR = "UBENCH"


@cache
def fifty() -> dict[str, RuleBody]:
    """Give the rules by name."""
    read = yaml.safe_load((Path(__file__).parent / "rules.yaml").read_text(encoding="utf-8"))
    return {
        name: RuleBody(
            condition=to_text(parse(entry["condition"])),
            kind=AlertKind(entry["kind"]),
            severity=Severity(entry["severity"]),
            action=entry["action"],
            # Who matches at first is not told: it is sweeps that are measured, not a digest of half the company.
            backlog=Backlog(entry["backlog"]),
        )
        for name, entry in read.items()
    }


def windowed() -> dict[str, RuleBody]:
    """Give those of the rules none of whose terms adds up or counts all that ever happened."""
    return {name: body for name, body in fifty().items() if not any(map(_over_everything, _terms(body)))}


def _terms(body: RuleBody) -> Iterable[Term]:
    return terms(parse(body.condition))


def _over_everything(term: Term) -> bool:
    return isinstance(term, Count | Sum | Average) and term.window is None


def install(database: Database) -> None:
    """Add the fifty rules."""
    add(database, fifty().items())


def add(database: Database, bodies: Iterable[tuple[str, RuleBody]]) -> None:
    """Add rules by name; the next sweep evaluates them."""
    with database.writing() as tx:
        for name, body in bodies:
            rules.add(tx, name=name, body=body, author=AUTHOR, now=0, diff="")


def only(database: Database, bodies: Iterable[tuple[str, RuleBody]]) -> None:
    """Watch these rules and no others."""
    with database.writing() as tx:
        for rule in rules.listing(tx):
            rules.set_state(tx, rule, RuleState.REMOVED)
            matches.forget_rule(tx, rule.id)
    add(database, bodies)
