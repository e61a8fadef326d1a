"""What to do with what lies in quarantine: try it again, or drop it.

It must not know how records are shown.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from handlers.admit import Candidate, admit
from handlers.context import Context
from handlers.ingest import Counts, Taken, Verdict
from handlers.intake.errors import Reason, RefusedError
from handlers.intake.events import World
from handlers.intake.format import Draft
from handlers.intake.formats import FORMATS
from handlers.intake.records import HTTP
from rules.errors import WarmlineError
from storage import quarantine, retry
from storage.database import Transaction
from storage.quarantine import Kept, Refused

_BATCH: Final = 100


class NotInQuarantineError(WarmlineError):
    """Nothing lies in quarantine under ``id``."""

    code: ClassVar[str] = "not_in_quarantine"


def try_again(context: Context, ids: Sequence[str] = ()) -> Counts:
    """Take in anew what lies in quarantine, all of it or the records named; what goes in leaves quarantine.

    They go in as they came, the first first: of two lines on one customer the later one holds, as it would have.
    Raises `NotInQuarantineError`.
    """
    if ids:
        with context.database.reading() as tx:
            named = _named(tx, ids)
        return Counts().plus(_retry(context, named))
    counts, last = Counts(), None
    while True:
        with context.database.reading() as tx:
            some = quarantine.listing(tx, limit=_BATCH, after=last)
        if not some:
            return counts
        counts, last = counts.plus(_retry(context, some)), some[-1]


def drop(context: Context, ids: Sequence[str]) -> int:
    """Forget the records named, for ever. Raises `NotInQuarantineError`, and then none is forgotten."""

    def work(tx: Transaction) -> int:
        _named(tx, ids)
        return quarantine.remove(tx, ids)

    return retry.writing(context.database, work)


def drop_all(context: Context) -> int:
    """Forget all that lies in quarantine, for ever."""
    return retry.writing(context.database, quarantine.clear)


def _named(tx: Transaction, ids: Sequence[str]) -> list[Kept]:
    found = {kept.id: kept for kept in quarantine.by_ids(tx, ids)}
    for one in ids:
        if one not in found:
            raise NotInQuarantineError(id=one[:80])
    return list(found.values())


def _retry(context: Context, some: Sequence[Kept]) -> list[Verdict]:
    candidates = [Candidate(paper=kept.refused, draft=_draft(kept.refused, context)) for kept in some]
    now = context.now()

    def work(tx: Transaction) -> list[Verdict]:
        verdicts: dict[int, Verdict] = {}
        for by_http in (False, True):
            chosen = [index for index, kept in enumerate(some) if (kept.refused.format == HTTP) is by_http]
            admitted = admit(tx, [candidates[index] for index in chosen], now=now, by_http=by_http)
            verdicts.update(zip(chosen, admitted, strict=True))
        quarantine.remove(
            tx, [kept.id for index, kept in enumerate(some) if isinstance(verdicts[index], Taken)]
        )
        return [verdicts[index] for index in range(len(some))]

    return retry.writing(context.database, work)


def _draft(paper: Refused, context: Context) -> Draft | Reason:
    chosen = FORMATS[paper.format]
    world = World(source=paper.source, calendar=context.calendar, currency=context.currency)
    try:
        draft = chosen.draft(chosen.again(paper.record, paper.header), world)
    except RefusedError as error:
        return error.reason
    return chosen.numbered(draft, paper.ordinal)
