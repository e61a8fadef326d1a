"""For whom nobody is told for a while."""

from rules.alerts.pipeline.silence import silence
from rules.alerts.pipeline.stage import Around, Silence, Stage, Why
from tests.rules.alerts.pipeline.test_inhibit import untold


def test_a_silence_that_holds_for_the_customer_holds_the_alert_until_its_end() -> None:
    around = Around(5, silences={1: [Silence(3, 10, "UMANAGER"), Silence(4, 8, "UOTHER")]})
    [held] = silence([untold(1, "late")], around).held
    assert (held.stage, held.why) == (Stage.SILENCE, Why.SILENCED)
    # Of several the one that ends last is named; it may be ended early, so nobody waits for its end.
    assert (held.until, held.actor, held.by, held.look_again_at) == (10, "UMANAGER", "3", None)
    assert silence([untold(2, "late", customer=2)], around).held == ()


def test_a_silence_of_one_rule_leaves_the_others_alone() -> None:
    late = untold(1, "late")
    around = Around(5, silences={1: [Silence(3, 10, "U1", rule_id=late.rule_id)]})
    passed = silence([late, untold(2, "lapsing")], around)
    assert [one.alert_id for one in passed.through] == [2]


def test_a_silence_that_is_over_holds_nothing() -> None:
    assert silence([untold(1, "late")], Around(10, silences={1: [Silence(3, 10, "U1")]})).held == ()
