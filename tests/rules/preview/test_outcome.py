"""What a preview counts, and what a rule would have told."""

from collections.abc import Sequence

import numpy as np
import pytest

from rules.alerts.rule import AlertKind, Backlog, RuleBody
from rules.instants import DAY, Calendar
from rules.preview.outcome import Outcome, crossings
from rules.preview.steps import Steps, Stretch, weeks

D = 20_000 * DAY
UTC = Calendar.of("UTC")


def outcome(
    *customers: str, cooldown: int = 0, backlog: Backlog = Backlog.DIGEST, each: int | None = None
) -> Outcome:
    """Look at customers day by day: ``#`` where the condition holds, ``.`` where not; in blocks of ``each``."""
    steps = Steps(Stretch(D, D + (len(customers[0]) - 1) * DAY, DAY), UTC)
    found = Outcome(
        steps, RuleBody(condition="x", cooldown=cooldown, backlog=backlog, kind=AlertKind.PROBLEM)
    )
    size = each or len(customers)
    for begin in range(0, len(customers), size):
        found.add(crossings(_table(customers[begin : begin + size])))
    return found


def _table(customers: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.array([[mark == "#" for mark in one] for one in customers])


@pytest.mark.parametrize("each", [1, 2, None])
def test_what_is_counted(each: int | None) -> None:
    found = outcome("##...##", "...####", ".#.#.#.", ".......", "#######", each=each)
    assert found.entered.tolist() == [2, 1, 0, 2, 0, 2, 0]
    assert found.left.tolist() == [0, 0, 2, 0, 1, 0, 1]
    assert found.customers == 3
    # Of six entries after the first look, those of the third customer ended; nobody knows of the others.
    assert found.returned == 3


def test_who_entered_and_when_first() -> None:
    steps = Steps(Stretch(D, D + 4 * DAY, DAY), UTC)
    new = Outcome(steps, RuleBody(condition="x")).add(crossings(_table(["#.#.#", ".....", "...#."])))
    assert (new.places.tolist(), new.steps.tolist()) == ([0, 2], [2, 3])


def test_who_leaves_within_thirty_days_has_come_back() -> None:
    kept = ["." + "#" * days + "." for days in (30, 31)]
    assert outcome(kept[0]).returned == 1
    assert outcome(kept[1]).returned == 0


def test_entries_are_counted_in_the_week_of_the_business_day() -> None:
    found = outcome("..#...", "....#.", "#.....")
    mondays = weeks(Stretch(D, D + 5 * DAY, DAY), UTC)
    # D is a Friday.
    assert [str(day) for day in mondays] == ["2024-09-30", "2024-10-07"]
    assert found.per_week(mondays, UTC) == [1, 1]


@pytest.mark.parametrize(
    ("customers", "cooldown", "backlog", "messages"),
    [
        (["#....", "#...."], 0, Backlog.DIGEST, 1),
        (["#....", "#...."], 0, Backlog.POST, 2),
        (["#....", "#...."], 0, Backlog.IGNORE, 0),
        ([".#.#.", "....."], 0, Backlog.DIGEST, 2),
        # Two days of cooldown after the alert's end on the third: it is over on the fifth.
        ([".#.##"], 2 * DAY, Backlog.DIGEST, 2),
        ([".#.#."], 2 * DAY, Backlog.DIGEST, 1),
        ([".#.##"], 3 * DAY, Backlog.DIGEST, 1),
        # Held, gone, and come again within it: told once it is over.
        ([".#.#.####"], 5 * DAY, Backlog.DIGEST, 2),
        # Who was ignored has had no alert, so nothing cools down.
        (["#.#.."], 9 * DAY, Backlog.IGNORE, 1),
        (["#.#.."], 9 * DAY, Backlog.POST, 1),
        (["....."], 0, Backlog.POST, 0),
    ],
)
def test_messages(customers: list[str], cooldown: int, backlog: Backlog, messages: int) -> None:
    assert outcome(*customers, cooldown=cooldown, backlog=backlog).messages == messages
