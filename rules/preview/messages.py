"""How many messages alerts would have come to: told step by step through the pipeline, in a channel of their own.

What stands in the way of a message is asked of the very stages that sweeps ask. It must not know how an alert came to
be, nor what customers spent: that is asked where it matters who is told first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.alerts import pipeline
from rules.alerts.channel import USUAL, ChannelSettings, Often
from rules.alerts.hours import digest_slot, quiet_at
from rules.alerts.pipeline.stage import Around, Stage, Untold
from rules.alerts.rule import Severity
from rules.alerts.states import Reason
from rules.instants import DAY, Calendar

_CHANNEL: Final = "#"
_SURE: Final = 28 * DAY
"""Whoever is open for so long is still open at the next digest, whenever that is."""

Worth = Callable[[Sequence[int], int], Mapping[int, int]]
"""Gives what customers have spent up to an instant; who spent nothing lacks."""


class Opening(NamedTuple):
    """An alert of the rule: whose, why, and at which steps it opened and ended (one past the last: it did not)."""

    customer: int
    reason: Reason
    opened: int
    ended: int


@dataclass(frozen=True, slots=True)
class Reader:
    """The channel that would have been told, alone of this rule; ``zone`` is the business's."""

    settings: ChannelSettings = USUAL
    zone: str = "UTC"
    worth: Worth = lambda _customers, _now: {}


def count_messages(openings: Iterable[Opening], instants: Sequence[int], reader: Reader) -> int:
    """Count the messages that a channel would have got of these alerts, its digests among them."""
    return _Channel(openings, instants, reader).run()


class _Channel:
    """One channel, as it goes from step to step."""

    def __init__(self, openings: Iterable[Opening], instants: Sequence[int], reader: Reader) -> None:
        self._instants, self._reader = instants, reader
        self._at: dict[int, list[Opening]] = defaultdict(list)
        for one in openings:
            self._at[one.opened].append(one)
        self._calendar = Calendar.of(reader.settings.zone or reader.zone)
        self._spent: Counter[str] = Counter()
        self._held: list[tuple[Opening, Stage, int | None]] = []
        self._told_slots: set[int] = set()
        self._messages = 0

    def run(self) -> int:
        for step, now in enumerate(self._instants):
            # Who has ended untold is told no more.
            self._held = [one for one in self._held if one[0].ended > step]
            due = self._due(step, now)
            if due:
                self._tell(due, step, now)
            if self._held:
                self._tell_digest(now)
        return self._messages

    def _due(self, step: int, now: int) -> list[Opening]:
        again = [one for one, _, until in self._held if until is not None and until <= now]
        if again:
            self._held = [one for one in self._held if one[2] is None or one[2] > now]
        return [*again, *self._at.get(step, ())]

    def _tell(self, due: Sequence[Opening], step: int, now: int) -> None:
        settings, day = self._reader.settings, self._calendar.date_of(now).isoformat()
        costs = sum(one.reason is not Reason.BACKLOG for one in due)
        room = costs if settings.budget is None else settings.budget - self._spent[day]
        if costs <= room and not settings.is_ever_quiet:
            self._spent[day] += costs
            self._messages += _bundles(due, settings.group)
            return
        due = sorted(due, key=_order)
        spent = self._worth(due, room, step, now)
        untold = [_untold(number, one, self._instants, spent) for number, one in enumerate(due)]
        around = Around(
            now=now,
            channels={_CHANNEL: settings},
            spent={_CHANNEL: self._spent[day]},
            zone=self._reader.zone,
        )
        told = pipeline.run(untold, around)
        self._messages += len(told.bundles)
        passed = [one for bundle in told.bundles for one in bundle.alerts]
        self._spent[day] += sum(one.reason is not Reason.BACKLOG for one in passed)
        self._held += [(due[one.alert.alert_id], one.stage, one.until) for one in told.held]

    def _worth(self, due: Sequence[Opening], room: int, step: int, now: int) -> Mapping[int, int]:
        """Ask what customers have spent, unless it makes no difference to the count who of them is told first."""
        stay = sum(self._is_open_for_long(one, now) for one in due)
        alike = len({one.reason for one in due}) == 1
        if alike and (stay > room and self._reader.settings.digest.often is not Often.OFF):
            return {}
        return self._reader.worth([one.customer for one in due], self._instants[step])

    def _is_open_for_long(self, one: Opening, now: int) -> bool:
        # Of one that has not ended by the last step, no digest within the stretch can come too late.
        return one.ended == len(self._instants) or self._instants[one.ended] > now + _SURE

    def _tell_digest(self, now: int) -> None:
        settings = self._reader.settings
        slot = digest_slot(settings, self._calendar, now)
        if slot is None or slot.at in self._told_slots or quiet_at(settings, self._calendar, now):
            return
        self._told_slots.add(slot.at)
        kept = [
            held
            for held in self._held
            if held[1] is not Stage.BUDGET or self._instants[held[0].opened] > slot.at
        ]
        self._messages += len(kept) < len(self._held)
        self._held = kept


def _bundles(due: Sequence[Opening], most: int) -> int:
    """Count the messages of alerts that nothing holds back: grouping alone, without looking at each."""
    reasons = Counter(one.reason for one in due)
    backlog, each = reasons.pop(Reason.BACKLOG, 0), reasons.pop(Reason.BACKLOG_EACH, 0)
    rest = reasons.total()
    return (backlog > 0) + each + (1 if rest > most else rest)


def _untold(number: int, one: Opening, instants: Sequence[int], spent: Mapping[int, int]) -> Untold:
    return Untold(
        alert_id=number,
        customer_id=one.customer,
        rule_id=1,
        rule="",
        severity=Severity.MEDIUM,
        reason=one.reason,
        opened_at=instants[one.opened],
        channel=_CHANNEL,
        value=spent.get(one.customer, 0),
    )


def _order(one: Opening) -> tuple[int, int]:
    """Order alerts as sweeps number them."""
    return one.opened, one.customer
