"""Reminders and escalation of alerts that nobody claims, told in their threads."""

import pytest

from handlers import channels
from handlers.act import act
from handlers.context import Context
from handlers.rulebook import Request, edit, pause, resume
from handlers.sweep import sweep
from handlers.tell import render
from rules.access import Actor
from rules.alerts.colleague import Colleague, Found
from rules.alerts.rule import Backlog
from rules.alerts.states import Verb
from rules.alerts.typed import Options
from rules.instants import DAY, HOUR, MINUTE
from storage import alerts, dirty, outbox, pace
from storage import channels as storage_channels
from storage.database import Database
from storage.outbox import Call, Message, New, Subject
from templates.codec import Press, Value
from tests.contexts import StillClock, context
from tests.handlers.slack.world import everything
from tests.histories import customer, purchases, rule

D = 20_000 * DAY
SAYS = {"remind": 3 * HOUR, "escalate": "2h owner, 8h manager, 1d #leads"}
MANAGER = Request(Actor("UMANAGER", manager=True))


class World:
    def __init__(self, database: Database) -> None:
        self.clock = StillClock(D)
        self.asked: list[str] = []
        self.found = Colleague(Found.THERE, "UANN00001")
        self.ctx: Context = context(database, now=self.clock, whois=self._whois)
        self._seen = 0
        self._presses = 0

    def _whois(self, name: str) -> Colleague:
        self.asked.append(name)
        return self.found

    def at(self, instant: int) -> list[str]:
        """Sweep, and give what is said newly, in posts and replies."""
        self.clock.at = instant
        sweep(self.ctx)
        with self.ctx.database.reading() as tx:
            fresh = outbox.after(tx, self._seen)
            self._seen = max((one.id for one in fresh), default=self._seen)
            return [
                everything(render(tx, one, self.ctx)).split("\n")[0]
                for one in fresh
                if one.call is not Call.UPDATE
            ]

    def press(self, press: Press, choice: str = "") -> None:
        self._presses += 1
        act(self.ctx, actor=Actor("U2"), value=Value(press, 1, choice), key=f"press {self._presses}")

    def messages(self) -> list[Message]:
        with self.ctx.database.reading() as tx:
            return outbox.after(tx, 0)


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    customer(database, 1, known_since=D - 60 * DAY, name="Ann Bell")
    with database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE customer SET owner = 'ann@shop.example'")
    rule(database, "lapsing", "silent(purchase, 60d)", backlog=Backlog.POST, **SAYS)
    assert len(made.at(D)) == 1
    return made


def test_the_owner_then_the_managers_then_another_channel(world: World) -> None:
    told = {
        hour: said for hour in range(1, 28) if (said := world.at(D + hour * HOUR)) and "📣" in "".join(said)
    }
    assert list(told) == [2, 8, 24]
    assert told[2] == ["📣 <@UANN00001>, nobody has claimed Ann Bell for 2 hours. Can you take it?"]
    assert told[8] == ["📣 <@UMANAGER>, nobody has claimed Ann Bell for 8 hours. Who can take it?"]
    assert told[24][0] == "📣 Nobody has claimed Ann Bell for 1 day, so I told #leads as well."
    assert "📣 Brought here because nobody had claimed it in #customer-care for 1 day." in told[24][1]
    assert world.asked == ["ann@shop.example"]
    # What stands in the other channel is kept true.
    elsewhere = next(one for one in world.messages() if one.subject is Subject.ESCALATION)
    assert (elsewhere.call, elsewhere.channel) == (Call.POST, "#leads")
    purchases(world.ctx.database, 1, [D + 28 * HOUR])
    world.at(D + 28 * HOUR)
    edits = [one for one in world.messages() if one.root == elsewhere.id]
    assert [one.call for one in edits] == [Call.UPDATE]
    with world.ctx.database.reading() as tx:
        assert "✅ *Recovered* by itself" in everything(render(tx, edits[0], world.ctx))


def test_reminders_come_at_their_instants_and_edit_nothing(world: World) -> None:
    assert [hour for hour in range(1, 14) if "🔔" in "".join(world.at(D + hour * HOUR))] == [3, 6, 9, 12]
    assert not [one for one in world.messages() if one.call is Call.UPDATE]


