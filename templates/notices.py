"""Messages to managers about the bot itself: what stands in the way of its work, and what to do about it."""

from collections.abc import Mapping

from slack_sdk.models.blocks import Block

from rules.alerts.retry import trouble_of
from templates import blocks
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.limits import MOST_BLOCKS
from templates.voice import Voice
from templates.words import Mrkdwn, cut, name_of

_CHANNEL = "channel"
_ERROR = "error"
_INSTANT = "last_at"
_LENGTH = "patience"


def notice(code: str, params: Mapping[str, object], voice: Voice, *, choose: int | None = None) -> Rendered:
    """Say the notice ``code`` of ``text/notices.j2``; a ``channel`` among ``params`` is named as Slack names it.

    An instant ``last_at`` and a length of time ``patience`` are said as people read them. ``choose``: the number of a
    rule that another channel can be chosen for, in a menu.
    """
    said = {name: cut(value, 200) if isinstance(value, str) else value for name, value in params.items()}
    if isinstance(said.get(_CHANNEL), str):
        said[_CHANNEL] = channel_name(str(said[_CHANNEL]), voice)
    if isinstance(params.get(_ERROR), str):
        said["trouble"] = str(trouble_of(str(params[_ERROR])))
    for name, say in ((_INSTANT, voice.figures.slack_time), (_LENGTH, voice.length)):
        if isinstance(value := said.get(name), int):
            said[name] = say(value)
    text = voice.say("notices", code, **said)
    layout: list[Block] = [blocks.section(text)]
    if choose is not None:
        label = voice.plain("notices", "choose_channel")
        menu = blocks.channel_menu(label, action=action_id(Press.REROUTE))
        # Such a menu has no value of its own: which rule it is about stands with the block.
        layout.append(blocks.actions([menu], block_id=encode(Press.REROUTE, choose)))
    return blocks.rendered(text, layout)


def replacing(message: Rendered, voice: Voice) -> Rendered:
    """Give ``message`` with a line saying that it takes the place of one that somebody deleted."""
    if not 0 < len(message.blocks) < MOST_BLOCKS:
        return message
    line = blocks.context(voice.say("notices", "replaces_deleted")).to_dict()
    elsewhere = [*message.elsewhere, line] if message.elsewhere else []
    return Rendered(message.text, [*message.blocks, line], elsewhere)


def channel_name(channel: str, voice: Voice) -> Mrkdwn:
    """Name a channel: by a link where it is an id, as it was written elsewhere."""
    if channel[:1] in ("U", "W") and channel.isalnum() and channel.isupper():
        return Mrkdwn(f"<@{channel}>")
    if channel[:1] in ("C", "G") and channel.isalnum() and channel.isupper():
        return Mrkdwn(f"<#{channel}>")
    return voice.say("notices", "channel", name=name_of(channel))
