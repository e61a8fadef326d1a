"""A rule as a person writes it, in chat or at the command line: its name and options, read and bounded.

It must not know conditions; those have a language of their own.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar

from rules.alerts.rule import AlertKind, Backlog, RuleBody, Severity
from rules.conditions.names import BadNameError, name_of
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR

LONGEST_NAME: Final = 60
LONGEST_ACTION: Final = 500
LONGEST_COOLDOWN: Final = 366 * DAY
_COOLDOWN: Final = re.compile(r"([0-9]{1,11})\s*(ms|[hdw])\Z", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"ms": 1, "h": HOUR, "d": DAY, "w": 7 * DAY}
_CHANNEL_LINK: Final = re.compile(r"<#([CG][A-Z0-9]+)(?:\|[^>]*)?>\Z")
_CHANNEL: Final = re.compile("#?[^\\s#<>&,.\x00\ud800-\udfff]{1,80}\\Z")


class BadRuleNameError(WarmlineError):
    """A text that is no name for a rule: ``text``, cut; at most ``limit`` characters."""

    code: ClassVar[str] = "bad_rule_name"


class BadOptionError(WarmlineError):
    """An option with a value that it cannot have: ``option``, ``value``, cut, and the ``choices``, or none to list."""

    code: ClassVar[str] = "bad_option"


@dataclass(frozen=True, slots=True)
class Options:
    """What a person said of a rule beside name and condition, as typed; None where nothing was said."""

    channel: str | None = None
    kind: str | None = None
    severity: str | None = None
    backlog: str | None = None
    action: str | None = None
    cooldown: str | None = None


def rule_name(text: str) -> str:
    """Give the name that a rule gets for ``text``: ``Big spender`` is ``big_spender``; raises `BadRuleNameError`."""
    try:
        slug = name_of(text)
    except BadNameError as error:
        raise BadRuleNameError(text=text[:80], limit=LONGEST_NAME) from error
    if len(slug) > LONGEST_NAME:
        raise BadRuleNameError(text=text[:80], limit=LONGEST_NAME)
    return slug


def with_options(body: RuleBody, options: Options) -> RuleBody:
    """Give ``body`` with what was said; raises `BadOptionError`."""
    changes: dict[str, Any] = {}
    if options.channel is not None:
        changes["channel"] = _channel(options.channel)
    for name, values in (("kind", AlertKind), ("severity", Severity), ("backlog", Backlog)):
        said = getattr(options, name)
        if said is not None:
            changes[name] = _choice(name, said, values)
    if options.action is not None:
        changes["action"] = _action(options.action)
    if options.cooldown is not None:
        changes["cooldown"] = _cooldown(options.cooldown)
    return replace(body, **changes)


def cooldown_text(cooldown: int) -> str:
    """Write milliseconds as people would, exactly: ``7d``, ``36h``, ``0``; `with_options` reads it back."""
    if not cooldown:
        return "0"
    length, unit = next(
        (unit, name) for name, unit in (("d", DAY), ("h", HOUR), ("ms", 1)) if cooldown % unit == 0
    )
    return f"{cooldown // length}{unit}"


_Choice = TypeVar("_Choice", bound=StrEnum)


def _choice(option: str, said: str, values: type[_Choice]) -> _Choice:
    try:
        return values(said.strip().casefold())
    except ValueError as error:
        raise BadOptionError(
            option=option, value=said[:80], choices=[str(value) for value in values]
        ) from error


def _channel(said: str) -> str:
    link = _CHANNEL_LINK.match(said.strip())
    if link:
        return link[1]
    if said.strip() and not _CHANNEL.match(said.strip()):
        raise BadOptionError(option="channel", value=said[:80], choices=[])
    return said.strip()


def _action(said: str) -> str:
    if len(said) > LONGEST_ACTION or any(char == "\0" or "\ud800" <= char <= "\udfff" for char in said):
        raise BadOptionError(option="action", value=said[:80], choices=[])
    return " ".join(said.split())


def _cooldown(said: str) -> int:
    match = _COOLDOWN.match(said.strip())
    length = int(match[1]) * _UNITS[match[2].lower()] if match else None
    if length is None and said.strip() == "0":
        length = 0
    if length is None or length > LONGEST_COOLDOWN:
        raise BadOptionError(option="cooldown", value=said[:80], choices=["0", "12h", "1d", "2w"])
    return length
