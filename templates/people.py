"""How customers and colleagues are named."""

from templates import limits
from templates.views import Person
from templates.voice import Voice
from templates.words import Mrkdwn, escape, mention, name_of

__all__ = ["customer_name", "customer_name_plain", "mention"]


def customer_name(person: Person, voice: Voice, length: int = limits.NAME) -> Mrkdwn:
    """Name a customer within mrkdwn."""
    return escape(customer_name_plain(person, voice, length))


def customer_name_plain(person: Person, voice: Voice, length: int = limits.NAME) -> str:
    """Name a customer where nothing is interpreted; by the id where no name is known."""
    name = name_of(person.name or "", length)
    return name or voice.plain("common", "nameless", id=name_of(person.external_id, length))
