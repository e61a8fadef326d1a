"""Sources of events as managers see and change them: how long each may be quiet; every change is audited.

It must not know how an answer is laid out.
"""

from typing import ClassVar, Final

from rapidfuzz import process

from handlers import rule_changes
from handlers.context import Context
from handlers.rulebook import Request
from rules.access import Action, Sources
from rules.alerts.rhythm import LONGEST, OFF, SHORTEST, Source
from rules.alerts.typed import length_of, length_text
from rules.errors import WarmlineError
from storage import audit
from storage import sources as stored
from storage.audit import Entry
from storage.database import Transaction
from templates.views import SourceView

AUTO: Final = "auto"
NEVER: Final = "off"


class NoSourceError(WarmlineError):
    """No event ever came of a source called ``name``; ``nearest`` are names of some that did."""

    code: ClassVar[str] = "no_source"


class BadRhythmError(WarmlineError):
    """A ``text`` that says no length of time for which a source may be quiet, nor ``auto`` or ``off``."""

    code: ClassVar[str] = "bad_rhythm"


def listing(ctx: Context) -> list[SourceView]:
    """Give every source: when it last sent, how long it may be quiet, and how it flows."""
    with ctx.database.reading() as tx:
        return [_view(one) for one in stored.listing(tx)]


def say(ctx: Context, request: Request, *, name: str, text: str) -> SourceView | None:
    """Say how long a source may be quiet: a length of time, ``off`` for ever, ``auto`` as long as it is used to.

    None where the request came before. Raises `NotAllowedError`, `NoSourceError` or `BadRhythmError`.
    """
    length = _length(text)

    def work(tx: Transaction) -> SourceView:
        before = stored.by_name(tx, name)
        if before is None:
            known = [one.name for one in stored.listing(tx)]
            near = [found[0] for found in process.extract(name, known, limit=3, score_cutoff=60)]
            raise NoSourceError(name=name[:80], nearest=near or known[:3])
        stored.say(tx, name, length)
        diff = f"- quiet: {_written(before.said)}\n+ quiet: {_written(length)}"
        audit.note(
            tx,
            Entry(
                at=ctx.now(), actor=request.actor.id, action="source.say", object=f"source:{name}", diff=diff
            ),
        )
        after = stored.by_name(tx, name)
        if after is None:
            raise AssertionError("a source does not vanish")
        return _view(after)

    return rule_changes.once(
        ctx,
        request.actor,
        did="source.say",
        on=f"source:{name[:80]}",
        change=work,
        key=request.key,
        action=Action.CHANGE_SOURCES,
        thing=Sources(),
    )


def _length(text: str) -> int | None:
    said = text.strip().casefold()
    if said == AUTO:
        return None
    if said == NEVER:
        return OFF
    length = length_of(said)
    if length is None or not SHORTEST <= length <= LONGEST:
        raise BadRhythmError(text=text[:40])
    return length


def _written(said: int | None) -> str:
    return AUTO if said is None else length_text(said) if said else NEVER


def _view(source: Source) -> SourceView:
    return SourceView(
        name=source.name,
        last_at=source.last_at,
        patience=source.patience,
        said=source.said is not None,
        flow=source.flow(),
        stale_since=source.stale_since,
    )
