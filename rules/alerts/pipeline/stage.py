"""What goes through the pipeline, and what comes out of a stage of it.

An alert is opened by `rules.alerts.decide`; whether, when and with what it is told is asked here, of all those at once
that nobody has been told of. Pure: everything a stage looks at is handed to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rules.alerts.channel import USUAL, ChannelSettings
from rules.alerts.rule import Severity
from rules.alerts.states import Reason
from rules.instants import Calendar


class Stage(StrEnum):
    """Where an alert is held back."""

    STALE = "stale"
    INHIBITION = "inhibition"
    SNOOZE = "snooze"
    SILENCE = "silence"
    QUIET = "quiet"
    BUDGET = "budget"


class Why(StrEnum):
    """Why it is held back."""

    SOURCE_STOPPED = "source_stopped"
    """A source of what the rule looks at has stopped sending: nobody can say that it is so."""
    HIDDEN_BY_RULE = "hidden_by_rule"
    """An alert of a rule that hides this one is open for the customer; ``by`` names the rule."""
    SNOOZED = "snoozed"
    """Somebody (``actor``) put it to sleep before anybody was told."""
    SILENCED = "silenced"
    """A silence of a manager's (``actor``) holds for the customer; ``by`` is its number."""
    QUIET_HOURS = "quiet_hours"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    """Which one, ``by`` says."""
    BUDGET_SPENT = "budget_spent"
    """The channel has been told as many alerts today as it is willing to read; the digest tells the rest."""


@dataclass(frozen=True, slots=True)
class Untold:
    """An alert that is open and that no message tells. ``channel`` as its rule or a route names it, never empty.

    ``value``: what the customer is worth, in minor units; the more, the sooner it is told.
    """

    alert_id: int
    customer_id: int
    rule_id: int
    rule: str
    severity: Severity
    reason: Reason
    opened_at: int
    channel: str
    value: int = 0
    snoozed_until: int | None = None
    snoozed_by: str | None = None
    thread: bool = False
    """Whether a route leads to the day's thread in the channel."""
    nobody: str | None = None
    """The owner whom a route leads to and who is nobody in Slack: the channel is the fallback."""


@dataclass(frozen=True, slots=True)
class Held:
    """An alert that is held back: by which stage, why, until when (None: nobody can say), and by whom or what.

    ``actor`` is a person; ``by`` names the rule, silence, holiday or source behind it. ``each_tick``: it may end before
    ``until``, so it is looked at again at every tick.
    """

    alert: Untold
    stage: Stage
    why: Why
    until: int | None = None
    actor: str | None = None
    by: str = ""
    each_tick: bool = False

    @property
    def look_again_at(self) -> int | None:
        """When to look at it again; None: at every tick."""
        return None if self.each_tick else self.until


@dataclass(frozen=True, slots=True)
class Hiding:
    """An unresolved alert of a rule that ``hides`` others, by name."""

    alert_id: int
    rule: str
    opened_at: int
    hides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Silence:
    """A manager's silence that is not over; it is about one rule, or about all where ``rule_id`` is None."""

    id: int
    until: int
    author: str
    rule_id: int | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What stages look at. Each stage documents its own part; an empty part holds nobody back."""

    now: int
    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    """By the name that alerts carry."""
    spent: Mapping[str, int] = field(default_factory=dict)
    """How many alerts each channel was told today, by its `place`."""
    places: Mapping[str, str] = field(default_factory=dict)
    """What names that alerts carry stand for: a channel may be named by its id as well as by its name."""
    zone: str = "UTC"
    """The business's, for channels that have none of their own."""
    hiding: Mapping[int, Sequence[Hiding]] = field(default_factory=dict)
    """By customer: the unresolved alerts of rules that hide others."""
    silences: Mapping[int, Sequence[Silence]] = field(default_factory=dict)
    """By customer: the silences whose condition holds for that customer now."""

    stale: Mapping[int, str] = field(default_factory=dict)
    """By rule id: the source that has stopped, of rules that look at what it sends."""

    def settings(self, channel: str) -> ChannelSettings:
        """Give the settings of a channel; the usual ones where it has none."""
        return self.channels.get(channel, USUAL)

    def place(self, channel: str) -> str:
        """Give the one name of a channel, however alerts name it."""
        return self.places.get(channel, channel)

    def calendar(self, channel: str) -> Calendar:
        """Give the calendar of a channel's own zone."""
        return Calendar.of(self.settings(channel).zone or self.zone)


@dataclass(frozen=True, slots=True)
class Passed:
    """What a stage lets through, in the order it came, and what it holds back."""

    through: tuple[Untold, ...]
    held: tuple[Held, ...] = ()


StageOf = Callable[[Sequence[Untold], Around], Passed]
