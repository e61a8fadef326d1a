"""Windows of time: ``12h 30d 8w`` of exact length, ``12mo 1y`` by the business calendar.

A window of length W that ends at ``now`` holds the instants in (edge, now]: ``occurred_at > edge`` and
``occurred_at <= now``, for every unit. For an exact window the edge is ``now - W``. For a calendar window it is the
business midnight of the date that many months before now's business date, clipped to the month's end; so it moves
once a day, and never back.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from rules.conditions.spans import Placed
from rules.instants import DAY, EARLIEST, HOUR, LATEST, Calendar, months_before


class Unit(StrEnum):
    """What a window is counted in, as it is written."""

    HOURS = "h"
    DAYS = "d"
    WEEKS = "w"
    MONTHS = "mo"
    YEARS = "y"


LONGEST_YEARS: Final = 10
_MILLISECONDS: Final = {Unit.HOURS: HOUR, Unit.DAYS: DAY, Unit.WEEKS: 7 * DAY}
_MONTHS: Final = {Unit.MONTHS: 1, Unit.YEARS: 12}
_LONGEST_EXACT: Final = (LONGEST_YEARS * 365 + 3) * DAY
"""Ten years with three leap days, the most that ten years can have."""


@dataclass(frozen=True, slots=True)
class Window(Placed):
    """A stretch of time up to an instant, such as ``30d``: ``length`` is at least 1."""

    length: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.length}{self.unit}"

    @property
    def milliseconds(self) -> int | None:
        """The exact length, or None for a calendar window."""
        scale = _MILLISECONDS.get(self.unit)
        return None if scale is None else self.length * scale

    @property
    def too_long(self) -> bool:
        """Whether it is longer than ten years."""
        exact = self.milliseconds
        return self._months > LONGEST_YEARS * 12 if exact is None else exact > _LONGEST_EXACT

    def edge(self, now: int, calendar: Calendar, times: int = 1) -> int:
        """Give the exclusive lower edge of this window, ``times`` as long, ending at ``now``: it holds (edge, now].

        The window before it, which `change` compares with, is (``edge(now, 2)``, ``edge(now, 1)``]: for a calendar
        window both edges are counted back from now's date, not one from the other.
        """
        exact = self.milliseconds
        if exact is not None:
            return now - times * exact
        today = calendar.date_of(now)
        if today.year * 12 + today.month - 1 - times * self._months < 12:
            return EARLIEST
        return calendar.midnight(months_before(today, times * self._months))

    def expiry(self, start: int, calendar: Calendar) -> int:
        """Give the first instant at which something that happened at ``start`` is a window old.

        That is the first ``now`` with ``start <= edge(now)``, which makes it the mirror of `edge`: ``start + W``
        for an exact window, a business midnight for a calendar one.
        """
        exact = self.milliseconds
        if exact is not None:
            return start + exact
        first = calendar.date_of(start)
        if first.year + self._months // 12 >= 9998:
            return LATEST
        if calendar.midnight(first) < start:
            first += timedelta(days=1)
        return calendar.midnight(_months_after(first, self._months))

    @property
    def _months(self) -> int:
        return self.length * _MONTHS.get(self.unit, 0)


def _months_after(day: date, months: int) -> date:
    """Give the first date whose ``months_before`` reaches ``day``; past the end of a short month, the next month's 1st."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year, month + 2, 1)
