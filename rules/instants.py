"""Instants, business days and windows: the only arithmetic on time in Warmline.

An instant is a whole number of milliseconds since 1970-01-01T00:00Z. Days, months and years belong to the
business's own time zone. Nothing here reads a clock.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from rules.errors import WarmlineError

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
EARLIEST: Final = -62_135_596_800_000
"""0001-01-01T00:00Z, the first instant that ``datetime`` can say."""
LATEST: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last instant that ``datetime`` can say."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class InstantError(WarmlineError):
    """A text that is no instant: ``text`` as it was given."""

    code: ClassVar[str] = "bad_instant"


def from_datetime(moment: datetime) -> int:
    """Give the instant of an aware ``moment``, rounded down to the millisecond."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def to_datetime(instant: int) -> datetime:
    """Give ``instant`` as an aware datetime in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)


def iso(instant: int) -> str:
    """Write ``instant`` as ISO 8601 in UTC, to the millisecond where it has any."""
    moment = to_datetime(instant)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business's calendar: which instants make a day there."""

    zone: ZoneInfo

    @classmethod
    def of(cls, zone_name: str) -> "Calendar":
        """Give the calendar of an IANA zone name such as ``Europe/Berlin``."""
        return cls(ZoneInfo(zone_name))

    def date_of(self, instant: int) -> date:
        """Give the business date that ``instant`` falls on."""
        return to_datetime(instant).astimezone(self.zone).date()

    def midnight(self, day: date) -> int:
        """Give the first instant of the business date ``day`` (in a zone that skips midnight, the first that exists)."""
        return _midnight(self.zone, day)

    def parse(self, text: str) -> int:
        """Read ISO 8601: a bare date is its midnight here, a naive time is in this zone.

        Raises `InstantError` for what is neither, or lies outside the years 1 to 9999.
        """
        cleaned = text.strip()
        try:
            if _DATE.match(cleaned):
                return self.midnight(date.fromisoformat(cleaned))
            moment = datetime.fromisoformat(cleaned)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self.zone)
            return from_datetime(moment)
        except (ValueError, OverflowError) as error:
            raise InstantError(text=text[:80]) from error


@lru_cache(maxsize=65_536)
def _midnight(zone: ZoneInfo, day: date) -> int:
    midnight = datetime.combine(day, time(), tzinfo=zone)
    # A zone that springs forward at midnight has no 00:00 that day: going through UTC lands on the first real instant.
    return from_datetime(midnight.astimezone(UTC))


def months_before(day: date, months: int) -> date:
    """Give the date ``months`` calendar months before ``day``, clipped to that month's last day."""
    index = day.year * 12 + (day.month - 1) - months
    year, month = divmod(index, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last_day))
