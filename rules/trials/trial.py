"""What a test of rules says: the rules, what happens when, and what is expected at which instants.

Instants are milliseconds; whatever a person wrote keeps its line in the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rules.alerts.person import Snooze
from rules.alerts.states import Reason, Resolution
from rules.book.written import Written
from rules.files.mistakes import Mistake
from rules.instants import Calendar


class Telling(StrEnum):
    """What kind of message tells something."""

    ALERT = "alert"
    DIGEST = "digest"
    REPLY = "reply"
    """A step of an alert, told in the thread of its message."""


class Deed(StrEnum):
    """What a person does to an alert."""

    CLAIM = "claim"
    SNOOZE = "snooze"
    RESOLVE = "resolve"


class Stage(StrEnum):
    """Where on its way from the rule to the reader an alert is held back."""

    DECIDE = "decide"
    """None arises at all."""


@dataclass(frozen=True, slots=True)
class Said:
    """What becomes known of a customer at an instant: fields of a profile, as they would stand in a table."""

    line: int
    at: int
    customer: str
    profile: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event: it happens ``at`` an instant and comes in when it ``arrives``. ``record`` is as intake takes it."""

    line: int
    at: int
    arrives: int
    record: Mapping[str, str | Mapping[str, str | Decimal | bool]]


@dataclass(frozen=True, slots=True)
class Act:
    """What ``by`` does to the open alert of a rule for a customer; ``choice`` goes with a snooze or an end."""

    line: int
    at: int
    by: str
    deed: Deed
    rule: str
    customer: str
    choice: Snooze | Resolution | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as somebody speaks of it: of a rule, for a customer, and why or how, where that is said."""

    rule: str
    customer: str
    reason: Reason | None = None
    resolution: Resolution | None = None
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message: what it tells, of which rule, about whom, where, and what stands in it, piece by piece.

    ``customers`` and ``channel`` None: not said.
    """

    telling: Telling
    rule: str
    customers: tuple[str, ...]
    channel: str | None = None
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is, or is expected, at an instant. None where nothing is said of it.

    ``open``: alerts that have not ended; ``suppressed``: for whom a rule holds with no alert open, and why. What
    ``opens`` and ``resolves``, and the ``messages``, are those since the last instant at which something is expected.
    """

    open: tuple[Told, ...] | None = None
    opens: tuple[Told, ...] | None = None
    resolves: tuple[Told, ...] | None = None
    suppressed: tuple[Told, ...] | None = None
    messages: tuple[Message, ...] | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected at an instant, ``written`` as the file has it."""

    line: int
    at: int
    written: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Trial:
    """A whole test; it ``begins`` at the first instant at which anything happens. ``sweeps`` are its instants in order, those of the expectations among them.

    ``hints`` are what is no mistake, but likely one.
    """

    rules: tuple[Written, ...]
    calendar: Calendar
    currency: str
    channel: str
    begins: int
    said: tuple[Said, ...]
    happenings: tuple[Happening, ...]
    acts: tuple[Act, ...]
    sweeps: tuple[int, ...]
    expectations: tuple[Expectation, ...]
    hints: tuple[Mistake, ...] = ()
    lifecycle: str = ""
    """The preset whose definitions the rules may speak of, if any."""
    fitted: tuple[int, ...] = ()
    """As of when models of value are in force, by which `rules.trials.published` values customers."""
