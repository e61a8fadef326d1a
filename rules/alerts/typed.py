"""A rule as a person writes it, in chat or at the command line: its name and options, read and bounded.

It must not know conditions; those have a language of their own.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final, Self, TypeVar

from rules.alerts.escalation import escalation_text, read_escalation
from rules.alerts.rule import WRITTEN, AlertKind, Backlog, RuleBody, Severity, Unreadable
from rules.conditions.names import BadNameError, name_of
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, MINUTE

LONGEST_NAME: Final = 60
LONGEST_ACTION: Final = 500
LONGEST_COOLDOWN: Final = 366 * DAY
LONGEST_WAIT: Final = 90 * DAY
SHORTEST_REMINDER: Final = 15 * MINUTE
MOST_HIDDEN: Final = 20
OPTIONS: Final = (
    "kind",
    "severity",
    "backlog",
    "for",
    "keep",
    "cooldown",
    "remind",
    "escalate",
    "hides",
    "unreadable",
    "action",
    "channel",
)
"""What a rule says beside its condition, by the names that people write, in the order of a file."""
NONE: Final = "none"
"""What takes an option back that a rule need not have: a length, the escalation, what it hides."""
LENGTHS: Final = ("for", "keep", "cooldown", "remind")
"""The options that are lengths of time."""
_LENGTH: Final = re.compile(r"([0-9]{1,11})\s*(ms|[mhdw])\Z", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"ms": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_FIELDS: Final = {written: field for field, written in WRITTEN.items()}
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
    pending: str | None = None
    keep: str | None = None
    remind: str | None = None
    escalate: str | None = None
    hides: str | None = None
    unreadable: str | None = None

    @classmethod
    def said(cls, options: Mapping[str, str | None]) -> Self:
        """Give what was said by the names that people write: ``for`` is what is ``pending`` here."""
        return cls(**{_FIELDS.get(name, name): value for name, value in options.items()})

    def written(self) -> dict[str, str]:
        """Give what was said, by the names that people write, in the order of a file."""
        said = asdict(self)
        given = ((name, said[_FIELDS.get(name, name)]) for name in OPTIONS)
        return {name: value for name, value in given if value is not None}


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
    for name, values in _CHOICES.items():
        said = getattr(options, name)
        if said is not None:
            changes[name] = _choice(name, said, values)
    if options.action is not None:
        changes["action"] = _action(options.action)
    for option in LENGTHS:
        field = _FIELDS.get(option, option)
        if (said := getattr(options, field)) is not None:
            changes[field] = _length(option, said)
    if options.escalate is not None:
        changes["escalate"] = _escalation(options.escalate)
    if options.hides is not None:
        changes["hides"] = _hidden(options.hides)
    return replace(body, **changes)


def options_of(body: RuleBody) -> Options:
    """Give the options that say all that ``body`` does beside its condition; what it leaves unsaid lacks."""
    usual = RuleBody("")
    return Options(
        channel=body.channel or None,
        kind=str(body.kind),
        severity=str(body.severity),
        backlog=str(body.backlog),
        action=body.action or None,
        cooldown=length_text(body.cooldown),
        pending=length_text(body.pending) if body.pending else None,
        keep=length_text(body.keep) if body.keep else None,
        remind=length_text(body.remind) if body.remind else None,
        escalate=body.escalate or None,
        hides=body.hides or None,
        unreadable=str(body.unreadable) if body.unreadable is not usual.unreadable else None,
    )


def length_text(milliseconds: int) -> str:
    """Write a length of time as people would, exactly: ``7d``, ``36h``, ``0``; `with_options` reads it back."""
    if not milliseconds:
        return "0"
    units = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("ms", 1))
    length, unit = next((unit, name) for name, unit in units if milliseconds % unit == 0)
    return f"{milliseconds // length}{unit}"


_CHOICES: Final[Mapping[str, type[StrEnum]]] = {
    "kind": AlertKind,
    "severity": Severity,
    "backlog": Backlog,
    "unreadable": Unreadable,
}
_LONGEST: Final = {"cooldown": LONGEST_COOLDOWN}
_EXAMPLES: Final = {"cooldown": ["0", "12h", "1d", "2w"], "remind": ["0", "4h", "1d"]}
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


def length_of(said: str) -> int | None:
    """Read a length of time as people write it: ``7d``, ``36h``, ``0``; None for what is none."""
    match = _LENGTH.match(said.strip())
    if match is None:
        return 0 if said.strip() == "0" else None
    return int(match[1]) * _UNITS[match[2].lower()]


def _nothing(said: str) -> bool:
    """Tell whether a person takes something back, in the word in which a rule without it is shown."""
    return said.strip().casefold() == NONE


def _length(option: str, said: str) -> int:
    length = 0 if _nothing(said) else length_of(said)
    too_often = option == "remind" and length is not None and 0 < length < SHORTEST_REMINDER
    if length is None or length > _LONGEST.get(option, LONGEST_WAIT) or too_often:
        choices = _EXAMPLES.get(option, ["0", "30m", "12h", "2d"])
        raise BadOptionError(option=option, value=said[:80], choices=choices)
    return length


def _escalation(said: str) -> str:
    if _nothing(said):
        return ""
    try:
        return escalation_text(read_escalation(said))
    except ValueError as error:
        choices = ["2h owner", "2h owner; 8h manager; 1d #leads"]
        raise BadOptionError(option="escalate", value=said[:80], choices=choices) from error


def _hidden(said: str) -> str:
    """Read names of rules with commas between; each once, in the order said."""
    if _nothing(said):
        return ""
    try:
        names = dict.fromkeys(rule_name(part) for part in said.split(",") if part.strip())
    except BadRuleNameError as error:
        raise BadOptionError(option="hides", value=said[:80], choices=[]) from error
    if len(names) > MOST_HIDDEN:
        raise BadOptionError(option="hides", value=said[:80], choices=[])
    return ", ".join(names)
