"""Who came to hold and ceased to, and what a rule would have told of it: the counts of a preview, block by block.

The alerts are decided by `rules.alerts.decide`, as a sweep's are, and told as `rules.preview.messages` says; nobody
claims, snoozes or resolves here. It must not know terms, nor customers' names.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from rules.alerts.decide import Decision, LastAlert, Policy, Previous, decide
from rules.alerts.rule import RuleBody, RuleChange
from rules.alerts.states import Verb
from rules.conditions.columns import Bools, Ints
from rules.instants import DAY, Calendar
from rules.preview.messages import Opening, Reader, count_messages
from rules.preview.steps import Steps, monday

RETURN_WITHIN: Final = 30 * DAY
"""Who leaves within this time after entering has come back without anybody's help."""


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Where a condition comes to hold (``entered``) or ceases to: by place in the block, then by step.

    What holds at step 0 is the backlog, and is said to have entered there.
    """

    places: Ints
    steps: Ints
    entered: Bools


def crossings(holds: Bools) -> Crossings:
    """Find the crossings in a table of (customers x steps)."""
    changes = holds.copy()
    changes[:, 1:] ^= holds[:, :-1]
    places, steps = np.nonzero(changes)
    return Crossings(places, steps, holds[places, steps])


@dataclass(frozen=True, slots=True, eq=False)
class Entered:
    """The customers of a block who entered after the first step: their places, ascending, and at which step first."""

    places: Ints
    steps: Ints


class Outcome:
    """The counts over all blocks; `add` each once."""

    def __init__(self, steps: Steps, body: RuleBody, reader: Reader | None = None) -> None:
        self._instants = steps.instants
        self._teller = _Teller(steps, body)
        self._reader = reader or Reader()
        self.entered: Ints = np.zeros(len(steps), dtype=np.int64)
        """How many entered at each step; those of step 0 are the backlog."""
        self.left: Ints = np.zeros(len(steps), dtype=np.int64)
        self.customers = 0
        """Distinct ones who entered after the first step."""
        self.returned = 0
        """Of the entries after the first step, those that ended within `RETURN_WITHIN`."""

    @property
    def messages(self) -> int:
        """How many messages the channel would have got; replies in their threads are not counted."""
        return count_messages(self._teller.openings, self._instants.tolist(), self._reader)

    def add(self, found: Crossings, ids: Ints | None = None) -> Entered:
        """Count a block, and give who of it entered; ``ids`` are its customers', for whoever asks what they are worth."""
        steps = len(self.entered)
        self.entered += np.bincount(found.steps[found.entered], minlength=steps)
        self.left += np.bincount(found.steps[~found.entered], minlength=steps)
        later = found.entered & (found.steps > 0)
        self.returned += self._returned(found, later)
        self._teller.tell(found, ids)
        places, firsts = np.unique(found.places[later], return_index=True)
        self.customers += len(places)
        return Entered(places, found.steps[later][firsts])

    def per_week(self, weeks: Sequence[date], calendar: Calendar) -> list[int]:
        """Count the entries after the first step for each of ``weeks``, which are Mondays."""
        places = {day: place for place, day in enumerate(weeks)}
        counts = [0] * len(weeks)
        for step in np.flatnonzero(self.entered[1:]) + 1:
            week = monday(calendar.date_of(int(self._instants[step])))
            counts[places[week]] += int(self.entered[step])
        return counts

    def _returned(self, found: Crossings, later: Bools) -> int:
        # A customer's crossings take turns: after an entry comes its leaving, if any.
        follows = found.places[1:] == found.places[:-1]
        took = self._instants[found.steps[1:]] - self._instants[found.steps[:-1]]
        return int((later[:-1] & follows & (took <= RETURN_WITHIN)).sum())


@dataclass(frozen=True, slots=True)
class _Stands:
    """Where a customer stands between two crossings: the latest alert, and the decision to wait, if it waits."""

    alert: LastAlert | None = None
    held: Decision | None = None


