"""The outbox: who may take what and when, and that only who holds a message can say what came of it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from rules.alerts.retry import Delivery
from storage import outbox, pace
from storage.database import Database, Transaction
from storage.outbox import Call, Late, Message, New, Subject

LEASE, INTERVAL, SETTLE = 60_000, 1_000, 10_000


def post(
    database: Database, channel: str = "C1", *, now: int = 0, forming: bool = False, rule_id: int = 1
) -> int:
    with database.writing() as tx:
        return outbox.add(
            tx,
            New(call=Call.POST, subject=Subject.ALERT, channel=channel, rule_id=rule_id, forming=forming),
            now=now,
        )


def reply(database: Database, root: int, *, now: int = 0) -> int:
    with database.writing() as tx:
        return outbox.add(tx, New(call=Call.REPLY, subject=Subject.STEPS, channel="C1", root=root), now=now)


def claim(database: Database, *, now: int, owner: str = "one") -> list[Message]:
    with database.writing() as tx:
        return outbox.claim(tx, owner=owner, now=now, lease=LEASE, interval=INTERVAL)


def sent(database: Database, message: Message, ts: str = "1.0") -> bool:
    with database.writing() as tx:
        return outbox.finish(
            tx, message, state=Delivery.SENT, reason="ok", posted_channel="C1", ts=ts, sent_at=0
        )


def state(database: Database, number: int) -> Delivery:
    with database.reading() as tx:
        return outbox.get(tx, number).state


def test_one_post_a_second_and_channel(database: Database) -> None:
    first, second, elsewhere = post(database), post(database), post(database, "C2")
    assert [message.id for message in claim(database, now=0)] == [first, elsewhere]
    assert claim(database, now=INTERVAL - 1) == []
    assert [message.id for message in claim(database, now=INTERVAL)] == [second]


def test_a_reply_waits_for_its_root_and_for_the_replies_before_it(database: Database) -> None:
    root = post(database)
    first, second = reply(database, root), reply(database, root)
    [taken] = claim(database, now=0)
    assert claim(database, now=2_000) == []
    assert sent(database, taken)
    [one] = claim(database, now=4_000)
    assert one.id == first
    assert claim(database, now=6_000) == []
    assert sent(database, one, "2.0")
    assert [message.id for message in claim(database, now=8_000)] == [second]


def test_an_edit_that_supersedes_an_unsent_edit_replaces_it(database: Database) -> None:
    root = post(database)
    assert sent(database, claim(database, now=0)[0])
    for _ in range(3):
        with database.writing() as tx:
            outbox.add_updates(tx, [outbox.get(tx, root)], now=1_000)
    [edit] = claim(database, now=2_000)
    assert edit.call is Call.UPDATE
    with database.writing() as tx:  # asked for while the first is on its way: it may show what was before
        outbox.add_updates(tx, [outbox.get(tx, root)], now=2_000)
    assert claim(database, now=3_000) == []  # of two edits the later must land last
    with database.writing() as tx:
        assert outbox.finish(tx, edit, state=Delivery.PENDING, next_at=2_500, reason="ratelimited")
    assert state(database, edit.id) is Delivery.EXPIRED
    assert len(claim(database, now=4_000)) == 1


def test_only_who_holds_a_message_says_what_came_of_it(database: Database) -> None:
    number = post(database)
    [mine] = claim(database, now=0)
    with database.writing() as tx:
        assert outbox.expire_leases(tx, now=LEASE, lease=LEASE, settle=SETTLE) == 0
        assert outbox.expire_leases(tx, now=LEASE + 1, lease=LEASE, settle=SETTLE) == 1
    assert not sent(database, mine)
    assert state(database, number) is Delivery.UNKNOWN
    with database.writing() as tx:
        assert outbox.claim_unknown(tx, owner="two", now=LEASE + SETTLE, lease=LEASE, limit=9) == []
        [theirs] = outbox.claim_unknown(tx, owner="two", now=LEASE + 1 + SETTLE, lease=LEASE, limit=9)
    assert not sent(database, replace(theirs, owner="one"))
    assert not sent(database, replace(theirs, generation=theirs.generation - 1))
    with database.writing() as tx:
        assert outbox.finish(
            tx, theirs, state=Delivery.PENDING, reason="not_in_history", next_at=LEASE + SETTLE
        )
    assert [message.id for message in claim(database, now=LEASE * 2, owner="two")] == [number]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("nothing", Late.ADOPTED),
        ("found it", Late.SAME),
        ("sent again", Late.DOUBLE),
        ("sending", Late.DOUBLE),
    ],
)
def test_a_carrier_that_comes_back_late(database: Database, then: str, expected: Late) -> None:
    number = post(database)
    [mine] = claim(database, now=0)
    with database.writing() as tx:
        outbox.expire_leases(tx, now=LEASE + 1, lease=LEASE, settle=0)
    if then != "nothing":
        with database.writing() as tx:
            [other] = outbox.claim_unknown(tx, owner="two", now=LEASE + 2, lease=LEASE, limit=1)
            if then == "found it":
                assert outbox.finish(tx, other, state=Delivery.SENT, ts="7.0", posted_channel="C1")
            else:
                assert outbox.finish(tx, other, state=Delivery.PENDING, next_at=0)
    if then in ("sent again", "sending"):
        [again] = claim(database, now=LEASE * 2, owner="two")
        if then == "sent again":
            assert sent(database, again, "8.0")
    with database.writing() as tx:
        assert (
            outbox.finish_late(tx, mine, posted_channel="C1", ts="7.0", now=LEASE * 2, verify_at=LEASE * 3)
            is expected
        )
    if expected is Late.ADOPTED:
        assert state(database, number) is Delivery.SENT
    with database.writing() as tx:
        doubtful = outbox.to_verify(tx, now=LEASE * 3, again_at=LEASE * 4, limit=9)
    assert [one.id for one in doubtful] == ([] if expected is Late.SAME else [number])


def test_a_post_may_have_a_second_copy_and_an_edit_has_none(database: Database) -> None:
    root = post(database)
    assert sent(database, claim(database, now=0)[0])
    with database.writing() as tx:
        outbox.add_updates(tx, [outbox.get(tx, root)], now=0)
    [edit] = claim(database, now=INTERVAL)
    with database.writing() as tx:
        for number in (root, edit.id):
            outbox.doubt(tx, number, verify_at=LEASE)
        assert [one.id for one in outbox.to_verify(tx, now=LEASE, again_at=LEASE * 2, limit=9)] == [root]


def test_what_still_forms_is_not_sent(database: Database) -> None:
    number = post(database, forming=True)
    assert claim(database, now=0) == []
    with database.writing() as tx:
        outbox.release_forming(tx, now=0)
    assert [message.id for message in claim(database, now=0)] == [number]


def test_a_held_channel_holds_no_other(database: Database) -> None:
    post(database)
    elsewhere = post(database, "C2")
    with database.writing() as tx:
        pace.hold(tx, channel="C1", until=5_000, reason="ratelimited")
    assert [message.id for message in claim(database, now=0)] == [elsewhere]
    with database.reading() as tx:
        assert pace.held(tx, now=0) == {"C1": "ratelimited"}
    assert len(claim(database, now=5_000)) == 1


def test_a_dead_token_holds_everything(database: Database) -> None:
    post(database)
    with database.writing() as tx:
        pace.hold(tx, channel=pace.EVERYWHERE, until=5_000, reason="token_revoked")
    assert claim(database, now=4_999) == []
    assert len(claim(database, now=5_000)) == 1


def test_two_that_claim_at_once_never_get_the_same(database: Database) -> None:
    numbers = {post(database, f"C{n}") for n in range(20)}
    taken: list[int] = []
    start = threading.Barrier(4)

    def carry(owner: str) -> None:
        start.wait()
        for _ in range(10):
            taken.extend(message.id for message in claim(database, now=0, owner=owner))

    threads = [threading.Thread(target=carry, args=(f"owner {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(numbers)


def test_what_a_person_waits_for_goes_first(database: Database) -> None:
    root = post(database)
    assert sent(database, claim(database, now=0)[0])
    crowd = [post(database) for _ in range(3)]
    with database.writing() as tx:
        asked = New(call=Call.REPLY, subject=Subject.STEPS, channel="C1", root=root, urgent=True)
        answer = outbox.add(tx, asked, now=0)
    assert [message.id for message in claim(database, now=2_000)] == [answer]
    assert [message.id for message in claim(database, now=4_000)] == [crowd[0]]


def test_a_clock_that_was_set_back_stops_nothing(database: Database) -> None:
    tomorrow = 24 * 60 * 60 * 1_000
    first, second = post(database, now=tomorrow), post(database, now=tomorrow)
    [taken] = claim(database, now=tomorrow)
    assert taken.id == first
    with database.writing() as tx:
        assert outbox.expire_leases(tx, now=0, lease=LEASE, settle=SETTLE) == 1
    assert [message.id for message in claim(database, now=0)] == [second]


def test_one_pace_for_a_channel_whatever_it_is_called(database: Database) -> None:
    post(database, "#care")
    post(database, "C1")
    with database.writing() as tx:
        taken = outbox.claim(
            tx,
            owner="one",
            now=0,
            lease=LEASE,
            interval=INTERVAL,
            place_of=lambda name: {"#care": "C1"}.get(name, name),
        )
    assert [message.place for message in taken] == ["C1"]


def hand_back(edit: Message, tx: Transaction) -> None:
    outbox.finish(tx, edit, state=Delivery.PENDING, next_at=0)


def test_an_edit_is_asked_for_while_another_is_handed_back(database: Database) -> None:
    """Both want to be the one that waits; neither fails, and one of them is sent."""
    root = post(database)
    assert sent(database, claim(database, now=0)[0])
    for step in range(12):
        with database.writing() as tx:
            outbox.add_updates(tx, [outbox.get(tx, root)], now=step)
        [edit] = claim(database, now=2_000 * (step + 1))
        start = threading.Barrier(2)

        def both(do: Callable[[Transaction], object], start: threading.Barrier = start) -> None:
            start.wait()
            with database.writing() as tx:
                do(tx)

        with ThreadPoolExecutor(2) as pool:
            back = pool.submit(both, partial(hand_back, edit))
            asked = pool.submit(both, lambda tx: outbox.add_updates(tx, [outbox.get(tx, root)], now=0))
        back.result()
        asked.result()
        [waiting] = claim(database, now=2_000 * (step + 1) + 1_000)
        with database.writing() as tx:
            assert outbox.finish(tx, waiting, state=Delivery.SENT)


def test_what_was_asked_for_after_a_message_comes_in_its_order(database: Database) -> None:
    first, second, third = (post(database) for _ in range(3))
    with database.reading() as tx:
        assert [one.id for one in outbox.after(tx, first)] == [second, third]
        assert outbox.after(tx, third) == []
