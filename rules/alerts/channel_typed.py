"""A channel's settings as a person writes them, in chat: one setting and its value, read and bounded.

It must not know Slack, nor which channels there are.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from rapidfuzz import fuzz, process

from rules.alerts import holidays
from rules.alerts.channel import MINUTES, USUAL, WEEKDAYS, ChannelSettings, DigestTime, Often, QuietHours
from rules.errors import WarmlineError

SETTINGS: Final = ("budget", "group", "digest", "quiet", "weekend", "holidays", "zone", "language")
"""What can be set, by the names that people write, in the order in which they are shown."""
MOST_ALERTS: Final = 1_000
MOST_TOGETHER: Final = 100
LEAST_AWAKE: Final = 60
"""Minutes of a day that quiet hours must leave: in less, a tick may never fall."""
OFF: Final = "off"
USUAL_WORD: Final = "usual"
"""As a value: what it would be if nobody had said anything."""
_ALIKE: Final = 60.0
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_CLOCK: Final = re.compile(r"([0-9]{1,2})(?::?([0-5][0-9]))?\s*([ap]m)?\Z", re.IGNORECASE | re.ASCII)
_DASHES: Final = re.compile("\\s*(?:-+|[\u2010-\u2015\u2212]|\\bto\\b)\\s*", re.IGNORECASE)


class UnknownSettingError(WarmlineError):
    """A channel has no setting ``text``, cut; ``nearest`` are those like it, perhaps none, and ``choices`` all."""

    code: ClassVar[str] = "unknown_setting"


class BadSettingError(WarmlineError):
    """The ``setting`` cannot be ``value``, cut; ``choices`` are values that it can have."""

    code: ClassVar[str] = "bad_setting"


class NoBudgetError(WarmlineError):
    """A budget of no alert at all."""

    code: ClassVar[str] = "no_budget"


class QuietAllDayError(WarmlineError):
    """Quiet hours, as ``value`` says them, that leave no hour of the day."""

    code: ClassVar[str] = "quiet_all_day"


class QuietAllWeekError(WarmlineError):
    """A weekend of seven days."""

    code: ClassVar[str] = "quiet_all_week"


class UnknownZoneError(WarmlineError):
    """There is no time zone ``text``, cut; ``nearest`` are those like it, perhaps none."""

    code: ClassVar[str] = "unknown_zone"


class UnknownLanguageError(WarmlineError):
    """There are no words in the language ``text``, cut; there are in ``choices``."""

    code: ClassVar[str] = "unknown_language"


def with_setting(
    settings: ChannelSettings, name: str, value: str, *, languages: Collection[str]
) -> ChannelSettings:
    """Give ``settings`` with one of them changed to what somebody wrote.

    Raises `UnknownSettingError`, `BadSettingError`, `NoBudgetError`, `QuietAllDayError`, `QuietAllWeekError`,
    `UnknownZoneError`, `UnknownLanguageError` or an error of `rules.alerts.holidays`.
    """
    wanted, said = name.casefold(), " ".join(value.split())
    if wanted not in SETTINGS:
        near = process.extract(wanted[:40], SETTINGS, scorer=fuzz.ratio, limit=2, score_cutoff=_ALIKE)
        raise UnknownSettingError(text=name[:40], nearest=[one for one, _, _ in near], choices=list(SETTINGS))
    if said.casefold() == USUAL_WORD:
        return replace(settings, **{wanted: getattr(USUAL, wanted)})
    if wanted == "language":
        return replace(settings, language=_language(said, languages))
    return replace(settings, **{wanted: _READERS[wanted](said)})


def setting_text(settings: ChannelSettings, name: str) -> str:
    """Write one setting as `with_setting` reads it."""
    value = getattr(settings, name)
    if name == "weekend":
        return ",".join(WEEKDAYS[day] for day in value) or OFF
    if name in ("zone", "language"):
        return value or USUAL_WORD
    return str(value) if value not in (None, "") else OFF


def difference(before: ChannelSettings, after: ChannelSettings) -> str:
    """Say what changed, in lines of - and +; empty where nothing did."""
    lines: list[str] = []
    for name in SETTINGS:
        old, new = setting_text(before, name), setting_text(after, name)
        if old != new:
            lines += [f"- {name}: {old}", f"+ {name}: {new}"]
    return "\n".join(lines)


def _budget(said: str) -> int | None:
    if said.casefold() == OFF:
        return None
    number = int(said) if _NUMBER.match(said) else None
    if number == 0:
        raise NoBudgetError
    if number is None or number > MOST_ALERTS:
        raise BadSettingError(setting="budget", value=said[:40], choices=["20", OFF])
    return number


def _group(said: str) -> int:
    number = int(said) if _NUMBER.match(said) else 0
    if not 1 <= number <= MOST_TOGETHER:
        raise BadSettingError(setting="group", value=said[:40], choices=["8"])
    return number


def _quiet(said: str) -> QuietHours | None:
    if said.casefold() == OFF:
        return None
    parts = _DASHES.split(said)
    begins, ends = (_clock(part) for part in parts) if len(parts) == 2 else (None, None)
    if begins is None or ends is None:
        raise BadSettingError(setting="quiet", value=said[:40], choices=["20:00-08:00", OFF])
    # The same hour twice is the whole day, as is 00:00-24:00.
    if MINUTES - ((ends - begins) % MINUTES or MINUTES) < LEAST_AWAKE:
        raise QuietAllDayError(value=said[:40])
    return QuietHours(begins % MINUTES, ends % MINUTES)


def _weekend(said: str) -> tuple[int, ...]:
    if said.casefold() == OFF:
        return ()
    words = [word for word in re.split(r"[\s,;/]+|\band\b", said.casefold()) if word]
    days = {_weekday(word) for word in words}
    found = sorted(day for day in days if day is not None)
    if not found or None in days:
        raise BadSettingError(setting="weekend", value=said[:40], choices=["sat,sun", OFF])
    if len(found) == len(WEEKDAYS):
        raise QuietAllWeekError
    return tuple(found)


def _holidays(said: str) -> str:
    return "" if said.casefold() == OFF else holidays.place(said)


def _digest(said: str) -> DigestTime:
    words = said.casefold().split()
    usual = USUAL.digest
    match words:
        case ["off"]:
            return replace(usual, often=Often.OFF)
        case ["daily", *rest] if (at := _clock(" ".join(rest), usual.at)) is not None:
            return DigestTime(Often.DAILY, at % MINUTES)
        case ["weekly"]:
            return DigestTime(Often.WEEKLY, usual.at)
        case ["weekly", word, *rest] if (day := _weekday(word)) is not None and (
            at := _clock(" ".join(rest), usual.at)
        ) is not None:
            return DigestTime(Often.WEEKLY, at % MINUTES, day)
    raise BadSettingError(setting="digest", value=said[:40], choices=["daily 09:00", "weekly mon 09:00", OFF])


def _zone(said: str) -> str:
    known = _zones()
    found = known.get(said.replace(" ", "_").casefold())
    if found is not None:
        return found
    asked = said.casefold()[:60]
    cities = {name: folded.rpartition("/")[2].replace("_", " ") for folded, name in known.items()}
    whole = {name: folded for folded, name in known.items()}
    near = [
        one
        for among in (cities, whole)
        for one in process.extract(asked, among, scorer=fuzz.ratio, limit=3, score_cutoff=_ALIKE)
    ]
    best = dict.fromkeys(name for _, _, name in sorted(near, key=lambda one: -one[1]))
    raise UnknownZoneError(text=said[:60], nearest=list(best)[:3])


def _language(said: str, languages: Collection[str]) -> str:
    by_name = {one.casefold().replace("-", "_"): one for one in languages}
    found = by_name.get(said.casefold().replace("-", "_"))
    if found is None:
        raise UnknownLanguageError(text=said[:40], choices=sorted(languages))
    return found


def _clock(text: str, usual: int | None = None) -> int | None:
    """Read a time of day as minutes after midnight, 24:00 included; ``usual`` where nothing is said, None if it is none."""
    if not text.strip():
        return usual
    found = _CLOCK.match(text.strip())
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    at = hour * 60 + minute
    return at if at <= MINUTES else None


def _weekday(word: str) -> int | None:
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    found = [day for day, name in enumerate(full) if len(word) >= 3 and name.startswith(word.rstrip("."))]
    return found[0] if found else None


@lru_cache(maxsize=1)
def _zones() -> Mapping[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones())}


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "budget": _budget,
    "group": _group,
    "quiet": _quiet,
    "weekend": _weekend,
    "holidays": _holidays,
    "digest": _digest,
    "zone": _zone,
}
