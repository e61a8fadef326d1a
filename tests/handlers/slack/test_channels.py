"""``/alerts settings``: what a channel says of itself, shown to everybody and changed by managers."""

import pytest

from handlers import channels, shown
from handlers.sweep import sweep
from rules.alerts.channel import USUAL, ChannelSettings, QuietHours
from rules.instants import DAY
from storage import untold as queue
from storage.channels import get, places
from templates.codec import Press
from tests.handlers.slack.world import MANAGER, NOW, TOM, World, everything, world
from tests.histories import customer, purchases

__all__ = ["world"]


def settings_of(world: World, channel: str) -> ChannelSettings:
    with world.ctx.database.reading() as tx:
        return get(tx, places(tx, [channel])[channel]).settings


def said(
    world: World, line: str, *, user: str = MANAGER, channel: tuple[str, str] = ("C0CARE", "customer-care")
) -> str:
    answer = world.command(f"/alerts settings {line}".strip(), user=user, channel=channel)
    assert answer is not None
    return everything(answer)


def test_everybody_sees_what_a_channel_says_and_what_each_means(world: World) -> None:
    told = said(world, "", user=TOM)
    assert "*How alerts are told in <#C0CARE>*" in told
    for piece in (
        "*budget*  `30`\nAlerts that it reads in a day",
        "*group*  `10`",
        "*digest*  `daily 09:00`",
        "*quiet*  `off`\nNo quiet hours.",
        "*zone*  `usual`\nIts days and hours are by the business’s zone, UTC.",
        "*language*  `usual`",
        # Ann's alert was told before Slack had said which id the channel has.
        "Told today: 1 alert of 30",
        "nobody has changed it",
        "`/alerts settings budget 20`",
    ):
        assert piece in told, piece


def test_a_manager_changes_one_and_it_is_audited(world: World) -> None:
    told = said(world, "budget 20")
    assert "✅ The setting budget of <#C0CARE> is changed." in told
    assert "- budget: 30\n+ budget: 20" in told
    assert f"changed last by <@{MANAGER}>, Oct 4, 2024" in said(world, "", user=TOM)
    assert settings_of(world, "#customer-care").budget == 20
    [entry] = world.audited("channel:C0CARE")
    assert (entry.at, entry.actor, entry.action) == (NOW, MANAGER, "channel.set")
    assert entry.diff == "- budget: 30\n+ budget: 20"


def test_who_is_no_manager_changes_nothing_and_that_is_audited(world: World) -> None:
    told = said(world, "budget 20", user=TOM)
    assert "Only managers change what a channel says of itself, so nothing was changed." in told
    assert settings_of(world, "C0CARE") == USUAL
    [entry] = world.audited("channel:C0CARE")
    assert (entry.actor, entry.action) == (TOM, "refused:channel.set")


@pytest.mark.parametrize("line", ["#sales", "<#C0SALES|sales>", "&lt;#C0SALES|sales&gt;", "<#C0SALES>"])
def test_another_channel_is_named_by_a_link_or_by_its_name(world: World, line: str) -> None:
    said(world, f"{line} quiet 20:00–08:00")
    said(world, f"{line} budget=5")
    # Somebody writes there at last.
    world.command("/alerts", channel=("C0SALES", "sales"))
    for channel in ("C0SALES", "#sales", "sales"):
        found = settings_of(world, channel)
        assert (found.quiet, found.budget) == (QuietHours(1200, 480), 5)
    assert settings_of(world, "C0CARE") == USUAL


