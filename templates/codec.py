"""What a button carries: a version, a verb and its arguments, such as ``1:snooze:812:morning``.

Read back it is checked to the letter; whatever does not fit is forged, or of another version, and does nothing.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from rules.alerts.person import BY_PERSON, Snooze
from rules.errors import WarmlineError

ACTION_PREFIX: Final = "warmline."
USEFUL: Final = "up"
USELESS: Final = "down"
_VERSION: Final = "1"
_LONGEST: Final = 150
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}\Z")


class StaleButtonError(WarmlineError):
    """A button whose value this version does not know: forged, or from a message of another version."""

    code: ClassVar[str] = "stale_button"


class Press(StrEnum):
    """What pressing asks for. The ``action_id`` is this with ``warmline.`` before it."""

    CLAIM = "claim"
    UNCLAIM = "unclaim"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    ALERT = "alert"
    """Show one alert."""
    CUSTOMER = "customer"
    """Show the customer of an alert."""
    CARD = "card"
    """Show a customer chosen among several."""
    TIMELINE = "timeline"
    DIGEST = "digest"
    """Show a page of a digest's customers."""
    OPEN = "open"
    """Show a page of all open alerts; its subject is the number of the page, from 1."""
    MINE = "mine"
    NEEDY = "needy"
    """Show a page of the customers who need attention; its subject is the number of the page, from 1."""
    MY_NEEDY = "my_needy"
    SAVE = "save"
    """Save a draft of a rule."""
    CANCEL = "cancel"
    """Throw a draft of a rule away."""
    ADOPT = "adopt"
    """Save a draft of the life cycle."""
    DISCARD = "discard"
    """Throw a draft of the life cycle away."""
    VOTE = "vote"
    """Say whether an alert was useful."""
    CLEAR = "clear"
    """End the alerts of a rule that opened before an instant; its subject is the rule."""
    REROUTE = "reroute"
    """Let a rule tell in another channel; its choice is the channel's id."""


@dataclass(frozen=True, slots=True)
class Value:
    """A button's value: the press, the alert, customer or digest it is about, and a choice or a page."""

    press: Press
    subject: int
    choice: str = ""


_CHOICES: Final[dict[Press, re.Pattern[str]]] = {
    Press.SNOOZE: re.compile(f"(?:{'|'.join(Snooze)})\\Z"),
    Press.RESOLVE: re.compile(f"(?:{'|'.join(BY_PERSON)})\\Z"),
    Press.VOTE: re.compile(f"(?:{USEFUL}|{USELESS})\\Z"),
    Press.CLEAR: re.compile(r"[1-9][0-9]{0,14}\Z"),
    Press.DIGEST: re.compile(r"[0-9]{1,6}\Z"),
    Press.TIMELINE: re.compile(r"[0-9]{1,6}\Z"),
    Press.REROUTE: re.compile(r"[CG][A-Z0-9]{6,40}\Z"),
}


def action_id(press: Press) -> str:
    """Give the id under which Slack reports the press of a button."""
    return f"{ACTION_PREFIX}{press}"


def encode(press: Press, subject: int, choice: str = "") -> str:
    """Write a button's value."""
    return ":".join([_VERSION, press, str(subject), *([choice] if choice else [])])


def chosen(block_id: object, choice: object) -> str | None:
    """Give the value of a menu that has none of its own: what ``block_id`` was made of, with what was chosen."""
    return f"{block_id}:{choice}" if isinstance(block_id, str) and isinstance(choice, str) else None


def decode(text: object) -> Value:
    """Read a button's value. Raises `StaleButtonError` for anything that `encode` does not write."""
    parts = text.split(":") if isinstance(text, str) and len(text) <= _LONGEST else []
    if len(parts) not in (3, 4) or parts[0] != _VERSION or parts[1] not in tuple(Press):
        raise StaleButtonError
    press, choice = Press(parts[1]), parts[3] if len(parts) == 4 else ""
    wanted = _CHOICES.get(press)
    fits = wanted.match(choice) if wanted else len(parts) == 3
    if not fits or not _NUMBER.match(parts[2]):
        raise StaleButtonError
    return Value(press, int(parts[2]), choice)
