"""``/alerts settings``: read what was typed, ask or change, lay the answer out."""

import re
from typing import ClassVar, Final

from handlers import channels
from handlers.rulebook import Request
from handlers.slack.asked import Asked
from handlers.slack.typed import UsageError, first_word
from rules.alerts.channel_typed import SETTINGS
from templates.blocks import Rendered
from templates.channel_pages import channel_changed, channel_page

_LINK: Final = re.compile(r"<#([CG][A-Z0-9]+)(?:\|([^<>]*))?>\s*")
_NAMED: Final = re.compile("#([^\\s#<>&,\x00\ud800-\udfff]{1,80})(?:\\s+|\\Z)")


class NoChannelHereError(UsageError):
    """Settings were asked for where there is no channel, and none was named."""

    code: ClassVar[str] = "no_channel_here"


def channel_settings(asked: Asked, text: str) -> Rendered | None:
    """Show the settings of the channel that ``text`` names, or of this one; or change one of them."""
    channel, said = _channel(asked, text)
    setting, value = first_word(said)
    # Some write budget=20 or budget: 20.
    name, mark, more = setting.partition("=") if "=" in setting else setting.partition(":")
    if mark and name.casefold() in SETTINGS:
        setting, value = name, f"{more} {value}".strip()
    if not setting:
        return channel_page(channels.show(asked.ctx, channel), asked.voice())
    request = Request(asked.actor(), asked.key)
    changed = channels.change(asked.ctx, request, channel, setting, value)
    return channel_changed(changed, asked.voice()) if changed is not None else None


def _channel(asked: Asked, text: str) -> tuple[str, str]:
    """Split off the channel that a text begins with; this one where it names none."""
    link, named = _LINK.match(text), _NAMED.match(text)
    if link:
        if link[2]:
            channels.learn(asked.ctx, link[1], link[2])
        return link[1], text[link.end() :]
    if named:
        return f"#{named[1]}", text[named.end() :]
    if not asked.channel.startswith(("C", "G")):
        raise NoChannelHereError
    return asked.channel, text
