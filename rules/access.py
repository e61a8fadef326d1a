"""Who may do what: one question, answered no unless something here says yes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from rules.errors import WarmlineError


class NotAllowedError(WarmlineError):
    """The actor may not do this: the ``action``, and ``managers``, who may (Slack ids, perhaps none)."""

    code: ClassVar[str] = "not_allowed"


class Action(StrEnum):
    """What can be asked of Warmline."""

    SEE = "see"
    CLAIM = "claim"
    UNCLAIM = "unclaim"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    VOTE = "vote"
    SILENCE = "silence"
    CHANGE_ROUTES = "change_routes"
    RESOLVE_MANY = "resolve_many"
    CHANGE_RULES = "change_rules"
    CHANGE_LIFECYCLE = "change_lifecycle"
    CHANGE_CHANNEL = "change_channel"
    CHANGE_SOURCES = "change_sources"
    SAVE_DRAFT = "save_draft"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a Slack id, or ``cli:NAME`` for somebody at the command line, who is a manager."""

    id: str
    manager: bool = False


@dataclass(frozen=True, slots=True)
class Everything:
    """What everybody in the workspace may see: customers, alerts, rules."""


@dataclass(frozen=True, slots=True)
class AlertOf:
    """An alert, and who has it."""

    claimed_by: str | None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules."""


@dataclass(frozen=True, slots=True)
class Alerting:
    """Whether and where alerts are told at all: silences, routes, many alerts at once."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions of the life cycle."""


@dataclass(frozen=True, slots=True)
class Channels:
    """What channels say of themselves."""


@dataclass(frozen=True, slots=True)
class Sources:
    """How long sources of events may be quiet."""


@dataclass(frozen=True, slots=True)
class DraftOf:
    """A rule or a definition that was written and not saved, and who wrote it."""

    author: str


Thing = Everything | AlertOf | Rulebook | Alerting | Definitions | Channels | Sources | DraftOf


def authorize(actor: Actor, action: Action, thing: Thing, *, managers: frozenset[str] = frozenset()) -> None:
    """Let ``actor`` do ``action`` to ``thing``, or raise `NotAllowedError`, which names the ``managers``."""
    if not _allowed(actor, action, thing):
        raise NotAllowedError(action=str(action), managers=sorted(managers))


def _allowed(actor: Actor, action: Action, thing: Thing) -> bool:
    if not actor.id:
        return False
    match action, thing:
        case Action.SEE, Everything():
            return True
        case ((Action.CLAIM | Action.SNOOZE | Action.RESOLVE | Action.VOTE), AlertOf()):
            return True
        case Action.UNCLAIM, AlertOf(claimed_by):
            # What nobody has, nobody keeps from anybody; that it cannot be given back is said elsewhere.
            return claimed_by in (actor.id, None) or actor.manager
        case (
            (Action.CHANGE_RULES, Rulebook())
            | (Action.CHANGE_LIFECYCLE, Definitions())
            | (Action.CHANGE_CHANNEL, Channels())
        ):
            return actor.manager
        case ((Action.SILENCE | Action.CHANGE_ROUTES | Action.RESOLVE_MANY), Alerting()):
            return actor.manager
        case Action.CHANGE_SOURCES, Sources():
            return actor.manager
        case Action.SAVE_DRAFT, DraftOf(author):
            return actor.manager and actor.id == author
        case _:
            return False
