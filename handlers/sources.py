"""Sources of events that stop: noticed, told to the managers, and held against the rules that look at what they send.

What is to be noticed is decided in `rules.alerts.rhythm`.
"""

from collections.abc import Mapping
from typing import Final

from handlers.context import Context
from handlers.managers import tell_managers
from rules.alerts import rhythm
from rules.alerts.rhythm import LEARN_EVERY, LOOK_BACK, Flow, Source, Turn
from rules.conditions.terms import events_of
from rules.conditions.tree import Condition, terms
from storage import arrivals, processes
from storage import sources as stored
from storage.database import Transaction

_NOTICES: Final = {Turn.STOPS: "source_stopped", Turn.RETURNS: "source_back"}


def notice(ctx: Context, *, now: int) -> None:
    """Notice which sources have stopped by ``now`` and which are back, and tell the managers, once each.

    To be called by who holds the sweep's lock, before anybody is looked at.
    """
    with ctx.database.reading() as tx:
        found = stored.listing(tx)
        turns = {one.name: rhythm.turn(one, now) for one in found}
        due = [one for one in found if turns[one.name] is not None or _is_to_learn(one, now)]
    for one in due:
        with ctx.database.writing() as tx:
            known = _learned(tx, one, now) if _is_to_learn(one, now) else one
            turned = rhythm.turn(known, now)
            if turned is not None:
                _turn(tx, ctx, known, turned, now)


def _is_to_learn(source: Source, now: int) -> bool:
    settled = source.flow() in (Flow.FLOWING, Flow.UNWATCHED)
    # Time may have been set back since.
    recent = source.learned_at is not None and abs(now - source.learned_at) < LEARN_EVERY
    return settled and not recent


def _learned(tx: Transaction, source: Source, now: int) -> Source:
    hours = arrivals.hours(tx, source.name, since=now - LOOK_BACK, until=now)
    found = rhythm.learned(hours, source.learned)
    stored.learn(tx, source.name, found, now=now)
    again = stored.by_name(tx, source.name)
    if again is None:
        raise AssertionError("a source does not vanish")
    return again


def _turn(tx: Transaction, ctx: Context, source: Source, turned: Turn, now: int) -> None:
    stale_since = now if turned is Turn.STOPS else source.stale_since
    back_at = now if turned is Turn.RETURNS else None
    if turned in (Turn.SETTLES, Turn.UNWATCHED):
        stale_since = None
    stored.mark(tx, source.name, stale_since=stale_since, back_at=back_at)
    if turned in _NOTICES:
        params = {"source": source.name, "last_at": source.last_at, "patience": source.patience}
        tell_managers(tx, ctx, _NOTICES[turned], params)


def stale_rules(tx: Transaction, conditions: Mapping[int, Condition]) -> dict[int, str]:
    """Give the rules, by id, that look at kinds of a source that has stopped: its name; the others lack."""
    kinds = stored.stale_kinds(tx)
    if not kinds:
        return {}
    aliases = processes.aliases(tx)
    stopped = {aliases.get(kind, kind): source for kind, source in kinds.items()}
    looked_at = {
        rule_id: {events.kind for term in terms(condition) for events in events_of(term)}
        for rule_id, condition in conditions.items()
    }
    return {
        rule_id: stopped[min(found)]
        for rule_id, of in looked_at.items()
        if (found := of.intersection(stopped))
    }
