"""Calendar months of a history: which a stretch of days has, how they are numbered, and how many may be asked for.

It must not know what is counted in a month.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from rules.conditions.columns import Ints
from rules.conditions.days import date_ordinal
from rules.errors import WarmlineError
from rules.lifecycle.stretches import date_of

MOST: Final = 24
_WHOLE: Final = re.compile(r"[0-9]{1,3}\Z")


class BadMonthsError(WarmlineError):
    """``text`` is no number of months from 1 to ``limit``."""

    code: ClassVar[str] = "bad_months"


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month; ``number`` counts months since the year 0, so that a month's number less another's is their distance."""

    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """Give the month of a date."""
        return cls(day.year * 12 + day.month - 1)

    @classmethod
    def of_day(cls, day: int) -> "Month":
        """Give the month of a day, counted since 1970-01-01."""
        return cls.of(date_of(day))

    @property
    def first(self) -> date:
        """The first date."""
        return date(self.number // 12, self.number % 12 + 1, 1)

    @property
    def first_day(self) -> int:
        """The first day, counted since 1970-01-01."""
        return date_ordinal(self.first)

    @property
    def last_day(self) -> int:
        """The last day, counted since 1970-01-01."""
        return Month(self.number + 1).first_day - 1

    def __str__(self) -> str:
        """Write it as ``2026-11``."""
        return f"{self.first:%Y-%m}"


def months_up_to(last: Month, many: int) -> list[Month]:
    """Give so many months in order, of which ``last`` is the last."""
    return [Month(last.number - back) for back in reversed(range(many))]


def read_months(text: str) -> int:
    """Read a number of months, as people type it; raises `BadMonthsError`."""
    if not _WHOLE.match(text.strip()):
        raise BadMonthsError(text=text[:40], limit=MOST)
    return bounded(int(text))


def bounded(months: int) -> int:
    """Give ``months`` back; raises `BadMonthsError` where so many may not be asked for."""
    if not 1 <= months <= MOST:
        raise BadMonthsError(text=str(months), limit=MOST)
    return months


def numbers_of(days: Ints) -> Ints:
    """Give the number of each day's month."""
    months: Ints = days.astype("datetime64[D]").astype("datetime64[M]").astype("int64") + 1970 * 12
    return months
