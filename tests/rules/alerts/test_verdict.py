"""What there is to say of a rule and a customer."""

from dataclasses import replace

import pytest

from rules.alerts.retry import Delivery
from rules.alerts.rule import Backlog, RuleState
from rules.alerts.verdict import Latest, Pair, Verdict, verdict

PAIR = Pair(
    state=RuleState.ACTIVE,
    swept=True,
    holds_now=True,
    since=10,
    held_until=None,
    cooldown=5,
    backlog=Backlog.DIGEST,
    latest=None,
)
OPEN = Latest(
    unresolved=True, told=True, delivery=Delivery.SENT, held=False, resolved_at=None, by_person=False
)
ENDED = replace(OPEN, unresolved=False, resolved_at=20, by_person=True)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (replace(PAIR, latest=OPEN), Verdict.TOLD),
        (replace(PAIR, latest=replace(OPEN, delivery=Delivery.PENDING)), Verdict.ON_ITS_WAY),
        (replace(PAIR, latest=replace(OPEN, delivery=Delivery.UNKNOWN)), Verdict.ON_ITS_WAY),
        (replace(PAIR, latest=replace(OPEN, delivery=Delivery.DEAD)), Verdict.UNDELIVERED),
        (replace(PAIR, latest=replace(OPEN, told=False, delivery=None, held=True)), Verdict.HELD),
        (replace(PAIR, latest=replace(OPEN, told=False, delivery=None)), Verdict.DUE),
        (replace(PAIR, latest=OPEN, state=RuleState.PAUSED), Verdict.TOLD),
        (replace(PAIR, state=RuleState.PAUSED), Verdict.PAUSED),
        (
            replace(PAIR, latest=replace(OPEN, told=False, held=True), state=RuleState.PAUSED),
            Verdict.PAUSED,
        ),
        (replace(PAIR, swept=False), Verdict.NEW),
        (replace(PAIR, since=None), Verdict.TURNED),
        (replace(PAIR, since=None, holds_now=False), Verdict.NOT_MATCHING),
        (replace(PAIR, since=None, holds_now=False, latest=ENDED), Verdict.NOT_MATCHING),
        (replace(PAIR, held_until=25, latest=ENDED), Verdict.COOLDOWN),
        (replace(PAIR, held_until=99), Verdict.PENDING),
        (replace(PAIR, latest=ENDED), Verdict.ENDED_BY_PERSON),
        (replace(PAIR, backlog=Backlog.IGNORE), Verdict.BACKLOG_IGNORED),
    ],
)
def test_each_way_it_can_stand_has_a_word(pair: Pair, expected: Verdict) -> None:
    assert verdict(pair) is expected
