"""A context for tests: a database, and clocks that stand still until they are moved."""

from dataclasses import dataclass, replace
from typing import Any

from handlers.context import Clock, Context
from rules.instants import Calendar
from storage.database import Database
from templates.words import Words

START = 1_750_000_000_000
"""2025-06-15T15:06:40Z."""


@dataclass
class StillClock:
    """A clock that moves when it is told to."""

    at: int = START

    def __call__(self) -> int:
        return self.at


def context(database: Database, *, zone: str = "UTC", now: Clock | None = None, **changes: Any) -> Context:
    """Make a context; both clocks are ``now`` unless ``elapsed`` is given."""
    clock = now or StillClock()
    made = Context(
        database=database,
        now=clock,
        elapsed=clock,
        calendar=Calendar.of(zone),
        currency="USD",
        words=Words(),
        default_channel="#customer-care",
        managers=frozenset({"UMANAGER"}),
    )
    return replace(made, **changes)
