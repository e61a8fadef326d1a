"""What a channel says of itself, laid out."""

from dataclasses import replace

from hypothesis import given, settings

from playground.limits import message_content
from rules.alerts.channel import ChannelSettings, DigestTime, Often, QuietHours
from templates.channel_pages import channel_changed, channel_name, channel_page
from templates.views import ChannelChange, ChannelView
from tests.templates.given import NOW, VOICE, channel_views

VIEW = ChannelView(
    channel="C0CARE",
    settings=ChannelSettings(
        budget=20,
        zone="Europe/Berlin",
        quiet=QuietHours(1200, 480),
        weekend=(5, 6),
        holidays="DE-BY",
        digest=DigestTime(Often.WEEKLY, 540, 0),
    ),
    zone="Europe/Berlin",
    language="en",
    told_today=12,
    author="U08TOMBECKR",
    at=NOW,
)


def test_every_setting_stands_there_as_it_is_written() -> None:
    message = channel_page(VIEW, VOICE)
    told = [field["text"] for field in message.blocks[1]["fields"]]
    assert [one.split("\n")[0] for one in told] == [
        "*budget*  `20`",
        "*group*  `10`",
        "*digest*  `weekly mon 09:00`",
        "*quiet*  `20:00-08:00`",
        "*weekend*  `sat,sun`",
        "*holidays*  `DE-BY`",
        "*zone*  `Europe/Berlin`",
        "*language*  `usual`",
    ]
    assert "public holidays of Germany, BY" in told[5]
    assert "Told today: 12 alerts of 20  ·  changed last by <@U08TOMBECKR>, Nov 22, 2026" in str(
        message.blocks
    )


def test_what_is_off_says_what_that_means() -> None:
    nothing = ChannelSettings(budget=None, digest=DigestTime(Often.OFF))
    told = str(channel_page(replace(VIEW, settings=nothing, author=""), VOICE).blocks)
    for piece in (
        "as many alerts as come",
        "asked again the next day",
        "No quiet hours",
        "Told today: 12 alerts  ·",
    ):
        assert piece in told, piece
    assert "nobody has changed it" in told


def test_a_name_that_is_no_id_is_no_link() -> None:
    assert channel_name("C0CARE") == "<#C0CARE>"
    assert channel_name("care") == "#care"
    assert "<!channel>" not in channel_name("<!channel>")


@settings(max_examples=25, deadline=None)
@given(channel_views)
def test_slack_takes_whatever_is_said(view: ChannelView) -> None:
    for message in (
        channel_page(view, VOICE),
        channel_changed(ChannelChange("budget", "- budget: 30\n+ budget: 20", view), VOICE),
    ):
        message_content({"text": message.text, "blocks": message.blocks})
