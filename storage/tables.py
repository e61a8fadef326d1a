"""Every module that owns tables, so that one import fills the metadata that migrations are compared with."""

from sqlmodel import SQLModel

from storage import (
    alerts,
    arrivals,
    audit,
    counters,
    customers,
    definitions,
    dirty,
    drafts,
    events,
    inbox,
    jobs,
    matches,
    names,
    outbox,
    pace,
    pruned,
    quarantine,
    recent,
    rules,
    running,
    stretches,
    timers,
)

OWNERS = (
    alerts,
    arrivals,
    audit,
    counters,
    customers,
    definitions,
    dirty,
    drafts,
    events,
    inbox,
    jobs,
    matches,
    names,
    outbox,
    pace,
    pruned,
    quarantine,
    recent,
    rules,
    running,
    stretches,
    timers,
)
METADATA = SQLModel.metadata
