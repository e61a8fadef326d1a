"""Events that come by HTTP: a request's worth of them, taken in at once.

It must not know HTTP itself: headers, keys and status codes are the route's business.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from handlers.admit import Candidate, admit
from handlers.context import Context
from handlers.ingest import BATCH, Counts
from handlers.intake import json_text
from handlers.intake.errors import Reason, RefusedError, shown
from handlers.intake.events import World
from handlers.intake.format import Draft
from handlers.intake.formats import FORMATS
from handlers.intake.records import HTTP
from rules.errors import WarmlineError
from storage import recent, retry
from storage.quarantine import Refused

ORIGIN: Final = "/v1/events"
_PRUNE_EVERY: Final = 10_000
"""Ids taken in between two looks at how many there are."""


class NotEventsError(WarmlineError):
    """A body that is neither a JSON object nor a list: ``detail``."""

    code: ClassVar[str] = "not_events"


class TooManyEventsError(WarmlineError):
    """A list of more than ``limit`` events."""

    code: ClassVar[str] = "too_many_events"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the events of a request; ``problems`` names those in quarantine by their place in the list."""

    counts: Counts
    problems: tuple[tuple[int, Reason], ...]


class Receiver:
    """Takes in what one process receives."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._mutex = threading.Lock()
        self._until_pruning = 0

    def receive(self, body: bytes) -> Received:
        """Take in the events of a body. Raises `NotEventsError`, `TooManyEventsError`, `storage.errors.DatabaseTroubleError`."""
        candidates = [self._candidate(value, text) for value, text in _items(body)]
        now = self._context.now()
        verdicts = retry.writing(
            self._context.database, lambda tx: admit(tx, candidates, now=now, by_http=True)
        )
        self._prune(len(candidates))
        return Received(
            counts=Counts().plus(verdicts),
            problems=tuple(
                (index, verdict) for index, verdict in enumerate(verdicts) if isinstance(verdict, Reason)
            ),
        )

    def _candidate(self, value: Any, text: str) -> Candidate:
        world = World(source=HTTP, calendar=self._context.calendar, currency=self._context.currency)
        paper = Refused(
            source=HTTP, format=HTTP, origin=ORIGIN, line=None, reason="", params={}, record=text.encode()
        )
        return Candidate(paper=paper, draft=_draft(value, text, world))

    def _prune(self, taken: int) -> None:
        with self._mutex:
            self._until_pruning -= taken
            if self._until_pruning > 0:
                return
            self._until_pruning = _PRUNE_EVERY
        retry.writing(self._context.database, recent.prune)


def _items(body: bytes) -> Sequence[tuple[Any, str]]:
    try:
        found = json_text.items(body.decode("utf-8"), limit=BATCH)
    except ValueError as error:
        raise NotEventsError(detail=shown(error)) from error
    if len(found) > BATCH:
        raise TooManyEventsError(limit=BATCH)
    return found


def _draft(value: Any, text: str, world: World) -> Draft | Reason:
    if not isinstance(value, dict):
        return Reason("not_an_object", {"found": shown(text)})
    try:
        return FORMATS[HTTP].draft(value, world)
    except RefusedError as error:
        return error.reason
