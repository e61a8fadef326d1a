"""Instants as tests of rules write them: dates, times, days counted from the start, and the moment just before.

``2026-01-31``, ``2026-01-31 09:30``, ``day 30``, ``day 30 09:30``, ``just before day 30``. Day 0 is the start; a day
without a time is its midnight in the test's time zone; just before is a millisecond.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from rules.instants import DAY, HOUR, Calendar, InstantError

_JUST_BEFORE: Final = re.compile(r"just\s+before\s+", re.IGNORECASE)
_DAY: Final = re.compile(r"day\s+([0-9]{1,6})(?:\s+([0-9]{1,2}:.*))?\Z", re.IGNORECASE | re.ASCII)
_EVERY: Final = re.compile(r"([0-9]{1,4})\s*([hdw])\Z", re.IGNORECASE | re.ASCII)
_EARLIEST: Final = -2_208_988_800_000
"""1900-01-01: no story needs an earlier time, and far from the ends of the calendar its arithmetic is safe."""
_LATEST: Final = 7_258_118_400_000
"""2200-01-01."""
_UNITS: Final = {"h": HOUR, "d": DAY, "w": 7 * DAY}


@dataclass(frozen=True, slots=True)
class When:
    """Reads instants of a test that starts on the date ``start``."""

    start: date
    calendar: Calendar

    def instant(self, text: str) -> int:
        """Read an instant of the years 1900 to 2199; raises `InstantError`."""
        cleaned = text.strip()
        before = _JUST_BEFORE.match(cleaned)
        rest = cleaned[before.end() :] if before else cleaned
        day = _DAY.match(rest)
        instant = self._day(text, int(day[1]), day[2]) if day else self.calendar.parse(rest)
        if not _EARLIEST <= instant <= _LATEST:
            raise InstantError(text=text[:80])
        return instant - 1 if before else instant

    def _day(self, text: str, days: int, time: str | None) -> int:
        try:
            day = self.start + timedelta(days=days)
        except OverflowError as error:
            raise InstantError(text=text[:80]) from error
        if time is None:
            return self.calendar.midnight(day)
        padded = f"0{time}" if time[1] == ":" else time
        return self.calendar.parse(f"{day.isoformat()}T{padded}")


def every(text: str) -> int | None:
    """Read a stretch of time such as ``1d``, in milliseconds; None where it is none."""
    match = _EVERY.match(text.strip())
    length = int(match[1]) * _UNITS[match[2].lower()] if match else 0
    return length or None