def test_whoever_has_it_is_left_alone_and_who_gives_it_back_starts_the_clocks(world: World) -> None:
    world.at(D + HOUR)
    world.press(Press.CLAIM)
    assert [said for hour in range(2, 30) for said in world.at(D + hour * HOUR)] == [
        "👀 U2 claimed Ann Bell."
    ]
    world.clock.at = D + 30 * HOUR
    world.press(Press.UNCLAIM)
    assert [said[:1] for said in world.at(D + 31 * HOUR)] == ["⚪"]
    assert [hour for hour in range(32, 37) if world.at(D + hour * HOUR)] == [32, 33, 36]


def test_a_snooze_stops_the_clocks_and_its_end_starts_them(world: World) -> None:
    world.press(Press.SNOOZE, "week")
    assert len(world.at(D + DAY)) == 1
    assert world.at(D + 6 * DAY) == []
    assert world.at(D + 7 * DAY)[0].startswith("⏰")
    assert [hour for hour in range(1, 4) if world.at(D + 7 * DAY + hour * HOUR)] == [2, 3]


def test_whoever_was_down_for_hours_sends_one_catch_up(world: World) -> None:
    assert world.at(D + 9 * HOUR) == [
        "📣 <@UMANAGER>, nobody has claimed Ann Bell for 8 hours. Who can take it?"
    ]
    assert world.at(D + 9 * HOUR + MINUTE) == []
    assert world.at(D + 12 * HOUR) == ["🔔 Nobody has claimed Ann Bell for 12 hours."]


@pytest.mark.parametrize(
    ("found", "owner", "says"),
    [
        (Found.GONE, "UOLD00001", "and the owner <@UOLD00001> has left the company"),
        (Found.UNKNOWN, "ann@gone.example", "and Slack knows no ann@gone.example, who is the owner"),
        (Found.THERE, "", "and nobody owns this customer"),
    ],
)
def test_an_owner_who_cannot_be_told_is_made_up_for_by_the_managers(
    database: Database, found: Found, owner: str, says: str
) -> None:
    world = World(database)
    world.found = Colleague(found, "UANN00001")
    customer(database, 1, known_since=D - 60 * DAY, name="Ann Bell")
    with database.writing() as tx:
        tx.connection.exec_driver_sql(f"UPDATE customer SET owner = nullif('{owner}', '')")
    rule(database, "lapsing", "silent(purchase, 60d)", **SAYS)
    world.at(D)
    [said] = world.at(D + 2 * HOUR)
    assert says in said
    assert "<@UMANAGER>" in said


def test_while_slack_does_not_say_who_owns_it_the_step_waits_an_hour(world: World) -> None:
    world.found = Colleague(Found.UNANSWERED)
    assert world.at(D + 2 * HOUR) == []
    world.found = Colleague(Found.THERE, "UANN00001")
    assert world.at(D + 2 * HOUR + MINUTE)[0].startswith("📣 <@UANN00001>")


def test_where_slack_never_says_the_address_is_named(world: World) -> None:
    world.found = Colleague(Found.UNANSWERED)
    assert world.at(D + 3 * HOUR - MINUTE) == []
    [said] = world.at(D + 3 * HOUR)
    assert said.startswith("📣 ann@shop.example, nobody has claimed Ann Bell")


def test_many_that_one_message_tells_are_reminded_of_in_one_reply(database: Database) -> None:
    world = World(database)
    for number in range(1, 15):
        customer(database, number, known_since=D - 60 * DAY)
    rule(database, "lapsing", "silent(purchase, 60d)", **SAYS)
    world.at(D)
    assert world.at(D + 2 * HOUR) == [
        "📣 <@UMANAGER>, nobody has claimed 14 customers for 2 hours, whom nobody owns."
    ]
    told = world.at(D + DAY)
    assert [said[:18] for said in told] == ["📣 Nobody has claime", "📣 Brought here bec"] or len(told) == 2
    elsewhere = next(one for one in world.messages() if one.subject is Subject.ESCALATION)
    purchases(database, 14, [D + DAY])
    world.at(D + DAY + HOUR)
    assert [one.call for one in world.messages() if one.root == elsewhere.id] == [Call.UPDATE]


def test_a_quiet_channel_is_reminded_once_its_night_is_over(world: World) -> None:
    """A reminder that is due then is told then; one message makes up for the night."""
    channels.change(world.ctx, MANAGER, "#customer-care", "quiet", "22:00-10:00")
    assert [said for hour in range(1, 10) for said in world.at(D + hour * HOUR)] == []
    assert world.at(D + 10 * HOUR) == [
        "📣 <@UMANAGER>, nobody has claimed Ann Bell for 8 hours. Who can take it?"
    ]


