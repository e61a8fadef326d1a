"""Messages to managers about the bot itself: what stands in the way of its work, and what to do about it."""

from collections.abc import Mapping

from templates import blocks
from templates.blocks import Rendered
from templates.voice import Voice
from templates.words import Mrkdwn, cut, name_of

_CHANNEL = "channel"
_INSTANT = "last_at"
_LENGTH = "patience"


def notice(code: str, params: Mapping[str, object], voice: Voice) -> Rendered:
    """Say the notice ``code`` of ``text/notices.j2``; a ``channel`` among ``params`` is named as Slack names it.

    An instant ``last_at`` and a length of time ``patience`` are said as people read them.
    """
    said = {name: cut(value, 200) if isinstance(value, str) else value for name, value in params.items()}
    if isinstance(said.get(_CHANNEL), str):
        said[_CHANNEL] = channel_name(str(said[_CHANNEL]), voice)
    for name, say in ((_INSTANT, voice.figures.slack_time), (_LENGTH, voice.length)):
        if isinstance(value := said.get(name), int):
            said[name] = say(value)
    text = voice.say("notices", code, **said)
    return blocks.rendered(text, [blocks.section(text)])


def channel_name(channel: str, voice: Voice) -> Mrkdwn:
    """Name a channel: by a link where it is an id, as it was written elsewhere."""
    if channel[:1] in ("C", "G") and channel.isalnum() and channel.isupper():
        return Mrkdwn(f"<#{channel}>")
    return voice.say("notices", "channel", name=name_of(channel))
