"""What came is compared with what was expected: as finely as it was said, and in the words of the file."""

from typing import Any

import pytest

from rules.alerts.states import Reason, Resolution
from rules.trials.judge import Failure, judge
from rules.trials.trial import Expectation, Message, Outcome, Stage, Telling, Told

ADA = Told("lapsing", "ada")
ENTERED = Told("lapsing", "ada", Reason.ENTERED)
BOB = Told("lapsing", "bob", Reason.BACKLOG)
POST = Message(Telling.ALERT, "lapsing", ("ada",), "#care", ("Lapsing: Ada, 30 days ago",))


def _judged(
    expected: dict[str, Any], found: dict[str, Any], *, alone: bool = True
) -> tuple[int, tuple[Failure, ...]]:
    return judge(Expectation(1, 0, "day 0", Outcome(**expected)), Outcome(**found), alone=alone)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"open": (ADA,)}, {"open": (ENTERED,), "opens": (BOB,)}),
        ({"open": ()}, {"open": ()}),
        ({"opens": (ADA, BOB)}, {"opens": (BOB, ENTERED)}),
        # One that takes whatever comes must leave the other what it needs.
        (
            {"opens": (ADA, ENTERED, Told("lapsing", "ada", Reason.COOLDOWN_OVER))},
            {"opens": (ENTERED, ENTERED, Told("lapsing", "ada", Reason.COOLDOWN_OVER))},
        ),
        ({"messages": (Message(Telling.ALERT, "lapsing", ("ada",)),)}, {"messages": (POST,)}),
        (
            {
                "messages": (
                    Message(Telling.ALERT, "lapsing", ("ada",), "#care", ("lapsing:  ADA", "30 days")),
                )
            },
            {"messages": (POST,)},
        ),
        (
            {"suppressed": (ADA,)},
            {"suppressed": (Told("lapsing", "ada", Reason.COOLDOWN, stage=Stage.DECIDE),)},
        ),
    ],
)
def test_what_is_as_expected(expected: dict[str, Any], found: dict[str, Any]) -> None:
    assert _judged(expected, found) == (1, ())


@pytest.mark.parametrize(
    ("expected", "found", "failure"),
    [
        ({"open": ()}, {"open": (ENTERED,)}, ("open", "none", "ada (entered)")),
        ({"opens": (BOB, ADA)}, {"opens": (ENTERED,)}, ("opens", "ada\nbob (backlog)", "ada (entered)")),
        (
            {"opens": (ADA, ADA)},
            {"opens": (ENTERED, BOB)},
            ("opens", "ada\nada", "ada (entered)\nbob (backlog)"),
        ),
        (
            {"resolves": (Told("lapsing", "ada", resolution=Resolution.LOST),)},
            {"resolves": (Told("lapsing", "ada", Reason.LEFT, Resolution.RECOVERED),)},
            ("resolves", "ada (lost)", "ada (recovered, left)"),
        ),
        (
            {"messages": (Message(Telling.DIGEST, "lapsing", ("ada",), "#x"),)},
            {"messages": ()},
            ("messages", "digest: ada in #x", "none"),
        ),
        (
            {"messages": (Message(Telling.ALERT, "lapsing", ("ada",), None, ("30 days", "vip")),)},
            {"messages": (POST,)},
            (
                "messages",
                "alert: ada saying “30 days … vip”",
                "alert: ada in #care without “vip” saying “Lapsing: Ada, 30 days ago”",
            ),
        ),
    ],
)
def test_what_is_not(expected: dict[str, Any], found: dict[str, Any], failure: tuple[str, str, str]) -> None:
    assert _judged(expected, found) == (1, (Failure("day 0", *failure),))


def test_with_several_rules_each_alert_names_its_own() -> None:
    _, failures = _judged({"open": (ADA,)}, {"open": (Told("overdue", "ada"),)}, alone=False)
    assert [(one.expected, one.found) for one in failures] == [("lapsing: ada", "overdue: ada")]


def test_many_that_are_alike_are_paired_without_end() -> None:
    crowd = tuple(Told("lapsing", "ada") for _ in range(1_500))
    assert _judged({"open": crowd}, {"open": crowd}) == (1, ())
