"""Whom a step turns to: the owner, unless there is none, or none that Slack knows."""

import pytest

from rules.alerts.colleague import Brought, Colleague, Found, Lacks, brought
from rules.alerts.escalation import EscalationStep, Target

OWNER = EscalationStep(1, Target.OWNER)
LEADERS = frozenset({"U9", "S1"})


@pytest.mark.parametrize(
    ("owner", "colleague", "expected"),
    [
        ("ann@x.example", Colleague(Found.THERE, "U1"), Brought(("U1",), Target.OWNER)),
        ("ann@x.example", Colleague(Found.UNANSWERED), Brought(("ann@x.example",), Target.OWNER)),
        ("U1", None, Brought(("U1",), Target.OWNER)),
        ("U1", Colleague(Found.GONE), Brought(("S1", "U9"), Target.OWNER, Lacks.GONE)),
        ("Ann", Colleague(Found.UNKNOWN), Brought(("S1", "U9"), Target.OWNER, Lacks.UNKNOWN)),
        (None, None, Brought(("S1", "U9"), Target.OWNER, Lacks.NOBODY)),
    ],
)
def test_the_owner_or_the_managers(owner: str | None, colleague: Colleague | None, expected: Brought) -> None:
    assert brought(OWNER, owner, colleague, LEADERS) == expected


def test_managers_and_channels_are_what_they_are() -> None:
    assert brought(EscalationStep(1, Target.MANAGER), "U1", None, LEADERS).to == ("S1", "U9")
    assert brought(EscalationStep(1, Target.CHANNEL, "#leads"), "U1", None, LEADERS) == Brought(
        (), Target.CHANNEL
    )
