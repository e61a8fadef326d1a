"""What is untold: an alert that somebody else told, that has ended, or that is only kept open, is so no more."""

from rules.alerts.states import Reason, Resolution, Verb
from storage import alerts
from storage import untold as queue
from storage.alerts import Opening
from storage.database import Database
from tests.histories import customer, rule


def test_only_what_is_untold_still_is_given(database: Database) -> None:
    rule(database, "lapsing", "never(purchase)")
    for number in range(1, 5):
        customer(database, number, known_since=0)
    with database.writing() as tx:
        openings = [Opening(number, 1, 1, Reason.ENTERED, ()) for number in range(1, 5)]
        alerts.open_all(tx, openings, [11, 12, 13, 14], now=5)
        assert [one.id for one in queue.still(tx, [14, 13, 12, 11, 99])] == [11, 12, 13, 14]
        queue.tell(tx, [11], root=7, now=6)
        alerts.leave_at(tx, [(2, 12, 9)])
        ended = alerts.Step(
            alert=alerts.by_ids(tx, [13])[13],
            verb=Verb.RESOLVE,
            reason=Reason.LEFT,
            changes={"state": "resolved", "resolution": Resolution.RECOVERED, "resolved_at": 6},
        )
        alerts.take_steps(tx, [ended], now=6)
        assert [one.id for one in queue.still(tx, [11, 12, 13, 14])] == [14]
        # Of many it is asked otherwise, and answered alike.
        assert [one.id for one in queue.still(tx, [*range(11, 15), *range(100, 200)])] == [14]
