"""How often a source sends, and whether it has stopped: what tells a silent feed from silent customers. Pure.

It must not know customers, nor what the events say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from rules.instants import DAY, HOUR

LOOK_BACK: Final = 60 * DAY
"""How far back a habit is looked for."""
LEARN_EVERY: Final = DAY
FEWEST_DAYS: Final = 7
"""A source that sent on fewer days has no habit: a file that was imported once has not stopped."""
TIMES: Final = 3
"""A source has stopped once it is quiet for so many times its longest usual gap."""
SHORTEST: Final = HOUR
LONGEST: Final = 90 * DAY
SETTLE: Final = HOUR // 2
"""How long after its return a source is given to send what it had missed."""
OFF: Final = 0


class Flow(StrEnum):
    """How a source flows."""

    FLOWING = "flowing"
    STOPPED = "stopped"
    RETURNING = "returning"
    """It sends again, and is given time to send what it had missed."""
    UNWATCHED = "unwatched"
    """Nobody says how often it should send: it has no habit yet, or a manager said so."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source as it stands. ``said`` by a manager (0: may be quiet for ever), ``learned`` of its habit; in milliseconds."""

    name: str
    said: int | None = None
    learned: int | None = None
    learned_at: int | None = None
    stale_since: int | None = None
    back_at: int | None = None
    last_at: int | None = None

    @property
    def patience(self) -> int | None:
        """How long it may be quiet before it is said to have stopped; None: for ever."""
        return (self.said or None) if self.said is not None else self.learned

    def flow(self) -> Flow:
        """Say how it flows, by what was noticed last."""
        if self.back_at is not None:
            return Flow.RETURNING
        if self.stale_since is not None:
            return Flow.STOPPED
        return Flow.FLOWING if self.patience is not None else Flow.UNWATCHED


class Turn(StrEnum):
    """What is noticed of a source."""

    STOPS = "stops"
    RETURNS = "returns"
    SETTLES = "settles"
    """What it had missed had time to come in: it is believed again."""
    UNWATCHED = "unwatched"
    """It was said to have stopped, and nobody minds any more."""


def turn(source: Source, now: int) -> Turn | None:
    """Say what is to be noticed of a source at ``now``, if anything.

    A source has returned at its first event after it stopped; it is believed only once what it had missed had time to
    come in.
    """
    flow, patience = source.flow(), source.patience
    if flow in (Flow.STOPPED, Flow.RETURNING) and patience is None:
        return Turn.UNWATCHED
    if patience is None or source.last_at is None:
        return None
    quiet = now - source.last_at > patience
    if flow is Flow.FLOWING:
        return Turn.STOPS if quiet else None
    if flow is Flow.STOPPED:
        return None if quiet else Turn.RETURNS
    return Turn.SETTLES if source.back_at is not None and now - source.back_at >= SETTLE else None


def learned(hours: Sequence[tuple[int, int]], before: int | None) -> int | None:
    """Give how long a source may be quiet by its habit, or None where it has none.

    ``hours`` in which it sent, as (begin, last arrival), ascending. A gap longer than what it was allowed ``before``
    was a stop, and is no habit; a manager who knows better says so.
    """
    if len({begin // DAY for begin, _ in hours}) < FEWEST_DAYS:
        return before
    gaps = [max(0, later[0] - earlier[1]) for earlier, later in pairwise(hours)]
    usual = [gap for gap in gaps if before is None or gap <= before]
    return min(max(SHORTEST, TIMES * max(usual, default=0)), LONGEST)