def test_an_edit_of_the_steps_and_a_resuming_start_the_clocks_of_what_is_open(world: World) -> None:
    world.clock.at = D + 30 * MINUTE
    edit(world.ctx, MANAGER, name="lapsing", options=Options(escalate="1h manager", remind="0"))
    assert [hour for hour in range(1, 5) if world.at(D + 30 * MINUTE + hour * HOUR)] == [1]
    pause(world.ctx, MANAGER, "lapsing")
    assert world.at(D + DAY) == []
    world.clock.at = D + 2 * DAY
    resume(world.ctx, MANAGER, "lapsing")
    assert world.at(D + 2 * DAY) == []
    assert len(world.at(D + 2 * DAY + HOUR)) == 1


def test_what_is_only_kept_open_is_not_reminded_of_until_it_comes_back(world: World) -> None:
    edit(world.ctx, MANAGER, name="lapsing", options=Options(keep="2d", remind="0"))
    world.at(D + HOUR)
    purchases(world.ctx.database, 1, [D + HOUR])
    assert [said for hour in range(2, 9) for said in world.at(D + hour * HOUR)] == []
    with world.ctx.database.writing() as tx:
        tx.connection.exec_driver_sql("DELETE FROM event")
        dirty.mark(tx, [(1, 1, None)], now=0)
    assert world.at(D + 9 * HOUR) == [
        "📣 <@UMANAGER>, nobody has claimed Ann Bell for 8 hours. Who can take it?"
    ]


def test_the_clocks_begin_once_slack_has_taken_the_message(world: World) -> None:
    with world.ctx.database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE outbox SET attempts = 3")
    assert [said for hour in range(1, 9) for said in world.at(D + hour * HOUR)] == []
    with world.ctx.database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE outbox SET state = 'sent'")
    assert [hour for hour in range(9, 12) if world.at(D + hour * HOUR)] == [10, 11]


@pytest.mark.parametrize("held", [pace.EVERYWHERE, "C0CARE"])
def test_while_nothing_can_be_sent_there_the_clocks_do_not_run_for_what_was_never_tried(
    world: World, held: str
) -> None:
    """A dead token, or a closed channel: the first message that was tried stands for all that wait."""
    with world.ctx.database.writing() as tx:
        storage_channels.learn(tx, "C0CARE", "customer-care")
        pace.hold(tx, channel=held, until=D + 1, reason="token_revoked")
    assert [said for hour in range(1, 9) for said in world.at(D + hour * HOUR)] == []
    with world.ctx.database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE outbox SET state = 'sent'")
    assert [hour for hour in range(9, 12) if world.at(D + hour * HOUR)] == [10, 11]


def test_while_the_head_of_a_thread_does_not_stand_there_the_clocks_do_not_run(world: World) -> None:
    with world.ctx.database.writing() as tx:
        new = New(call=Call.POST, subject=Subject.THREAD, channel="", payload={"day": "2024-10-04"})
        head = outbox.add(tx, new, now=D)
        tx.connection.exec_driver_sql(f"UPDATE outbox SET attempts = 3 WHERE id = {head}")
        tx.connection.exec_driver_sql(f"UPDATE outbox SET root = {head}, call = 'reply' WHERE id <> {head}")
    assert len(world.at(D)) == 1
    assert [said for hour in range(1, 9) for said in world.at(D + hour * HOUR)] == []


def test_what_nobody_has_been_told_of_nobody_is_reminded_of(world: World) -> None:
    with world.ctx.database.writing() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE alert SET root = NULL, held_by = 'quiet', look_again_at = 9000000000000"
        )
    said = [one for hour in range(1, 30) for one in world.at(D + hour * HOUR)]
    assert not [one for one in said if one[0] in "🔔📣"]


def test_the_steps_are_kept_with_the_alert(world: World) -> None:
    world.at(D + 2 * HOUR)
    with world.ctx.database.reading() as tx:
        [alert] = alerts.unresolved(tx)
        step = alerts.transitions(tx, alert)[-1]
    assert step.verb is Verb.ESCALATE
    assert dict(step.detail) == {
        "after": 2 * HOUR,
        "target": "owner",
        "to": ["UANN00001"],
        "lacks": None,
        "owner": "ann@shop.example",
        "channel": "",
    }
    assert (alert.nag_from, alert.escalated, alert.next_nag_at) == (D, 1, D + 3 * HOUR)
