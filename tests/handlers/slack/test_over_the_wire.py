"""Commands, buttons and their answers through Bolt, Socket Mode, the outbox and back, as Slack would carry them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from handlers import rulebook
from handlers.deliver import Deliverer
from handlers.managers import tell_everyone
from handlers.rulebook import Request
from handlers.slack.connection import Connection
from handlers.slack.directory import Directory
from handlers.slack.listeners import register
from handlers.slack.sender import Sender
from handlers.tell import render
from playground.interactions import Act, NotPossibleError
from playground.people import AIKO, CUSTOMER_CARE, GENERAL, MANAGERS_GROUP, MAYA, SALES, TOM
from playground.server import Playground
from playground.workspace import Message
from rules.access import Actor
from rules.alerts.typed import Options
from rules.instants import DAY
from storage import outbox
from storage.outbox import Call, New, Subject
from tests.conftest import DatabaseUrls
from tests.contexts import StillClock
from tests.handlers.slack.world import NOW, World, make, name


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)


class Office:
    """The bot, connected to a workspace, over the company of the other tests."""

    def __init__(self, world: World, slack: Playground) -> None:
        self.slack = slack
        self.world = world
        self.ctx = replace(
            world.ctx,
            elapsed=StillClock(time.time_ns() // 1_000_000),
            default_channel=CUSTOMER_CARE,
            managers=frozenset({MANAGERS_GROUP}),
        )
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=5, retry_handlers=[])
        app = App(client=client, request_verification_enabled=False, token_verification_enabled=False)
        self.listeners = register(app, self.ctx, Directory(client))
        self.deliverer = Deliverer(self.ctx, Sender(client), render, owner="test")
        self.handler = SocketModeHandler(
            app, slack.app_token, web_client=WebClient(base_url=slack.api_url, timeout=5)
        )
        self.handler.connect()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        Connection(self.handler.client).stop()
        self.listeners.stop()
        self.deliverer.close()

    def deliver(self) -> None:
        for _ in range(6):
            self.ctx.elapsed.at += 2_000  # type: ignore[attr-defined]
            self.deliverer.tick()

    def roots(self) -> list[Message]:
        return [one for one in self.slack.workspace.messages(CUSTOMER_CARE) if one.thread_ts is None]

    def replies(self, root: Message) -> list[str]:
        return [one.text for one in self.slack.workspace.replies(CUSTOMER_CARE, root.ts)]

    def answered(self, user: str, line: str) -> Message:
        """Type a command and give the ephemeral answer."""
        before = len(self.slack.workspace.ephemerals(user))
        command, _, rest = line.partition(" ")
        assert self.slack.command(user, CUSTOMER_CARE, command, rest).ok
        until(lambda: len(self.slack.workspace.ephemerals(user)) > before)
        return self.slack.workspace.ephemerals(user)[-1]

    def saved(self, user: str, line: str) -> Message:
        """Write a rule, press Save under its preview, and give what stands in the preview's place then."""
        draft = self.answered(user, line)
        assert "not saved yet" in draft.text
        self.choose(user, draft, "Save")
        until(lambda: "not saved yet" not in self.slack.workspace.ephemerals(user)[-1].text)
        return self.slack.workspace.ephemerals(user)[-1]

    def choose(self, user: str, message: Message, label: str) -> None:
        """Press the button, or choose the option, that reads ``label``."""
        for block in message.blocks:
            elements = [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
            for element in elements:
                for option in element.get("options", []):
                    if option["text"]["text"] == label:
                        self._click(user, message, element["action_id"], option["value"])
                        return
                if element.get("type") == "button" and element["text"]["text"] == label:
                    self._click(user, message, element["action_id"], None)
                    return
        raise AssertionError(f"nothing reads {label}")

    def _click(self, user: str, message: Message, action_id: str, option: str | None) -> None:
        assert self.slack.click(user, CUSTOMER_CARE, message.ts, action_id, option=option).ok


@pytest.fixture
def office(new_database_url: DatabaseUrls) -> Iterator[Office]:
    with Playground(post_interval_s=0) as slack:
        made = make(new_database_url("sqlite"))
        office = Office(made, slack)
        yield office
        office.close()
        made.ctx.database.close()


def test_an_alert_is_claimed_snoozed_and_resolved_where_everybody_sees_it(office: Office) -> None:
    office.deliver()
    [root] = office.roots()
    assert "Lapsing: Ann Bell (Last purchase: 34 days ago)" in root.text
    office.choose(TOM, root, "Claim")
    until(lambda: office.world.alert().claimed_by == TOM)
    office.deliver()
    [root] = office.roots()
    assert f"*Claimed* by <@{TOM}>" in root.text
    office.choose(AIKO, root, "Until tomorrow, 9:00")
    until(lambda: office.world.alert().snoozed_by == AIKO)
    office.deliver()
    [root] = office.roots()
    office.choose(TOM, root, "Recovered")
    until(lambda: not office.world.alert().unresolved)
    office.deliver()
    [root] = office.roots()
    assert f"*Recovered*, says <@{TOM}>" in root.text
    rows = [block["elements"] for block in root.blocks if block["type"] == "actions"]
    assert [[element["value"] for element in row] for row in rows] == [
        ["1:customer:1"],
        ["1:vote:1:up", "1:vote:1:down"],
    ]
    assert [reply.split()[0] for reply in office.replies(root)] == ["👀", "💤", "✅"]


def test_what_is_delivered_three_times_acts_once_and_is_answered_once(office: Office) -> None:
    office.slack.socket.copies = 3
    office.deliver()
    [root] = office.roots()
    office.choose(TOM, root, "Claim")
    until(lambda: office.world.alert().claimed_by == TOM)
    assert "is added" in office.saved(MAYA, "/rules add quiet silent(purchase, 45d)").text
    office.answered(TOM, "/customer help")
    office.listeners.stop()
    office.deliver()
    assert len(office.replies(root)) == 1
    assert len(office.world.audited("rule:quiet")) == 1
    assert len(office.slack.workspace.ephemerals(TOM)) == 1
    assert len(office.slack.workspace.ephemerals(MAYA)) == 1


def test_a_manager_is_whoever_is_in_the_group_and_an_owner_is_known_by_address(office: Office) -> None:
    refused = office.answered(TOM, "/rules add quiet silent(purchase, 45d)")
    assert "Only managers change rules" in refused.text
    assert f"<!subteam^{MANAGERS_GROUP}>" in refused.text
    assert "is added" in office.saved(MAYA, "/rules add quiet silent(purchase, 45d)").text
    name(office.ctx.database, 1, owner="Aiko.Tanaka@northwind.example")
    assert "*1 open alert of yours*" in office.answered(AIKO, "/alerts mine").text
    assert "You have no open alert" in office.answered(TOM, "/alerts mine").text


def test_a_choice_among_customers_opens_the_card_in_its_place(office: Office) -> None:
    choice = office.answered(TOM, "/customer bell")
    assert "2 customers could be meant" in choice.text
    before = len(office.slack.workspace.ephemerals(TOM))
    office.choose(TOM, choice, "Open")
    until(lambda: len(office.slack.workspace.ephemerals(TOM)) > before)
    assert office.slack.workspace.ephemerals(TOM)[-1].text.startswith("Ann Bell: last purchase")


def test_the_backlog_of_a_rule_is_one_digest_that_can_be_worked_through(office: Office) -> None:
    from handlers.sweep import sweep  # noqa: PLC0415  not needed by the others

    office.saved(MAYA, "/rules add seen days_since(purchase) >= 1")
    office.world.clock.at = NOW + DAY
    sweep(office.ctx)
    office.deliver()
    digest = next(root for root in office.roots() if "already match" in root.text)
    assert digest.text == "2 customers already match *Seen*; 2 still open."
    before = len(office.slack.workspace.ephemerals(TOM))
    office.choose(TOM, digest, "Show all")
    until(lambda: len(office.slack.workspace.ephemerals(TOM)) > before)
    page = office.slack.workspace.ephemerals(TOM)[-1]
    office.choose(TOM, page, "Open")
    until(lambda: len(office.slack.workspace.ephemerals(TOM)) > before + 1)
    card = office.slack.workspace.ephemerals(TOM)[-1]
    office.choose(TOM, card, "Claim")
    until(lambda: "*Claimed* by" in office.slack.workspace.ephemerals(TOM)[-1].text)
    office.deliver()
    digest = next(root for root in office.roots() if "already match" in root.text)
    assert "👀 1 claimed" in str(digest.blocks)
    assert len(office.replies(digest)) == 1


def test_who_wrote_a_rule_is_told_of_its_dead_channel_and_chooses_another(office: Office) -> None:
    boss = Request(Actor(MAYA, manager=True))
    rulebook.edit(office.ctx, boss, name="lapsing", options=Options(channel=SALES))
    office.slack.workspace.change_channel(SALES, archived=True)
    new = New(call=Call.POST, subject=Subject.ALERT, channel=SALES, rule_id=1, alert_id=1)
    with office.ctx.database.writing() as tx:
        outbox.add(tx, new, now=office.ctx.elapsed())
    office.deliverer.tick()
    direct = office.slack.workspace.direct_message(MAYA)
    assert direct is not None
    [told] = office.slack.workspace.messages(direct.id)
    assert "Messages of the rule *lapsing* do not reach <#C08SALESTEA>" in told.text
    [menu] = told.blocks[-1]["elements"]
    assert menu["type"] == "conversations_select"
    refused = office.slack.interactions.act
    with pytest.raises(NotPossibleError, match="no such channel"):
        refused(Act(MAYA, direct.id, told.ts, menu["action_id"], option=SALES))
    assert office.slack.click(MAYA, direct.id, told.ts, menu["action_id"], option=GENERAL).ok
    until(lambda: rulebook.show(office.ctx, "lapsing").body.channel == GENERAL)
    card = rulebook.show(office.ctx, "lapsing")
    assert (card.version, card.author, card.degraded) == (3, MAYA, None)
    assert office.world.audited("rule:lapsing")[0].diff == f"- channel: {SALES}\n+ channel: {GENERAL}"
    until(lambda: "elements" not in office.slack.workspace.messages(direct.id)[0].blocks[-1])


def test_who_may_not_change_rules_moves_none(office: Office) -> None:
    """A menu that reached the default channel, for want of a person to send it to."""
    with office.ctx.database.writing() as tx:
        params = {"rule": "lapsing", "channel": SALES, "error": "is_archived"}
        tell_everyone(tx, office.ctx, [TOM], "delivery_trouble", params, about=1, choose=1)
    office.deliver()
    direct = office.slack.workspace.direct_message(TOM)
    assert direct is not None
    [told] = office.slack.workspace.messages(direct.id)
    before = len(office.slack.workspace.ephemerals(TOM))
    assert office.slack.click(TOM, direct.id, told.ts, "warmline.reroute", option=GENERAL).ok
    until(lambda: len(office.slack.workspace.ephemerals(TOM)) > before)
    assert rulebook.show(office.ctx, "lapsing").body.channel == ""
    assert office.slack.workspace.messages(direct.id)[0].blocks[-1]["elements"], "the menu stays"


def test_a_forged_choice_of_a_channel_does_nothing(office: Office) -> None:
    for block_id, chosen in (
        ("1:reroute:1", "U08MAYAORTZ"),
        ("1:reroute:1", "C0:1"),
        ("1:claim:1", "C08GENERALX"),
        ("", GENERAL),
        (None, GENERAL),
        ("1:reroute:999", GENERAL),
    ):
        action = {"type": "conversations_select", "block_id": block_id, "selected_conversation": chosen}
        body = {"user": {"id": MAYA}, "actions": [action], "trigger_id": f"{block_id}{chosen}"}
        office.listeners.answer_action(body)
    assert rulebook.show(office.ctx, "lapsing").version == 1
