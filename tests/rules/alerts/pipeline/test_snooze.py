"""What sleeps before it was told."""

from dataclasses import replace

from rules.alerts.pipeline.snooze import snooze
from rules.alerts.pipeline.stage import Around, Stage, Why
from tests.rules.alerts.pipeline.test_inhibit import untold


def test_who_sleeps_is_told_when_the_snooze_is_over_and_looked_at_at_every_tick() -> None:
    one = replace(untold(1, "late"), snoozed_until=10, snoozed_by="U1")
    [held] = snooze([one], Around(9)).held
    assert (held.stage, held.why, held.until, held.actor) == (Stage.SNOOZE, Why.SNOOZED, 10, "U1")
    # Somebody may wake it, and it may worsen.
    assert held.look_again_at is None
    assert snooze([one], Around(10)).through == (one,)
    assert snooze([untold(2, "late")], Around(0)).held == ()
