"""Channels by their ids and names, and what is kept under either until they are known to be one."""

from rules.alerts.channel import USUAL, ChannelSettings
from storage import attention, channels, digests
from storage.channels import Channel
from storage.database import Database
from storage.digests import Digest

QUIETER = ChannelSettings(budget=5)
LOUDER = ChannelSettings(budget=50)


def say(database: Database, place: str, settings: ChannelSettings, *, now: int = 1) -> None:
    with database.writing() as tx:
        channels.store(tx, channels.get(tx, place, lock=True), settings, author="U1", now=now)


def learn(database: Database, channel: str, name: str) -> None:
    with database.writing() as tx:
        channels.learn(tx, channel, name)


def places(database: Database, *named: str) -> dict[str, str]:
    with database.reading() as tx:
        return channels.places(tx, named)


def settings_of(database: Database, place: str) -> ChannelSettings:
    with database.reading() as tx:
        return channels.get(tx, place).settings


def test_settings_are_stored_version_by_version(database: Database) -> None:
    with database.reading() as tx:
        assert channels.get(tx, "C0CARE") == Channel("C0CARE", USUAL)
        assert channels.of(tx, ["C0CARE"]) == {}
    say(database, "C0CARE", QUIETER, now=1)
    say(database, "C0CARE", LOUDER, now=2)
    with database.reading() as tx:
        assert channels.of(tx, ["C0CARE", "sales"]) == {
            "C0CARE": Channel("C0CARE", LOUDER, version=2, author="U1", at=2)
        }


def test_a_name_is_its_own_place_until_slack_tells_whose_it_is(database: Database) -> None:
    named = ("#care", "care", "#Care", "C0CARE", "*")
    assert places(database, *named) == {
        "#care": "care",
        "care": "care",
        "#Care": "care",
        "C0CARE": "C0CARE",
        "*": "*",
    }
    learn(database, "C0CARE", "#care")
    assert set(places(database, *named[:-1]).values()) == {"C0CARE"}
    with database.reading() as tx:
        assert channels.knows(tx, "C0CARE", "care")
        assert not channels.knows(tx, "C0CARE", "sales")
        assert channels.name_of(tx, "C0CARE") == "care"


def test_what_was_kept_under_the_name_becomes_the_channels(database: Database) -> None:
    say(database, "care", QUIETER)
    with database.writing() as tx:
        attention.spend(
            tx, [("care", "2026-11-27", 3), ("C0CARE", "2026-11-27", 4), ("care", "2026-11-26", 1)]
        )
        for channel, slot in (("care", 10), ("C0CARE", 10), ("care", 20)):
            assert digests.take(tx, channel, slot)
    learn(database, "C0CARE", "care")
    assert settings_of(database, "C0CARE") == QUIETER
    assert settings_of(database, "care") == USUAL
    with database.reading() as tx:
        assert attention.spent(tx, {"C0CARE": "2026-11-27", "care": "2026-11-27"}) == {"C0CARE": 7}
        assert attention.spent(tx, {"C0CARE": "2026-11-26"}) == {"C0CARE": 1}
        assert digests.is_done(tx, "C0CARE", 20)
        assert not digests.is_done(tx, "care", 20)


def test_of_settings_under_both_the_later_count(database: Database) -> None:
    say(database, "care", QUIETER, now=2)
    say(database, "C0CARE", LOUDER, now=1)
    learn(database, "C0CARE", "care")
    assert settings_of(database, "C0CARE") == QUIETER
    say(database, "sales", QUIETER, now=1)
    say(database, "C0SALES", LOUDER, now=2)
    learn(database, "C0SALES", "sales")
    assert settings_of(database, "C0SALES") == LOUDER
    assert settings_of(database, "sales") == USUAL


def test_a_channel_that_is_renamed_keeps_what_it_says(database: Database) -> None:
    learn(database, "C0CARE", "care")
    say(database, "C0CARE", QUIETER)
    learn(database, "C0CARE", "support")
    assert places(database, "#support", "#care") == {"#support": "C0CARE", "#care": "care"}
    # Another channel takes the name: it has settings of its own.
    learn(database, "C0OTHER", "support")
    assert places(database, "#support") == {"#support": "C0OTHER"}
    assert settings_of(database, "C0OTHER") == USUAL


def test_a_digest_is_taken_once_for_each_time(database: Database) -> None:
    with database.writing() as tx:
        assert digests.take(tx, "care", 10)
        assert not digests.take(tx, "care", 10)
        assert digests.take(tx, "care", 11)
        assert digests.of_root(tx, 7) is None
        digests.told(tx, Digest("care", 10, 7, 2))
        assert digests.of_root(tx, 7) == Digest("care", 10, 7, 2)
        assert digests.listed_already(tx, []) == set()
