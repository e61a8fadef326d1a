"""Every module that owns tables, so that one import fills the metadata that migrations are compared with."""

from sqlmodel import SQLModel

from storage import (
    alerts,
    arrivals,
    audit,
    counters,
    customers,
    dirty,
    events,
    inbox,
    matches,
    names,
    outbox,
    pace,
    quarantine,
    recent,
    rules,
)

OWNERS = (
    alerts,
    arrivals,
    audit,
    counters,
    customers,
    dirty,
    events,
    inbox,
    matches,
    names,
    outbox,
    pace,
    quarantine,
    recent,
    rules,
)
METADATA = SQLModel.metadata
