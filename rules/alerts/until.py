"""Until when: an end that a person wrote, and the reason beside it, read and bounded. Pure.

An end is a length from now (``3d``, ``12h``, ``2w``), ``tomorrow``, or a date, perhaps with a time.
"""

import re
from datetime import date, timedelta
from typing import ClassVar, Final

from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, MINUTE, Calendar, InstantError

LONGEST_REASON: Final = 500
_LENGTH: Final = re.compile(r"([0-9]{1,6})\s*(m|h|d|w)\Z", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_UNSTORED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class BadUntilError(WarmlineError):
    """``text``, cut, is no length of time and no date."""

    code: ClassVar[str] = "bad_until"


class BadAgeError(WarmlineError):
    """``text``, cut, is no length of time."""

    code: ClassVar[str] = "bad_age"


def read_until(text: str, now: int, calendar: Calendar, *, at: str = "") -> int:
    """Read an end; ``at``, such as ``T09:00``, is the time of a bare date and of tomorrow, midnight where nothing is said.

    It may lie in the past: what is too early or too late is the caller's to say. Raises `BadUntilError`.
    """
    said = text.strip()
    length = read_length(said)
    if length is not None:
        return now + length
    if said.casefold() == "tomorrow":
        said = (calendar.date_of(now) + timedelta(days=1)).isoformat()
    try:
        if _DATE.match(said):
            date.fromisoformat(said)
            return calendar.parse(said + at)
        return calendar.parse(said)
    except (InstantError, ValueError) as error:
        raise BadUntilError(text=said[:80]) from error


def read_length(text: str) -> int | None:
    """Read a length of time such as ``3d``, in milliseconds; None for what is none."""
    found = _LENGTH.match(text.strip())
    return int(found[1]) * _UNITS[found[2].lower()] if found else None


def read_reason(text: str) -> str:
    """Give a reason as it is kept: on one line, without what no database takes, its end cut off where it is long."""
    line = " ".join(_UNSTORED.sub(" ", text).split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1].rstrip() + "…"
