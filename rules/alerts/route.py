"""Where an alert is told: routes in their order, of which the first that fits wins. Pure.

It must not know who owns a customer, nor Slack: a channel is a name or an id here.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from rules.errors import WarmlineError

_LINK: Final = re.compile(r"<#([CG][A-Z0-9]+)(?:\|[^>]*)?>\Z")
_CHANNEL: Final = re.compile("(?:#[^\\s#<>&,.\x00\ud800-\udfff]{1,80}|[CG][A-Z0-9]{6,20})\\Z")
SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{4,20}\Z")
_THREAD: Final = re.compile(r"thread(?:\s+of)?\s+(\S+)\Z", re.IGNORECASE)


class To(StrEnum):
    """What sort of place a route leads to."""

    CHANNEL = "channel"
    THREAD = "thread"
    """Under one message a day in a channel."""
    OWNER = "owner"
    """A direct message to whoever looks after the customer."""


class RouteExistsError(WarmlineError):
    """There is a route of this ``name`` already."""

    code: ClassVar[str] = "route_exists"


class BadTargetError(WarmlineError):
    """``text``, cut, is no place that a route can lead to."""

    code: ClassVar[str] = "bad_target"


@dataclass(frozen=True, slots=True)
class Route:
    """Alerts of ``rule_id`` (None: of any rule) about customers for whom ``condition`` holds are told there."""

    id: int
    name: str
    condition: str
    rule_id: int | None
    target: To
    channel: str
    author: str
    at: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an alert is told: in a ``channel``, perhaps in the day's thread there; by which ``route``, if by one.

    ``nobody`` is the owner who should have been told and is nobody in Slack: the channel is the fallback, then.
    """

    channel: str
    thread: bool = False
    route: str = ""
    nobody: str | None = None


def read_target(text: str) -> tuple[To, str]:
    """Read ``#channel``, ``owner`` or ``thread of #channel``; raises `BadTargetError`."""
    said = text.strip()
    if said.casefold() == To.OWNER:
        return To.OWNER, ""
    thread = _THREAD.match(said)
    name = thread[1] if thread else said
    link = _LINK.match(name)
    if not link and not _CHANNEL.match(name):
        raise BadTargetError(text=said[:80])
    return To.THREAD if thread else To.CHANNEL, link[1] if link else name


def first(routes: Iterable[Route], *, rule_id: int, holding: Collection[int]) -> Route | None:
    """Give the first of ``routes`` that an alert takes; ``holding`` are the ids of those whose condition holds."""
    return next((route for route in routes if route.rule_id in (None, rule_id) and route.id in holding), None)


def place(
    route: Route | None, *, usual: str, fallback: str, owner: str | None, slack_id: str | None
) -> Place:
    """Give where ``route`` leads; ``usual`` is the rule's channel, ``fallback`` the default one.

    ``owner`` is what the customer's data says, ``slack_id`` who that is in Slack, if anybody.
    """
    if route is None:
        return Place(usual)
    if route.target is not To.OWNER:
        return Place(route.channel, route.target is To.THREAD, route.name)
    if slack_id is not None:
        return Place(slack_id, route=route.name)
    return Place(fallback or usual, route=route.name, nobody=owner or "")
