"""Ways to break the sweep, each of which random histories must notice: the check of the check.

They are made where the sweep meets `storage`, so that how it goes about its work may change.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

from handlers import health
from handlers import sweep as sweeping
from rules.conditions.windows import Window
from storage import carried, customers, dirty, fits, flips, matches, rules, timers
from storage import terms as answers

Patch = Callable[[Any, str, Any], None]
"""Puts something else under a name of a module or a class."""
Mutant = Callable[[Patch], None]


@contextmanager
def broken(mutant: Mutant) -> Iterator[None]:
    """Let the sweep be broken in this way as long as the block lasts."""
    with ExitStack() as patched:
        mutant(lambda owner, name, value: patched.enter_context(mock.patch.object(owner, name, value)))
        yield


def some_customers_are_left_out(patch: Patch) -> None:
    real = customers.ids
    patch(customers, "ids", lambda *args, **said: real(*args, **said)[1:])


def what_profiles_say_is_not_noted(patch: Patch) -> None:
    real = dirty.mark
    patch(
        dirty,
        "mark",
        lambda tx, touched, *, now: real(tx, [one for one in touched if one[1] != dirty.PROFILE], now=now),
    )


def what_came_meanwhile_is_forgotten(patch: Patch) -> None:
    real = dirty.forget
    patch(dirty, "forget", lambda tx, _: real(tx, dirty.batches(tx)))


def windows_end_a_millisecond_late(patch: Patch) -> None:
    real = Window.edge
    patch(Window, "edge", lambda *args, **said: real(*args, **said) - 1)


def waiting_ends_a_millisecond_late(patch: Patch) -> None:
    real = Window.expiry
    patch(Window, "expiry", lambda *args: real(*args) + 1)


def nothing_leaves_a_window(patch: Patch) -> None:
    patch(flips.Passing, "left", lambda *_: ())


def the_window_before_is_overlooked(patch: Patch) -> None:
    real = flips.Passing.left
    patch(
        flips.Passing,
        "left",
        lambda self, events, window, times=1: real(self, events, window) if times == 1 else (),
    )


def nothing_comes_into_being(patch: Patch) -> None:
    patch(flips.Passing, "came", lambda *_: ())


def nothing_grows_older(patch: Patch) -> None:
    patch(flips.Passing, "aged", lambda *_: ())


def nobody_becomes_known(patch: Patch) -> None:
    patch(flips.Passing, "became_known", lambda *_: ())


def nobody_is_known_for_longer(patch: Patch) -> None:
    patch(flips.Passing, "known_for", lambda *_: ())


def tenure_stands_still(patch: Patch) -> None:
    patch(flips.Passing, "known_for_days", lambda *_: ())


def edges_are_looked_at_a_millisecond_too_near(patch: Patch) -> None:
    real = flips.Passing._edges
    patch(flips.Passing, "_edges", lambda *args: (real(*args)[0], real(*args)[1] - 1))


def timers_never_ring(patch: Patch) -> None:
    real = timers.due
    patch(timers, "due", lambda tx, ids, *, now: real(tx, ids, now=0))


def timers_ring_late(patch: Patch) -> None:
    real = answers.timers

    def late(*args: Any) -> Any:
        at = real(*args)
        return at + (at != answers.NO_TIMER)

    patch(answers, "timers", late)


def changes_of_rules_are_overlooked(patch: Patch) -> None:
    real = rules.listing
    patch(rules, "listing", lambda *args, **said: [replace(one, change=None) for one in real(*args, **said)])


def who_waits_is_not_looked_at(patch: Patch) -> None:
    real = sweeping._candidates
    patch(
        sweeping,
        "_candidates",
        lambda tx, ctx, few, *rest: real(tx, ctx, [replace(one, due={}) for one in few], *rest),
    )


def late_events_leave_the_rungs_above_them(patch: Patch) -> None:
    patch(dirty, "since", lambda *_: {})


def late_events_leave_what_is_carried_forward(patch: Patch) -> None:
    real = carried.forward
    patch(carried, "forward", lambda tx: replace(real(tx), undone={}))


def what_is_not_believed_stays(patch: Patch) -> None:
    patch(carried, "undo", lambda *_: None)


def another_fit_is_overlooked(patch: Patch) -> None:
    patch(fits, "number_in_force", lambda *_: 1)


def purchases_leave_values_as_they_are(patch: Patch) -> None:
    patch(sweeping, "_purchases", lambda *_: None)


def scores_of_health_are_not_noted(patch: Patch) -> None:
    patch(health, "dirty", SimpleNamespace(PROFILE=dirty.PROFILE, mark=lambda *_, **__: None))


def matches_that_end_stay(patch: Patch) -> None:
    patch(matches, "leave", lambda *_: None)


MUTANTS: tuple[Mutant, ...] = (
    some_customers_are_left_out,
    what_profiles_say_is_not_noted,
    what_came_meanwhile_is_forgotten,
    windows_end_a_millisecond_late,
    waiting_ends_a_millisecond_late,
    nothing_leaves_a_window,
    the_window_before_is_overlooked,
    nothing_comes_into_being,
    nothing_grows_older,
    nobody_becomes_known,
    nobody_is_known_for_longer,
    tenure_stands_still,
    edges_are_looked_at_a_millisecond_too_near,
    timers_never_ring,
    timers_ring_late,
    changes_of_rules_are_overlooked,
    who_waits_is_not_looked_at,
    late_events_leave_the_rungs_above_them,
    late_events_leave_what_is_carried_forward,
    what_is_not_believed_stays,
    another_fit_is_overlooked,
    purchases_leave_values_as_they_are,
    scores_of_health_are_not_noted,
    matches_that_end_stay,
)
