"""Digests: what a channel had no attention for, and what else was held back, told in one message at its hour.

To be called by who holds the sweep's lock, after everything else was told. What is due stands in the database: a process
that was down tells what the last time it missed asks for, and that once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers import channels, telling
from handlers.context import Context
from rules.alerts import pipeline
from rules.alerts.channel import Often
from rules.alerts.hours import Slot, digest_slot, quiet_at
from rules.alerts.pipeline.stage import Around, Stage, Untold, Why
from storage import digests, outbox, suppressions
from storage import untold as queue
from storage.alerts import Alert
from storage.database import Transaction
from storage.digests import Digest, Listed
from storage.outbox import Call, New, Subject

_UNNAMED: Final = frozenset({Stage.BUDGET, Stage.QUIET, Stage.STALE})
"""Stages of what a digest does not name as held back: it tells it, or it is told soon, or nobody can say that it is so."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A digest that is due: where (``place``), when, and what has been held back there."""

    place: str
    slot: Slot
    held: tuple[Untold, ...]


def tell_digests(ctx: Context, *, now: int) -> int:
    """Tell every digest that is due as of ``now``; gives how many messages were asked for."""
    with ctx.database.reading() as tx:
        held = telling.watched(tx, queue.held(tx))
        if not held:
            return 0
        untold, around = telling.looked_at(tx, ctx, held, now)
        due = _due(tx, untold, around)
    stages = {one.id: one.held_by for one in held}
    spent = [one for each in due for one in each.held if stages[one.alert_id] == Stage.BUDGET]
    barred = pipeline.barred(spent, around)
    stages |= {one.alert.alert_id: str(one.stage) for one in barred}
    if barred:
        with ctx.database.writing() as tx:
            telling.hold(tx, barred, held, now)
    _ask_again(ctx, held, untold, around)
    told = 0
    for one in due:
        with ctx.database.writing() as tx:
            told += _tell(tx, ctx, one, stages, now)
    return told


def _ask_again(ctx: Context, held: Sequence[Alert], untold: Sequence[Untold], around: Around) -> None:
    """Let the pipeline look again at what waits for the digest of a channel that has none any more."""
    without = {one.alert_id for one in untold if around.settings(one.channel).digest.often is Often.OFF}
    stranded = [
        (one.id, Stage.BUDGET, around.now)
        for one in held
        if one.id in without and one.held_by == Stage.BUDGET and one.look_again_at is None
    ]
    if stranded:
        with ctx.database.writing() as tx:
            queue.hold_back(tx, stranded)


def _due(tx: Transaction, held: Sequence[Untold], around: Around) -> list[_Due]:
    """Find the channels whose time has come since they were told last; what was opened after that time waits for the next."""
    by_place: dict[str, list[Untold]] = defaultdict(list)
    for one in held:
        by_place[around.place(one.channel)].append(one)
    found = []
    for place, some in sorted(by_place.items()):
        channel = some[0].channel
        settings, calendar = around.settings(channel), around.calendar(channel)
        slot = digest_slot(settings, calendar, around.now)
        # A tick that comes late may meet quiet hours again: then it is told at their end.
        if slot is None or quiet_at(settings, calendar, around.now) or digests.is_done(tx, place, slot.at):
            continue
        found.append(_Due(place, slot, tuple(one for one in some if one.opened_at <= slot.at)))
    return found


def _tell(tx: Transaction, ctx: Context, due: _Due, stages: Mapping[int, str | None], now: int) -> bool:
    """Ask for a digest, unless somebody else has, or nothing is left to be told."""
    if not digests.take(tx, due.place, due.slot.at):
        return False
    numbers = [one.alert_id for one in due.held]
    still = {one.id: one for one in queue.still(tx, numbers)}
    waiting = [one for one in due.held if one.alert_id in still]
    told = [one for one in waiting if stages[one.alert_id] == Stage.BUDGET]
    listed = _listed(tx, [one for one in waiting if stages[one.alert_id] not in _UNNAMED])
    if not told and not listed:
        return False
    channel = channels.named((told or waiting)[0].channel)
    root = outbox.add(tx, New(call=Call.POST, subject=Subject.DIGEST, channel=channel), now=ctx.elapsed())
    queue.tell(tx, [one.alert_id for one in told], root=root, now=now)
    digests.list_all(tx, listed, root=root)
    passed = _passed(tx, ctx, due, now)
    digests.told(tx, Digest(due.place, due.slot.at, root, passed))
    return True


def _listed(tx: Transaction, held: Sequence[Untold]) -> list[Listed]:
    """Give those that stay held back and that no digest has named before, with the reason."""
    before = digests.listed_already(tx, [(one.customer_id, one.alert_id) for one in held])
    fresh = [one for one in held if one.alert_id not in before]
    if not fresh:
        return []
    last = suppressions.latest(tx, [(one.customer_id, one.alert_id) for one in fresh])
    return [
        Listed(
            one.customer_id,
            one.alert_id,
            last[one.alert_id].why if one.alert_id in last else Why.BUDGET_SPENT,
        )
        for one in fresh
    ]


def _passed(tx: Transaction, ctx: Context, due: _Due, now: int) -> int:
    """Count what was held back in the channel since the time before, and ended before anybody was told."""
    ended: list[Alert] = queue.passed(tx, after=due.slot.before, until=due.slot.at)
    if not ended:
        return 0
    untold, around = telling.looked_at(tx, ctx, ended, now)
    here = [one for one in untold if around.place(one.channel) == due.place]
    return len(here) - len(digests.listed_already(tx, [(one.customer_id, one.alert_id) for one in here]))
