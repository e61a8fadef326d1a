"""Making a history that shows a difference small: whatever can be left out is, one thing after the other.

Needs no knowledge of what a step means, since every step makes sense by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from rules.conditions.print import to_text
from rules.conditions.tree import And, Condition, Not, Or
from tests.exactness.steps import Add, Edit, Event, History, Say, Step, Sweep, Take
from tests.exactness.world import read

Fails = Callable[[History], bool]


def shrunk(history: History, fails: Fails, *, tries: int = 300) -> History:
    """Give the smallest history found, in at most ``tries`` plays, for which ``fails`` still holds."""
    judge = _Judge(fails, tries)
    while True:
        before = history
        history = _fewer(history, judge)
        history = _plain(history, judge)
        if history == before or not judge.left:
            return history


class _Judge:
    """Asks, as long as it has tries left."""

    def __init__(self, fails: Fails, tries: int) -> None:
        self._fails = fails
        self.left = tries

    def __call__(self, history: History) -> bool:
        if not self.left:
            return False
        self.left -= 1
        return self._fails(history)


def _fewer(history: History, fails: Fails) -> History:
    """Leave out steps: half of them at once, then fewer; from the end, for what comes after a difference is idle."""
    length = max(1, len(history.steps) // 2)
    while length:
        end = len(history.steps)
        while end > 0:
            start = max(0, end - length)
            candidate = replace(history, steps=history.steps[:start] + history.steps[end:])
            if fails(candidate):
                history = candidate
            end = start
        length //= 2
    return history


def _plain(history: History, fails: Fails) -> History:
    """Make what is left simpler, step by step."""
    for changes in ({"small": False}, {"zone": "UTC"}):
        plainer = replace(history, **changes)
        if plainer != history and fails(plainer):
            history = plainer
    for place in range(len(history.steps)):
        simpler = True
        while simpler:
            simpler = False
            for step in _simpler(history.steps[place]):
                candidate = replace(
                    history, steps=(*history.steps[:place], step, *history.steps[place + 1 :])
                )
                if fails(candidate):
                    history, simpler = candidate, True
                    break
    return history


def _simpler(step: Step) -> Iterator[Step]:
    match step:
        case Take(events):
            if len(events) > 1:
                for place in range(len(events)):
                    yield replace(step, events=events[:place] + events[place + 1 :])
            for place, event in enumerate(events):
                for plainer in _plainer(event):
                    yield replace(step, events=(*events[:place], plainer, *events[place + 1 :]))
        case Say(own=own, attributes=attributes):
            for name in own:
                yield replace(step, own={one: value for one, value in own.items() if one != name})
            for name in attributes:
                yield replace(
                    step, attributes={one: value for one, value in attributes.items() if one != name}
                )
        case Add(condition=condition, options=options) | Edit(condition=condition, options=options):
            if options:
                yield replace(step, options={})
            for part in _parts(read(condition)) if condition else ():
                yield replace(step, condition=to_text(part))
        case Sweep(cut=cut, meanwhile=meanwhile):
            if cut is not None:
                yield replace(step, cut=None)
            if meanwhile is not None:
                yield replace(step, meanwhile=None)
                for simpler in _simpler(meanwhile):
                    if isinstance(simpler, Take):
                        yield replace(step, meanwhile=simpler)
        case _:
            return


def _plainer(event: Event) -> Iterator[Event]:
    if event.properties is not None:
        yield replace(event, properties=None)
    if event.amount is not None:
        yield replace(event, amount=None, currency=None)


def _parts(tree: Condition) -> tuple[Condition, ...]:
    match tree:
        case And(parts) | Or(parts):
            return parts
        case Not(part):
            return (part,)
        case _:
            return ()