def test_a_command_that_comes_twice_changes_once(world: World) -> None:
    line = "/alerts settings group 8"
    assert world.command(line, user=MANAGER, trigger="T1") is not None
    assert world.command(line, user=MANAGER, trigger="T1") is None
    assert len(world.audited("channel:C0CARE")) == 1


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("budget 0", "A budget of 0 would tell this channel nothing, for ever."),
        ("budget", "The setting budget needs a value. Write it like one of these: 20, off."),
        ("budget lots", "The setting budget cannot be “lots”."),
        ("budget 30", "The setting budget is 30 already, so nothing was changed."),
        ("bugdet 20", "A channel has no setting “bugdet”. Did you mean budget?"),
        ("colour red", "These can be set: budget, group, digest, quiet, weekend, holidays, zone, language."),
        ("quiet 00:00-24:00", "leave no hour of the day to tell anything. Leave at least one"),
        ("weekend mon,tue,wed,thu,fri,sat,sun", "A weekend of seven days leaves no day"),
        ("zone Berlin", "“Berlin” is no time zone."),
        ("zone Berlin", "Did you mean one of these: Europe/Berlin"),
        ("holidays Germny", "DE (Germany)"),
        ("holidays DE-XX", "DE has no part “XX” with holidays of its own. Write DE alone"),
        ("language xx", "I do not speak “xx” yet. These languages are there: en."),
        ("digest hourly", "Write it like one of these: daily 09:00, weekly mon 09:00, off."),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do_instead(world: World, line: str, answer: str) -> None:
    assert answer in said(world, line)
    assert settings_of(world, "C0CARE") == USUAL
    assert world.audited("channel:C0CARE") == []


def test_outside_a_channel_one_must_be_named(world: World) -> None:
    told = said(world, "", channel=("D0TOM", "directmessage"))
    assert "There is no channel here whose settings I could show." in told
    assert "How alerts are told in #sales" in said(world, "#sales", channel=("D0TOM", "directmessage"))


def test_help_tells_of_it(world: World) -> None:
    told = world.said("/alerts help")
    assert "`/alerts settings budget 20`" in told


def test_messages_of_a_channel_are_by_its_own_clock(world: World) -> None:
    said(world, "zone Asia/Tokyo")
    said(world, "language en")
    with world.ctx.database.reading() as tx:
        voice = shown.voice_in(tx, world.ctx, "#customer-care")
        usual = shown.voice_in(tx, world.ctx, "#sales")
        default = shown.voice_in(tx, world.ctx, "")
    assert voice.figures.time(NOW) == "Oct 4, 2024, 9:00\u202fAM"
    assert usual.figures.time(NOW) == "Oct 4, 2024, 12:00\u202fAM"
    assert default.figures.calendar == voice.figures.calendar


def test_a_change_is_heeded_at_the_next_tick(world: World) -> None:
    """What quiet hours held back till morning is told as soon as there are none."""
    said(world, "quiet 00:00-08:00")
    customer(world.ctx.database, 7, known_since=NOW - 400 * DAY)
    purchases(world.ctx.database, 7, [NOW - 31 * DAY])
    world.clock.at = NOW + 1_000
    sweep(world.ctx)
    with world.ctx.database.reading() as tx:
        [waiting] = queue.held(tx)
    assert waiting.customer_id == 7
    said(world, "quiet off")
    world.clock.at = NOW + 2_000
    sweep(world.ctx)
    with world.ctx.database.reading() as tx:
        assert queue.held(tx) == []


def test_a_digest_is_turned_page_by_page(world: World) -> None:
    said(world, "budget 1")
    for number in range(10, 30):
        customer(world.ctx.database, number, known_since=NOW - 400 * DAY)
        purchases(world.ctx.database, number, [NOW - 31 * DAY], cents=number)
    world.clock.at = NOW + 1_000
    sweep(world.ctx)
    world.clock.at = NOW + DAY
    sweep(world.ctx)
    digest = world.messages()[-1]
    first = world.press(Press.DIGEST, digest.id, "0")
    assert first is not None
    assert "1–15 of 20 customers" in everything(first[0])
    second = world.press(Press.DIGEST, digest.id, "1", ephemeral=True)
    assert second is not None
    assert second[1]
    assert "16–20 of 20 customers" in everything(second[0])


def test_nothing_is_learned_of_what_is_no_channel(world: World) -> None:
    channels.learn(world.ctx, "D0TOM", "")
    channels.learn(world.ctx, "general", "general")
    channels.learn(world.ctx, "C0CARE", "U08TOMBECKR")
    with world.ctx.database.reading() as tx:
        assert places(tx, ["general", "#u08tombeckr"]) == {
            "general": "general",
            "#u08tombeckr": "u08tombeckr",
        }
