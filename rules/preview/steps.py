"""The instants at which a preview looks: as if swept at the first, and again and again up to the end.

What is asked for is read and bounded here. It must not know conditions, nor what is found at an instant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Final

import numpy as np

from rules.conditions.columns import Ints
from rules.conditions.days import midnights
from rules.conditions.windows import Window
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, Calendar, iso

MOST_STEPS: Final = 20_000
USUAL_EVERY: Final = "1d"
USUAL_LENGTH: Final = 90 * DAY
_EVERY: Final = re.compile(r"([1-9][0-9]{0,5})\s*([hdw])\Z", re.IGNORECASE)
_UNITS: Final = {"h": HOUR, "d": DAY, "w": 7 * DAY}


class BadEveryError(WarmlineError):
    """A text that is no distance between two looks: ``text``, cut."""

    code: ClassVar[str] = "bad_every"


class EmptyStretchError(WarmlineError):
    """A stretch that ends before it begins, or as it does: ``since`` and ``until``, and ``now``, which nothing lies after."""

    code: ClassVar[str] = "empty_stretch"


class OneLookError(WarmlineError):
    """No second look fits between ``since`` and ``until`` at a distance of ``every``: nobody could be seen to enter."""

    code: ClassVar[str] = "one_look"


class TooManyStepsError(WarmlineError):
    """More than ``limit`` looks were asked for: ``steps``; ``every`` is the smallest distance that would do."""

    code: ClassVar[str] = "too_many_steps"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``since`` to ``until``, both ends in, a look every ``every`` milliseconds; ``clipped``: the future was left out."""

    since: int
    until: int
    every: int
    clipped: bool = False

    @classmethod
    def of(cls, *, since: int | None, until: int | None, every: str, now: int) -> "Stretch":
        """Read what was asked for; the last 90 days where nothing was said. What lies after ``now`` is left out.

        Raises `BadEveryError`, `EmptyStretchError`, `OneLookError` or `TooManyStepsError`.
        """
        match = _EVERY.match(every.strip())
        if match is None:
            raise BadEveryError(text=every[:40])
        step = int(match[1]) * _UNITS[match[2].lower()]
        clipped = until is not None and until > now
        end = now if until is None else min(until, now)
        begin = end - USUAL_LENGTH if since is None else since
        if begin >= end:
            raise EmptyStretchError(since=iso(begin), until=iso(end), now=iso(now))
        if begin + step > end:
            raise OneLookError(since=iso(begin), until=iso(end), every=every_text(step))
        looks = (end - begin) // step + 1
        if looks > MOST_STEPS:
            hours = -(-(end - begin) // ((MOST_STEPS - 1) * HOUR))
            raise TooManyStepsError(steps=looks, limit=MOST_STEPS, every=every_text(_rounded(hours) * HOUR))
        return cls(begin, end, step, clipped)

    @property
    def looks(self) -> int:
        """How many instants it has."""
        return (self.until - self.since) // self.every + 1


def every_text(milliseconds: int) -> str:
    """Write a distance as it is typed: whole weeks stay days, as ``7d``."""
    return f"{milliseconds // DAY}d" if milliseconds % DAY == 0 else f"{milliseconds // HOUR}h"


def _rounded(hours: int) -> int:
    """Give the same or a little more, so that it reads well: from a day on, whole days."""
    return hours if hours < 24 else -(-hours // 24) * 24


class Steps:
    """The instants of a stretch, ascending, and where the edges of windows lie at each of them."""

    def __init__(self, stretch: Stretch, calendar: Calendar) -> None:
        self.instants: Ints = stretch.since + stretch.every * np.arange(stretch.looks, dtype=np.int64)
        self.calendar = calendar
        self._edges: dict[tuple[Window, int], Ints] = {}

    def __len__(self) -> int:
        return len(self.instants)

    @property
    def first(self) -> int:
        """The first instant."""
        return int(self.instants[0])

    @property
    def last(self) -> int:
        """The last instant."""
        return int(self.instants[-1])

    def edges(self, window: Window, times: int = 1) -> Ints:
        """Give the exclusive lower edge of ``window``, ``times`` as long, at every step; they never go back."""
        key = (window, times)
        if key not in self._edges:
            exact = window.milliseconds
            self._edges[key] = (
                self.instants - times * exact
                if exact is not None
                else np.array(
                    [window.edge(now, self.calendar, times) for now in self.instants.tolist()], dtype=np.int64
                )
            )
        return self._edges[key]

    def dates(self) -> list[date]:
        """Give the business date of every step."""
        return [self.calendar.date_of(now) for now in self.instants.tolist()]


class DayEnds(Steps):
    """The last milliseconds of business ``days``, which follow one another; a day may be longer or shorter than 24 hours."""

    def __init__(self, days: Ints, calendar: Calendar) -> None:
        self.days = days
        self.instants = midnights(days + 1, calendar) - 1
        self.calendar = calendar
        self._edges: dict[tuple[Window, int], Ints] = {}


def weeks(stretch: Stretch, calendar: Calendar) -> Sequence[date]:
    """Give the Monday of every week that the stretch touches, in order."""
    first, last = (monday(calendar.date_of(at)) for at in (stretch.since, stretch.until))
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]


def monday(day: date) -> date:
    """Give the Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())
