"""What a channel says of itself: its hours, and how much attention it has to give. Pure.

It must not know Slack, nor which channels there are.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

USUAL_BUDGET: Final = 30
USUAL_GROUP: Final = 10
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES: Final = 24 * 60


class Often(StrEnum):
    """How often a channel is told what was held back."""

    DAILY = "daily"
    WEEKLY = "weekly"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``begins`` up to ``ends``, in minutes after midnight by the channel's clock; over midnight if it ends earlier."""

    begins: int
    ends: int

    def __contains__(self, minute: object) -> bool:
        if not isinstance(minute, int):
            return False
        if self.begins < self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends

    def __str__(self) -> str:
        return f"{clock_text(self.begins)}-{clock_text(self.ends)}"


@dataclass(frozen=True, slots=True)
class DigestTime:
    """How often, at which minute after midnight, and on which weekday (0: Monday) if weekly."""

    often: Often = Often.DAILY
    at: int = 9 * 60
    weekday: int = 0

    def __str__(self) -> str:
        if self.often is Often.OFF:
            return str(self.often)
        day = f"{WEEKDAYS[self.weekday]} " if self.often is Often.WEEKLY else ""
        return f"{self.often} {day}{clock_text(self.at)}"


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """How alerts are told in a channel; what is said nowhere is usual.

    ``budget``: alerts that it reads in a day of its zone, None for any number. ``group``: past so many customers of one
    rule at once, one message tells them all. ``language`` and ``zone`` are the business's where they are empty.
    ``weekend``: days on which it is told nothing, 0 for Monday. ``holidays``: whose public holidays it keeps, such as
    ``DE-BY``; none where empty.
    """

    budget: int | None = USUAL_BUDGET
    group: int = USUAL_GROUP
    language: str = ""
    zone: str = ""
    quiet: QuietHours | None = None
    weekend: tuple[int, ...] = ()
    holidays: str = ""
    digest: DigestTime = DigestTime()

    @property
    def is_ever_quiet(self) -> bool:
        """Whether there are times at which the channel is told nothing."""
        return bool(self.quiet or self.weekend or self.holidays)


USUAL: Final = ChannelSettings()


def clock_text(minute: int) -> str:
    """Write a minute of the day as a clock shows it: ``09:00``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def as_data(settings: ChannelSettings) -> dict[str, Any]:
    """Give settings as plain data, for storage; `from_data` reads them back."""
    quiet, digest = settings.quiet, settings.digest
    return {
        "budget": settings.budget,
        "group": settings.group,
        "language": settings.language,
        "zone": settings.zone,
        "quiet": None if quiet is None else [quiet.begins, quiet.ends],
        "weekend": list(settings.weekend),
        "holidays": settings.holidays,
        "digest": [str(digest.often), digest.at, digest.weekday],
    }


def from_data(data: dict[str, Any]) -> ChannelSettings:
    """Read what `as_data` gave."""
    often, at, weekday = data["digest"]
    return ChannelSettings(
        budget=data["budget"],
        group=data["group"],
        language=data["language"],
        zone=data["zone"],
        quiet=None if data["quiet"] is None else QuietHours(*data["quiet"]),
        weekend=tuple(data["weekend"]),
        holidays=data["holidays"],
        digest=DigestTime(Often(often), at, weekday),
    )
