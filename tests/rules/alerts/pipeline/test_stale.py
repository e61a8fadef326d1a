"""What a stopped source would tell is held back, and nothing else."""

from rules.alerts.pipeline.stage import Around, Held, Passed, Stage, Why
from rules.alerts.pipeline.stale import stale
from tests.rules.alerts.pipeline.given import untold_alert


def test_alerts_of_rules_that_look_at_it_are_held_until_nobody_can_say_when() -> None:
    one, other, third = (untold_alert(number, rule_id=number % 2) for number in (1, 2, 3))
    passed = stale([one, other, third], Around(now=5, stale={1: "shop"}))
    held = tuple(Held(alert, Stage.STALE, Why.SOURCE_STOPPED, by="shop") for alert in (one, third))
    assert passed == Passed((other,), held)


def test_while_every_source_sends_nobody_is_held() -> None:
    assert stale([untold_alert()], Around(now=5)) == Passed((untold_alert(),))
