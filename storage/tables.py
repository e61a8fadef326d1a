"""Every module that owns tables, so that one import fills the metadata that migrations are compared with."""

from sqlmodel import SQLModel

from storage import (
    alerts,
    audit,
    counters,
    customers,
    dirty,
    events,
    inbox,
    matches,
    outbox,
    pace,
    quarantine,
    rules,
)

OWNERS = (alerts, audit, counters, customers, dirty, events, inbox, matches, outbox, pace, quarantine, rules)
METADATA = SQLModel.metadata