class _Teller:
    """What the rule would have posted: its alerts, customer by customer, as sweeps would have opened and ended them."""

    def __init__(self, steps: Steps, body: RuleBody) -> None:
        self._instants: list[int] = steps.instants.tolist()
        self._policy = Policy(
            kind=body.kind,
            backlog=body.backlog,
            cooldown=body.cooldown,
            pending=body.pending,
            keep=body.keep,
        )
        self._known: dict[tuple[object, ...], Decision] = {}
        self.openings: list[Opening] = []
        self._open: Opening | None = None

    def tell(self, found: Crossings, ids: Ints | None) -> None:
        for place, crossed in _by_customer(found):
            customer = place if ids is None else int(ids[place])
            self._customer(customer, crossed)
            self._ended(len(self._instants))

    def _customer(self, customer: int, crossed: Sequence[tuple[int, bool]]) -> None:
        stands = _Stands()
        for step, entered in crossed:
            stands = self._due(customer, stands, step)
            now = self._instants[step]
            decision = self._decide(Previous(not entered, None, stands.alert), entered, step)
            alert = stands.alert
            if decision.verb is Verb.OPEN:
                alert = self._opened(customer, decision, step)
            elif decision.verb is Verb.RESOLVE:
                self._ended(step)
                alert = LastAlert(resolved_at=now, resolution=decision.resolution)
            elif decision.verb is Verb.KEEP:
                alert = LastAlert(leaving_at=None if entered else decision.until)
            # Who leaves waits no longer.
            held = decision if decision.verb is Verb.HOLD else None
            stands = _Stands(alert, held)
        self._due(customer, stands, len(self._instants))

    def _due(self, customer: int, stands: _Stands, before: int) -> _Stands:
        """Look at who waits once the wait is over, if that is before the step at which the condition turns again."""
        alert, held = stands.alert, stands.held
        matched = held is not None
        until = held.until if held is not None else alert.leaving_at if alert is not None else None
        if until is None:
            return stands
        step = bisect_left(self._instants, until)
        if step >= before:
            return stands
        previous = Previous(matched, until if matched else None, alert)
        if held is not None:
            previous = replace(previous, held_for=held.opens_as)
        decision = self._decide(previous, matched, step)
        if decision.verb is Verb.OPEN:
            return _Stands(self._opened(customer, decision, step))
        if decision.verb is Verb.RESOLVE:
            self._ended(step)
            return _Stands(LastAlert(resolved_at=self._instants[step], resolution=decision.resolution))
        return _Stands(alert)

    def _opened(self, customer: int, decision: Decision, step: int) -> LastAlert:
        self._open = Opening(customer, decision.reason, step, len(self._instants))
        return LastAlert()

    def _ended(self, step: int) -> None:
        if self._open is not None:
            self.openings.append(self._open._replace(ended=step))
        self._open = None

    def _decide(self, previous: Previous, matched: bool, step: int) -> Decision:
        """Ask once for what differs by nothing but when: a decision is about how long ago, and until when."""
        now, alert = self._instants[step], previous.alert
        resolved = None if alert is None or alert.resolved_at is None else now - alert.resolved_at
        waits = None if previous.held_until is None else previous.held_until - now
        resolution = alert.resolution if alert is not None else None
        leaving = None if alert is None or alert.leaving_at is None else alert.leaving_at - now
        how = (previous.matched, waits, previous.held_for, alert is None, resolved, resolution, leaving)
        key = (*how, matched, step == 0)
        decision = self._known.get(key)
        if decision is None:
            policy = replace(self._policy, change=RuleChange.ADDED) if step == 0 else self._policy
            decision = decide(previous, matched, now, policy)
            # Kept as if it were now 0, and given back as of now.
            if decision.until is not None:
                decision = replace(decision, until=decision.until - now)
            self._known[key] = decision
        return decision if decision.until is None else replace(decision, until=decision.until + now)


def _by_customer(found: Crossings) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    """Give each customer's place and crossings, in order."""
    starts = np.flatnonzero(np.diff(found.places, prepend=-1)).tolist()
    crossed = list(zip(found.steps.tolist(), found.entered.tolist(), strict=True))
    for start, end in pairwise([*starts, len(crossed)]):
        yield int(found.places[start]), crossed[start:end]
