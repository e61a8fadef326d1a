"""Carrying messages: who may take what and when, and that only who holds a message can say what came of it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from rules.alerts.retry import Delivery
from storage import carriage, outbox, pace
from storage.carriage import Late
from storage.database import Database, Transaction
from storage.outbox import Call, Message, New, Subject

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
        return carriage.claim(tx, owner=owner, now=now, lease=LEASE, interval=INTERVAL)


def sent(database: Database, message: Message, ts: str = "1.0") -> bool:
    with database.writing() as tx:
        return carriage.finish(
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
        assert carriage.finish(tx, edit, state=Delivery.PENDING, next_at=2_500, reason="ratelimited")
    assert state(database, edit.id) is Delivery.EXPIRED
    assert len(claim(database, now=4_000)) == 1


def test_only_who_holds_a_message_says_what_came_of_it(database: Database) -> None:
    number = post(database)
    [mine] = claim(database, now=0)
    with database.writing() as tx:
        assert carriage.expire_leases(tx, now=LEASE, lease=LEASE, settle=SETTLE) == 0
        assert carriage.expire_leases(tx, now=LEASE + 1, lease=LEASE, settle=SETTLE) == 1
    assert not sent(database, mine)
    assert state(database, number) is Delivery.UNKNOWN
    with database.writing() as tx:
        assert carriage.claim_unknown(tx, owner="two", now=LEASE + SETTLE, lease=LEASE, limit=9) == []
        [theirs] = carriage.claim_unknown(tx, owner="two", now=LEASE + 1 + SETTLE, lease=LEASE, limit=9)
    assert not sent(database, replace(theirs, owner="one"))
    assert not sent(database, replace(theirs, generation=theirs.generation - 1))
    with database.writing() as tx:
        assert carriage.finish(
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
        carriage.expire_leases(tx, now=LEASE + 1, lease=LEASE, settle=0)
    if then != "nothing":
        with database.writing() as tx:
            [other] = carriage.claim_unknown(tx, owner="two", now=LEASE + 2, lease=LEASE, limit=1)
            if then == "found it":
                assert carriage.finish(tx, other, state=Delivery.SENT, ts="7.0", posted_channel="C1")
            else:
                assert carriage.finish(tx, other, state=Delivery.PENDING, next_at=0)
    if then in ("sent again", "sending"):
        [again] = claim(database, now=LEASE * 2, owner="two")
        if then == "sent again":
            assert sent(database, again, "8.0")
    with database.writing() as tx:
        assert (
            carriage.finish_late(tx, mine, posted_channel="C1", ts="7.0", now=LEASE * 2, verify_at=LEASE * 3)
            is expected
        )
    if expected is Late.ADOPTED:
        assert state(database, number) is Delivery.SENT
    with database.writing() as tx:
        doubtful = carriage.to_verify(tx, now=LEASE * 3, again_at=LEASE * 4, limit=9)
    assert [one.id for one in doubtful] == ([] if expected is Late.SAME else [number])


def test_a_post_may_have_a_second_copy_and_an_edit_has_none(database: Database) -> None:
    root = post(database)
    assert sent(database, claim(database, now=0)[0])
    with database.writing() as tx:
        outbox.add_updates(tx, [outbox.get(tx, root)], now=0)
    [edit] = claim(database, now=INTERVAL)
    with database.writing() as tx:
        for number in (root, edit.id):
            carriage.doubt(tx, number, verify_at=LEASE)
        assert [one.id for one in carriage.to_verify(tx, now=LEASE, again_at=LEASE * 2, limit=9)] == [root]


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
        assert carriage.expire_leases(tx, now=0, lease=LEASE, settle=SETTLE) == 1
    assert [message.id for message in claim(database, now=0)] == [second]


def test_one_pace_for_a_channel_whatever_it_is_called(database: Database) -> None:
    post(database, "#care")
    post(database, "C1")
    with database.writing() as tx:
        taken = carriage.claim(
            tx,
            owner="one",
            now=0,
            lease=LEASE,
            interval=INTERVAL,
            place_of=lambda name: {"#care": "C1"}.get(name, name),
        )
    assert [message.place for message in taken] == ["C1"]


def hand_back(edit: Message, tx: Transaction) -> None:
    carriage.finish(tx, edit, state=Delivery.PENDING, next_at=0)


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
            assert carriage.finish(tx, waiting, state=Delivery.SENT)


def test_alerts_overtake_what_can_wait_and_what_is_asked_for_pulls_along_what_goes_before_it(
    database: Database,
) -> None:
    def add(subject: Subject, **more: object) -> int:
        with database.writing() as tx:
            call = Call.REPLY if "root" in more else Call.POST
            new = New(call=call, subject=subject, channel="C1", rule_id=1, **more)  # type: ignore[arg-type]
            return outbox.add(tx, new, now=0)

    digest, told, late = add(Subject.DIGEST), add(Subject.ALERT), add(Subject.DIGEST)
    before, answer = (add(Subject.STEPS, root=late, urgent=urgent) for urgent in (False, True))
    order = []
    for turn in range(5):
        [taken] = claim(database, now=turn * INTERVAL)
        order.append(taken.id)
        assert sent(database, taken, f"{turn}.0")
    assert order == [late, before, answer, told, digest]


def test_priority_holds_over_the_names_of_one_channel(database: Database) -> None:
    with database.writing() as tx:
        outbox.add(tx, New(call=Call.POST, subject=Subject.DIGEST, channel="#care"), now=0)
    alert = post(database, "C1")
    with database.writing() as tx:
        [taken] = carriage.claim(
            tx, owner="one", now=0, lease=LEASE, interval=INTERVAL, place_of=lambda _name: "C1"
        )
    assert taken.id == alert


def test_of_many_who_find_a_message_deleted_one_counts(database: Database) -> None:
    root = post(database)
    assert sent(database, claim(database, now=0)[0])
    with database.writing() as tx:
        seen = outbox.get(tx, root)
        assert carriage.root_gone(tx, seen, state=Delivery.PENDING, reason="deleted", now=INTERVAL)
        assert not carriage.root_gone(tx, seen, state=Delivery.PENDING, reason="deleted", now=INTERVAL)
    [again] = claim(database, now=INTERVAL)
    assert (again.id, again.key, again.gone, again.ts, again.attempts) == (root, seen.key, ("1.0",), None, 1)
    assert sent(database, again, "2.0")
    with database.writing() as tx:
        assert not carriage.root_gone(tx, seen, state=Delivery.EXPIRED, reason="deleted", now=INTERVAL)
        assert outbox.get(tx, root).ts == "2.0"


def test_what_waits_for_one_channel_of_a_rule_is_sent_to_another(database: Database) -> None:
    held = post(database)
    with database.writing() as tx:
        [taken] = carriage.claim(tx, owner="one", now=0, lease=LEASE, interval=INTERVAL)
        carriage.finish(tx, taken, state=Delivery.PENDING, next_at=90_000, reason="not_in_channel")
    rerouted = post(database)
    with database.writing() as tx:
        [taken] = carriage.claim(tx, owner="one", now=INTERVAL, lease=LEASE, interval=INTERVAL)
        carriage.finish(tx, taken, state=Delivery.PENDING, channel="C9", rerouted=True)
    elsewhere, of_another = post(database, "C2"), post(database, rule_id=2)
    forms = post(database, forming=True)
    with database.writing() as tx:
        assert carriage.redirect(tx, 1, was={"C1", ""}, channel="C3", now=5) == 3
        found = outbox.by_numbers(tx, range(1, 9))
    assert {number: (one.channel, one.rerouted) for number, one in found.items()} == {
        held: ("C3", False),
        rerouted: ("C3", False),
        elsewhere: ("C2", False),
        of_another: ("C1", False),
        forms: ("C3", False),
    }
    assert found[held].next_at == 5
