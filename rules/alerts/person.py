"""What a person may do to an alert: claim it, give it back, snooze or wake it, say how it ended. Pure.

Who the person is allowed to be is `rules.access`'s business; what a rule does to its alerts is `decide`'s.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

from rules.alerts.states import Reason, Resolution, Verb
from rules.alerts.until import read_reason
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, Calendar

MORNING: Final = "T09:00"
"""When snoozes until a day end on it."""
LONGEST_SNOOZE: Final = 90 * DAY
BY_PERSON: Final = (Resolution.RECOVERED, Resolution.LOST, Resolution.NOT_AN_ISSUE)
"""The ends that a person may give an alert."""


class AlertEndedError(WarmlineError):
    """The alert has ended: ``resolution``, and ``by`` whom, if by a person."""

    code: ClassVar[str] = "alert_ended"


class ClaimedByOtherError(WarmlineError):
    """Somebody else has the alert: ``by``."""

    code: ClassVar[str] = "claimed_by_other"


class ClaimedAlreadyError(WarmlineError):
    """Who claims the alert has it already."""

    code: ClassVar[str] = "claimed_already"


class NotClaimedError(WarmlineError):
    """Nobody has the alert, so nobody can give it back."""

    code: ClassVar[str] = "not_claimed"


class NotSnoozedError(WarmlineError):
    """The alert is awake, so nobody can wake it."""

    code: ClassVar[str] = "not_snoozed"


class BadSnoozeError(WarmlineError):
    """A snooze that ends in the past, or later than ``days`` from now."""

    code: ClassVar[str] = "bad_snooze"


class Snooze(StrEnum):
    """How long an alert is put to sleep."""

    HOUR = "hour"
    MORNING = "morning"
    """Until nine o'clock tomorrow, by the business's clock."""
    WEEK = "week"
    DATE = "date"
    """Until a day that is asked for."""
    WORSE = "worse"
    """Until it worsens (`rules.alerts.worse`), and no longer than any snooze."""
    WAKE = "wake"
    """Not at all: a snooze ends now."""


@dataclass(frozen=True, slots=True)
class Now:
    """What counts of an alert as it stands: a Slack id for whoever claimed or resolved it."""

    claimed_by: str | None = None
    snoozed_until: int | None = None
    resolution: Resolution | None = None
    resolved_by: str | None = None


@dataclass(frozen=True, slots=True)
class PersonDecision:
    """What to do, and why. ``until`` and ``note`` go with a snooze, ``resolution`` with the end of an alert."""

    verb: Verb
    reason: Reason = Reason.BY_PERSON
    until: int | None = None
    resolution: Resolution | None = None
    note: str = ""
    """What the person gave as a reason."""
    worse: bool = False
    """Whether it wakes before ``until`` where it worsens."""


def claim(alert: Now, actor: str) -> PersonDecision:
    """Take an alert on; raises `AlertEndedError`, `ClaimedAlreadyError` or `ClaimedByOtherError`."""
    _unresolved(alert)
    if alert.claimed_by == actor:
        raise ClaimedAlreadyError
    if alert.claimed_by is not None:
        raise ClaimedByOtherError(by=alert.claimed_by)
    return PersonDecision(Verb.CLAIM)


def unclaim(alert: Now) -> PersonDecision:
    """Give an alert back; raises `AlertEndedError` or `NotClaimedError`."""
    _unresolved(alert)
    if alert.claimed_by is None:
        raise NotClaimedError
    return PersonDecision(Verb.UNCLAIM)


def snooze(alert: Now, until: int, now: int, *, note: str = "", worse: bool = False) -> PersonDecision:
    """Put an alert to sleep, or to sleep for another time; raises `AlertEndedError` or `BadSnoozeError`.

    ``note`` is the reason that was given, as typed; with ``worse`` it wakes earlier where it worsens.
    """
    _unresolved(alert)
    if not now < until <= now + LONGEST_SNOOZE:
        raise BadSnoozeError(days=LONGEST_SNOOZE // DAY)
    return PersonDecision(Verb.SNOOZE, until=until, note=read_reason(note), worse=worse)


def snooze_text(text: str) -> Snooze | str:
    """Give which snooze a word such as ``1h``, ``tomorrow`` or ``worse`` means; any other text as it is: an end to be read."""
    return _SNOOZES.get(text.strip().casefold(), text)


def wake(alert: Now) -> PersonDecision:
    """End a snooze; raises `AlertEndedError` or `NotSnoozedError`."""
    _unresolved(alert)
    if alert.snoozed_until is None:
        raise NotSnoozedError
    return PersonDecision(Verb.WAKE)


def resolve(alert: Now, resolution: Resolution) -> PersonDecision:
    """Say how an alert ended; raises `AlertEndedError`. ``resolution`` is one of `BY_PERSON`."""
    _unresolved(alert)
    if resolution not in BY_PERSON:
        raise ValueError(f"{resolution} is not for a person to say")
    return PersonDecision(Verb.RESOLVE, resolution=resolution)


def snooze_until(length: Snooze, now: int, calendar: Calendar) -> int:
    """Give when a snooze that begins at ``now`` ends."""
    if length is Snooze.HOUR:
        return now + HOUR
    if length is Snooze.WEEK:
        return now + 7 * DAY
    if length is Snooze.MORNING:
        tomorrow = calendar.date_of(now) + timedelta(days=1)
        return calendar.parse(f"{tomorrow.isoformat()}{MORNING}")
    if length is Snooze.WORSE:
        return now + LONGEST_SNOOZE
    raise ValueError(f"{length} says no instant")


_SNOOZES: Final = {
    "hour": Snooze.HOUR,
    "1h": Snooze.HOUR,
    "tomorrow": Snooze.MORNING,
    "morning": Snooze.MORNING,
    "week": Snooze.WEEK,
    "1w": Snooze.WEEK,
    "worse": Snooze.WORSE,
    "worsens": Snooze.WORSE,
    "wake": Snooze.WAKE,
}


def _unresolved(alert: Now) -> None:
    if alert.resolution is not None:
        raise AlertEndedError(resolution=str(alert.resolution), by=alert.resolved_by)
