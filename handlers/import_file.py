"""``import``: a file is read as a stream and taken in, batch by batch; memory does not grow with the file.

A file may be imported again, or again after it was cut short: what stands already is a duplicate.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from handlers.admit import Candidate, admit
from handlers.context import Context
from handlers.ingest import BATCH, Counts
from handlers.intake.errors import Reason, RefusedError
from handlers.intake.events import World
from handlers.intake.format import Draft, Format, Record
from handlers.intake.formats import AUTO, FORMATS, detect
from handlers.intake.lines import Lines
from storage import retry, upkeep
from storage.incoming import CustomerIn, EventIn, key_of
from storage.quarantine import Refused
from storage.tally import Tally

_BATCH_BYTES = 4_000_000
"""A batch of longer records than usual is a smaller one."""
_MANY = 50_000
"""Records after which the planner looks at the tables anew."""

Progress = Callable[[int, int], None]
"""Told the bytes read so far and those of the whole file."""


def import_file(
    context: Context,
    path: Path,
    *,
    format_name: str = AUTO,
    source: str | None = None,
    progress: Progress = lambda _read, _whole: None,
) -> Counts:
    """Import the file at ``path``; ``source`` defaults to the format's name.

    A record that cannot be taken in goes to quarantine. Raises the errors of `handlers.intake.errors` about the file
    as a whole, before anything is written.
    """
    with Lines(path) as lines, Tally() as equals, Tally() as people:
        lines.peek()
        chosen = detect(lines) if format_name == AUTO else FORMATS[format_name]
        world = World(source=source or chosen.name, calendar=context.calendar, currency=context.currency)
        counts = Counts()
        for batch in _batches(chosen.records(lines)):
            candidates = _candidates(batch, chosen, world, origin=path.name, equals=equals)
            now = context.now()
            verdicts = retry.writing(
                context.database,
                lambda tx, some=candidates, at=now: admit(tx, some, now=at, by_http=False),  # type: ignore[misc]
            )
            counts = counts.plus(verdicts)
            people.see(
                {key_of(_customer(one.draft)) for one in candidates if not isinstance(one.draft, Reason)}
            )
            progress(lines.consumed, lines.size)
        if counts.inserted >= _MANY:
            retry.writing(context.database, upkeep.analyze)
        return replace(counts, customers=people.different())


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.raw)
        if len(batch) == BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _candidates(
    batch: list[Record], chosen: Format, world: World, *, origin: str, equals: Tally
) -> list[Candidate]:
    drafts = [_draft(record, chosen, world) for record in batch]
    keys = [_equal_to(record, draft, chosen) for record, draft in zip(batch, drafts, strict=True)]
    seen = iter(equals.see(key for key in keys if key is not None))
    candidates = []
    for record, draft, key in zip(batch, drafts, keys, strict=True):
        ordinal = 1 if key is None else next(seen)
        paper = Refused(
            source=world.source,
            format=chosen.name,
            origin=origin,
            line=record.line,
            reason="",
            params={},
            record=record.raw,
            header=record.header,
            ordinal=ordinal,
        )
        numbered = draft if isinstance(draft, Reason) else chosen.numbered(draft, ordinal)
        candidates.append(Candidate(paper=paper, draft=numbered))
    return candidates


def _draft(record: Record, chosen: Format, world: World) -> Draft | Reason:
    if record.reason is not None:
        return record.reason
    try:
        return chosen.draft(record.fields or {}, world)
    except RefusedError as error:
        return error.reason


def _equal_to(record: Record, draft: Draft | Reason, chosen: Format) -> int | None:
    fine = None if isinstance(draft, Reason) else draft
    key = None if record.fields is None else chosen.equal_to(record.fields, fine)
    if key is None and fine is None:
        # What cannot be read is counted by its bytes, so that equal lines stay as many when they are retried.
        return key_of("raw", record.raw.hex())
    return key


def _customer(draft: EventIn | CustomerIn) -> str:
    return draft.customer if isinstance(draft, EventIn) else draft.external_id
