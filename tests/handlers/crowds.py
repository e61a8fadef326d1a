"""Many customers at once, who fall silent together."""

from collections.abc import Iterable

from sqlalchemy import text

from rules.alerts.channel import ChannelSettings
from storage import channels, dirty
from storage.database import Database
from tests.histories import PURCHASE


def crowd(database: Database, numbers: Iterable[int], *, last: int, known_since: int) -> None:
    """Store customers whose one purchase was at ``last``, of as many dollars as their number."""
    listed = list(numbers)
    with database.writing() as tx:
        tx.execute(
            text("INSERT INTO kind (id, name, events) VALUES (1, 'purchase', 0) ON CONFLICT DO NOTHING")
        )
        tx.execute(
            text(
                "INSERT INTO customer (id, external_id, name, created_at, known_since, search_name, search_email) "
                "VALUES (:id, :external, :name, :known, :known, '', '')"
            ),
            [
                {"id": one, "external": f"c{one}", "name": f"Customer {one}", "known": known_since}
                for one in listed
            ],
        )
        tx.execute(
            text(
                "INSERT INTO event (customer_id, kind, occurred_at, key, amount, currency) "
                "VALUES (:customer, 1, :at, :at, :cents, 'USD')"
            ),
            [{"customer": one, "at": last, "cents": 100 * one} for one in listed],
        )
        dirty.mark(
            tx,
            [(one, kind, at) for one in listed for kind, at in ((dirty.PROFILE, None), (PURCHASE, last))],
            now=0,
        )


def say(database: Database, channel: str, settings: ChannelSettings) -> None:
    """Let a channel say ``settings`` of itself."""
    with database.writing() as tx:
        place = channels.places(tx, [channel])[channel]
        channels.store(tx, channels.get(tx, place), settings, author="UMANAGER", now=0)
