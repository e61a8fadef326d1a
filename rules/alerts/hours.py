"""When a channel may be told something: its quiet hours, weekends and holidays, by the clocks of its own zone. Pure.

The clock on the wall decides: where it is put forward or back, whatever hour it shows then counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from rules.alerts.channel import ChannelSettings, DigestTime, Often
from rules.alerts.holidays import holiday
from rules.instants import Calendar, from_datetime, to_datetime

_LONGEST: Final = 60
"""Days after which nobody goes on looking for an hour that is not quiet."""


class Rest(StrEnum):
    """Why a channel is quiet."""

    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Why a channel is quiet at an instant: ``by`` names the holiday, or the hours."""

    rest: Rest
    by: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a digest is due, and the one before it."""

    at: int
    before: int


def quiet_at(settings: ChannelSettings, calendar: Calendar, now: int) -> Quiet | None:
    """Say why a channel is quiet at ``now``; None where it is not. ``calendar`` is of its zone."""
    moment = to_datetime(now).astimezone(calendar.zone)
    off = day_off(settings, moment.date())
    if off is not None:
        return off
    if settings.quiet is not None and moment.hour * 60 + moment.minute in settings.quiet:
        return Quiet(Rest.QUIET_HOURS, str(settings.quiet))
    return None


def day_off(settings: ChannelSettings, day: date) -> Quiet | None:
    """Say why a channel is quiet on the whole of a day; None where it is not."""
    name = holiday(settings.holidays, day) if settings.holidays else None
    if name is not None:
        return Quiet(Rest.HOLIDAY, name)
    return Quiet(Rest.WEEKEND) if day.weekday() in settings.weekend else None


def next_awake(settings: ChannelSettings, calendar: Calendar, now: int) -> int:
    """Give the first instant from ``now`` on at which a channel is not quiet."""
    if quiet_at(settings, calendar, now) is None:
        return now
    at = now
    for day in _days(calendar.date_of(now), _LONGEST):
        for at in _edges(settings, calendar, day):
            if at > now and quiet_at(settings, calendar, at) is None:
                return at
    return at


def wall(calendar: Calendar, day: date, minute: int) -> int:
    """Give the instant at which the clock shows ``minute`` on ``day``: the first of two; where it is skipped, the next."""
    shown = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=calendar.zone)
    at = from_datetime(shown.astimezone(UTC))
    back = to_datetime(at).astimezone(calendar.zone)
    if back.replace(tzinfo=None) == shown.replace(tzinfo=None):
        return at
    change = _change(calendar, day)
    return at if change is None else change


def digest_slot(settings: ChannelSettings, calendar: Calendar, now: int) -> Slot | None:
    """Give the last time up to ``now`` at which the channel was to be told what was held back; None without digests.

    Never while it is quiet: on a day off it is told on the next day that is none, at its hour; and where that hour is
    quiet, at the end of it.
    """
    if settings.digest.often is Often.OFF:
        return None
    found: int | None = None
    day = calendar.date_of(now)
    for _ in range(_LONGEST):
        if _is_due(settings.digest, day):
            at = _told_at(settings, calendar, day)
            if found is None and at <= now:
                found = at
            elif found is not None and at < found:
                return Slot(found, at)
        day -= timedelta(days=1)
    return None if found is None else Slot(found, found)


def _is_due(digest: DigestTime, day: date) -> bool:
    return digest.often is Often.DAILY or day.weekday() == digest.weekday


def _told_at(settings: ChannelSettings, calendar: Calendar, day: date) -> int:
    for one in _days(day, _LONGEST):
        if day_off(settings, one) is None:
            day = one
            break
    return next_awake(settings, calendar, wall(calendar, day, settings.digest.at))


def _edges(settings: ChannelSettings, calendar: Calendar, day: date) -> list[int]:
    """Give the instants of a day, in order, at which a channel may cease to be quiet."""
    edges = {calendar.midnight(day), calendar.midnight(day + timedelta(days=1))}
    change = _change(calendar, day)
    if change is not None:
        edges.add(change)
    if settings.quiet is not None:
        shown = datetime.combine(day, time(settings.quiet.ends // 60, settings.quiet.ends % 60))
        edges |= {
            from_datetime(shown.replace(tzinfo=calendar.zone, fold=fold).astimezone(UTC)) for fold in (0, 1)
        }
    return sorted(edges)


def _change(calendar: Calendar, day: date) -> int | None:
    """Give the instant of a day at which the clock is put forward or back; None where it is not."""
    low, high = calendar.midnight(day) - 1, calendar.midnight(day + timedelta(days=1))
    before, zone = _offset(calendar.zone, low), calendar.zone
    if _offset(zone, high) == before:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: ZoneInfo, instant: int) -> timedelta | None:
    return to_datetime(instant).astimezone(zone).utcoffset()


def _days(first: date, n: int) -> Iterator[date]:
    return (first + timedelta(days=days) for days in range(n))
