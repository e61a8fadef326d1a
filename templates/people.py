"""How customers and colleagues are named."""

import re
from typing import Final

from templates import limits
from templates.views import Person
from templates.voice import Voice
from templates.words import Mrkdwn, escape, name_of

_SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{4,20}\Z")
_SLACK_GROUP: Final = re.compile(r"S[A-Z0-9]{4,20}\Z")


def customer_name(person: Person, voice: Voice, length: int = limits.NAME) -> Mrkdwn:
    """Name a customer within mrkdwn."""
    return escape(customer_name_plain(person, voice, length))


def customer_name_plain(person: Person, voice: Voice, length: int = limits.NAME) -> str:
    """Name a customer where nothing is interpreted; by the id where no name is known."""
    name = name_of(person.name or "", length)
    return name or voice.plain("common", "nameless", id=name_of(person.external_id, length))


def mention(person: str | None) -> Mrkdwn:
    """Name a colleague by Slack id, so that Slack shows the name; an e-mail address as it is."""
    if person and _SLACK_USER.match(person):
        return Mrkdwn(f"<@{person}>")
    if person and _SLACK_GROUP.match(person):
        return Mrkdwn(f"<!subteam^{person}>")
    return escape(name_of(person or "?", limits.NAME))
