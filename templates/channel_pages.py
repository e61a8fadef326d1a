"""What a channel says of itself, in messages: all its settings as a table with what each means, and one that was changed.

It must not know where any of it came from.
"""

import re

from slack_sdk.models.blocks import Block

from rules.alerts.channel_typed import OFF, SETTINGS, USUAL_WORD, setting_text
from rules.alerts.holidays import name_of_place
from templates import blocks
from templates.blocks import Rendered
from templates.digest import counted
from templates.people import mention
from templates.views import ChannelChange, ChannelView
from templates.voice import Voice
from templates.words import Mrkdwn, escape, name_of

_ID = re.compile(r"[CG][A-Z0-9]+\Z")


def channel_page(view: ChannelView, voice: Voice) -> Rendered:
    """Show a channel's settings, two in a row, and what it was told today."""
    text = voice.say("channels", "title", channel=channel_name(view.channel))
    return blocks.rendered(text, [blocks.section(text), *_table(view, voice)])


def channel_changed(change: ChannelChange, voice: Voice) -> Rendered:
    """Say what was changed, and show the settings as they are now."""
    channel = channel_name(change.channel.channel)
    text = voice.say("channels", "changed_sentence", setting=change.setting, channel=channel)
    changed = voice.say("channels", "changed", channel=channel, diff=change.diff)
    return blocks.rendered(text, [blocks.section(changed), *_table(change.channel, voice)])


def channel_name(channel: str) -> Mrkdwn:
    """Name a channel so that Slack shows it; by its name where its id is not known."""
    return Mrkdwn(f"<#{channel}>") if _ID.match(channel) else escape(f"#{name_of(channel.removeprefix('#'))}")


def _table(view: ChannelView, voice: Voice) -> list[Block]:
    budget = view.settings.budget
    today = voice.say(
        "channels", "today", told=counted(view.told_today, voice), budget=str(budget) if budget else ""
    )
    last = (
        voice.say("channels", "changed_last", who=mention(view.author), when=voice.figures.day(view.at))
        if view.author
        else voice.say("channels", "never_changed")
    )
    return [
        blocks.fields([_setting(view, name, voice) for name in SETTINGS]),
        blocks.context(voice.say("alert", "small_line", parts=[today, last])),
        blocks.context(voice.say("channels", "how")),
    ]


def _setting(view: ChannelView, name: str, voice: Voice) -> Mrkdwn:
    value = setting_text(view.settings, name)
    about: dict[str, object] = {"on": value not in (OFF, USUAL_WORD)}
    match name:
        case "holidays":
            about["place"] = name_of_place(view.settings.holidays)
        case "zone":
            about["zone"] = view.zone
        case "language":
            about["language"] = view.language
    means = voice.say("channels", f"means_{name}", **about)
    return voice.say("channels", "setting", name=name, value=value, means=means)
