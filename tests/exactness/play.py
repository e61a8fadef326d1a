"""Playing a history on a database, and judging every sweep of it.

After each completed sweep the stored matches must be those of the oracle, and of a twin: another database that gets
the same inputs, is only ever swept in full, is never cut short and never restarted. In the end both must have told
the same of alerts. Which queries the sweep asks, and when it writes, is not known here.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any
from unittest import mock

import numpy as np

from handlers import changes, holding, moves
from handlers import sweep as sweeping
from handlers.sweep import SweepInPastError, Swept
from storage import carried, heavy, lives, running
from storage.rungs import BOTTOM, Values, highest
from tests.exactness.stand import CutShortError, Disturbance, Stand
from tests.exactness.steps import (
    Act,
    Add,
    Define,
    Edit,
    History,
    Rate,
    Refit,
    Restart,
    Say,
    Sweep,
    Take,
    Turn,
    written,
)
from tests.exactness.watch import Tally, Watch
from tests.exactness.world import World

SMALL: Sequence[tuple[Any, str, int]] = (
    (changes, "BLOCK", 2),
    (moves, "BATCH", 2),
    (sweeping, "TIMERS_AT_ONCE", 1),
    (sweeping, "FORGOTTEN_AT_ONCE", 1),
    (heavy, "HEAVY", 3),
    (heavy, "STRIDE", 2),
)
"""What makes one customer of many look like many of them, and an account of a few events a heavy one."""
SHORT: Sequence[tuple[Any, str, int]] = ((lives, "FEW", 1), (lives, "STRIDE", 1), (lives, "BEHIND", 0))
"""What makes a life of one event one that is carried forward."""


class DifferenceError(AssertionError):
    """The product and one of its judges are not of one mind about something, the ``kind``."""

    def __init__(self, kind: str, says: str) -> None:
        super().__init__(f"{kind}: {says}")
        self.kind = kind
        self.says = says


class Player:
    """Plays one history on a database and on its twin. ``play`` raises `DifferenceError` at the first difference."""

    def __init__(self, stand: Stand, twin: Stand) -> None:
        self._stand = stand
        self._twin = twin

    def play(self, history: History) -> Tally:
        with contextlib.ExitStack() as patched:
            # Nobody waits for the number of customers that a rule's author is told.
            patched.enter_context(mock.patch.object(holding, "MOST_COUNTED", -1))
            for module, name, value in (*SHORT, *(SMALL if history.small else ())):
                patched.enter_context(mock.patch.object(module, name, value))
            found: Counter[str] = Counter()
            for module in (running, carried):
                patched.enter_context(mock.patch.object(module, "highest", _counted(found, module.__name__)))
            seen = _Play(history, (self._stand, self._twin)).run()
            seen.climbed, seen.carried = found[running.__name__], found[carried.__name__]
            return seen


def _counted(found: Counter[str], name: str) -> Callable[..., Values]:
    """Look for rungs as the product does, and count those that it finds."""

    def look(*args: Any, **said: Any) -> Values:
        values = highest(*args, **said)
        found[name] += int(np.count_nonzero(values.at != BOTTOM))
        return values

    return look


class _Play:
    def __init__(self, history: History, stands: tuple[Stand, Stand]) -> None:
        self._history = history
        self._stands = stands
        self._stand, self._twin = stands
        for stand in stands:
            stand.begin(history.zone)
        self._tally = Tally(histories=1)
        self._world = World(self._stand.ctx.calendar.zone)
        self._watch = Watch(self._world, self._tally)
        self._now = history.start
        self._same_told = True
        """Whether the alerts are still to be those of the twin: a sweep that was cut short and not repeated at its
        instant has told what holds at an instant that the twin never looked at."""
        self._tried = history.start - 10**15
        """The latest instant at which a sweep began to write."""
        self._swept: dict[str, int] = {}
        """When each rule was last swept."""

    def run(self) -> Tally:
        for number, step in enumerate(self._history.steps, 1):
            for stand in self._stands:
                stand.move_on(self._now)
            try:
                self._do(step)
            except DifferenceError as error:
                said = json.dumps(written(step), ensure_ascii=False)
                raise DifferenceError(error.kind, f"at step {number}, {said}: {error.says}") from None
        if self._same_told:
            _same("matches and alerts as told", "the twin's", self._stand.told(), self._twin.told())
        return self._tally

    def _do(self, step: Any) -> None:
        match step:
            case Take():
                self._take(step, self._stands)
            case Say():
                self._world.say(step, self._now)
                for stand in self._stands:
                    stand.say(step)
            case Add() if self._world.add(step):
                self._watch.forget(step.rule)
                self._swept.pop(step.rule, None)
                for stand in self._stands:
                    stand.add(step)
            case Edit() if self._world.edit(step):
                for stand in self._stands:
                    stand.edit(step)
            case Turn() if self._world.turn(step):
                for stand in self._stands:
                    stand.turn(step)
            case Define() if self._world.define(step):
                for stand in self._stands:
                    stand.define(step)
            case Act() if self._same_told:
                for stand in self._stands:
                    stand.act(step)
            case Refit():
                self._world.refit(step, self._now)
                for stand in self._stands:
                    stand.refit(step)
            case Rate() if self._world.rate(self._now):
                for stand in self._stands:
                    stand.rate()
            case Restart():
                self._stand.restart()
            case Sweep():
                self._now = max(self._now, step.at)
                self._sweep(step)

    def _take(self, step: Take, stands: Sequence[Stand], *verdicts: list[str]) -> None:
        expected = self._world.take(step)
        for found in [*verdicts, *(stand.take(step) for stand in stands)]:
            if found != expected:
                raise DifferenceError("intake", f"taken in as {found}, where the oracle says {expected}")

    def _sweep(self, step: Sweep) -> None:
        told = Disturbance(cut=step.cut, before=step.before)
        verdicts: list[str] = []
        meanwhile = step.meanwhile
        if meanwhile is not None:
            told.meanwhile = lambda: verdicts.extend(self._stand.take(meanwhile))
        try:
            swept = self._stand.sweep(step.at, told)
        except SweepInPastError:
            self._refused(step.at)
            return
        except CutShortError:
            self._tally.cut += 1
            self._tried = max(self._tried, step.at)
            self._same_told = self._same_told and step.again and meanwhile is None
            self._afterwards(meanwhile, told, verdicts)
            if not step.again:
                return
            meanwhile = None
            swept = self._stand.sweep(step.at, Disturbance())
        self._went_forward(step.at)
        self._judge(step.at, swept)
        self._afterwards(meanwhile, told, verdicts)

    def _afterwards(self, meanwhile: Take | None, told: Disturbance, verdicts: list[str]) -> None:
        """What came meanwhile comes to the twin and the oracle after the sweep: it was not to see it."""
        if meanwhile is not None:
            told.happen()
            self._take(meanwhile, (self._twin,), verdicts)

    def _refused(self, at: int) -> None:
        self._tally.refused += 1
        if at >= self._tried:
            raise DifferenceError("refused", f"no rule was swept later than {self._tried}")

    def _went_forward(self, at: int) -> None:
        active = [name for name, rule in self._world.rules.items() if rule.active]
        last = max((self._swept.get(name, at) for name in active), default=at)
        if last > at:
            raise DifferenceError("not refused", f"a rule was swept at {last} already")
        self._tried = max(self._tried, at)
        self._swept |= dict.fromkeys(active, at)

    def _judge(self, at: int, swept: Swept) -> None:
        self._tally.in_part += swept.candidates < self._world.known(at)
        expected = self._watch.swept(at)
        active = {name for name, rule in self._world.rules.items() if rule.active}
        found = _of(active, self._stand.matched())
        _same("matches", "the oracle's", found, expected)
        holding = Counter(rule for rule, _ in expected)
        counted = {(one.rule, one.matched) for one in swept.rules}
        _same("numbers of matches", "the oracle's", counted, {(name, holding[name]) for name in active})
        self._twin.sweep(at, Disturbance(), full=True)
        # What a sweep that was cut short has left of a rule that was paused then, its resuming puts right.
        _same("matches", "the twin's", found, _of(active, self._twin.matched()))


def _of(rules: Collection[str], pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if pair[0] in rules]


def _same(what: str, whose: str, found: Iterable[Any], expected: Iterable[Any]) -> None:
    one, other = Counter(found), Counter(expected)
    if one != other:
        many, few = (sorted(rest.elements(), key=repr) for rest in (one - other, other - one))
        raise DifferenceError(f"{what} differ from {whose}", f"too many {many}, missing {few}")
