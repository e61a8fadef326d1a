"""An alert that nobody claimed, told again in another channel: why it is brought here, and the alert as it stands.

It must not know where any of it came from.
"""

from templates import blocks
from templates.blocks import Rendered
from templates.notices import channel_name
from templates.voice import Voice
from templates.words import Mrkdwn


def escalation_message(told: Rendered, *, after: int, channel: str, voice: Voice) -> Rendered:
    """Lay out an alert, as ``told`` where it was told first, with why it is told again: unclaimed for ``after``."""
    why = voice.say("alert", "escalated", length=voice.length(after), channel=channel_name(channel, voice))
    return Rendered(Mrkdwn(f"{why} {told.text}"), [blocks.section(why).to_dict(), *told.blocks])
