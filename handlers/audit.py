"""The audit: all rules evaluated for everybody, against what the sweeps have left; what differs is put right and told.

A difference is a fault of the sweep's, never of the data. It must not know how a sweep finds whom to look at.
"""

from typing import Final

import structlog

from handlers.context import Context
from handlers.managers import tell_managers
from handlers.sweep import Audited, sweep_and_audit
from rules.instants import HOUR, Calendar
from storage import jobs

JOB: Final = "audit"
AT: Final = 3 * HOUR
"""Of the business day, when few people wait for anything."""

log = structlog.get_logger(__name__)


def audit(ctx: Context, *, as_of: int | None = None) -> Audited:
    """Sweep, then evaluate everything in full at the same instant; differences are put right, logged and told.

    Raises what `handlers.sweep.sweep` raises.
    """
    audited = sweep_and_audit(ctx, as_of=as_of)
    for one in audited.differences:
        log.error("audit_difference", rule=one.rule, entered=one.entered, left=one.left, timers=one.timers)
    with ctx.database.writing() as tx:
        jobs.done(tx, JOB, now=audited.swept.as_of)
        if audited.differences:
            names = ", ".join(one.rule for one in audited.differences)
            tell_managers(tx, ctx, "audit_difference", {"rules": names})
    return audited


def audit_if_due(ctx: Context) -> Audited | None:
    """Audit once a business day, from three in the morning on; None where it is not due, or nothing to compare is there."""
    now = ctx.now()
    with ctx.database.reading() as tx:
        last = jobs.last_done(tx, JOB)
    if last is not None and not _due(ctx.calendar, last, now):
        return None
    if last is None:
        # A new database has no night behind it whose sweeps could be doubted.
        with ctx.database.writing() as tx:
            jobs.done(tx, JOB, now=now)
        return None
    return audit(ctx)


def _due(calendar: Calendar, last: int, now: int) -> bool:
    return calendar.date_of(now - AT) > calendar.date_of(last - AT)
