"""Who is who in Slack: which user bears an e-mail address, and whether a user is a manager.

Answers are kept a while; where Slack does not answer, an older answer serves, and without one nothing is claimed: nobody
is a manager by way of a group that cannot be read. It must not know alerts or rules.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final, Generic, TypeVar

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from rules.access import Actor
from rules.alerts.colleague import Colleague, Found
from rules.instants import HOUR, MINUTE

KEPT: Final = 5 * MINUTE
"""How long an answer of Slack's is taken for true; in milliseconds of elapsed time."""
KEPT_UNANSWERED: Final = HOUR
"""How long where Slack does not answer any more: whoever is no manager now has been one by then at the latest."""
_MOST: Final = 10_000
_USER: Final = re.compile(r"[UW][A-Z0-9]{2,20}\Z")
_REFUSALS: Final = {
    "users_not_found": Found.UNKNOWN,
    "user_not_found": Found.UNKNOWN,
    "user_not_visible": Found.UNKNOWN,
}

_Answer = TypeVar("_Answer")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known(Generic[_Answer]):
    answer: _Answer
    at: int


class Directory:
    """Asks Slack about users and user groups; safe to share between threads. ``now`` is elapsed time."""

    def __init__(self, client: WebClient) -> None:
        if client.retry_handlers:
            raise ValueError("a client that retries by itself would keep somebody waiting")
        self._client = client
        self._known: OrderedDict[str, _Known[frozenset[str]]] = OrderedDict()
        self._colleagues: OrderedDict[str, _Known[Colleague]] = OrderedDict()
        self._mutex = threading.Lock()

    def actor(self, user: str, managers: frozenset[str], *, now: int) -> Actor:
        """Give who ``user`` is: a manager by name, or as a member of a group among ``managers``."""
        groups = (group for group in managers if group.startswith("S"))
        return Actor(
            user, manager=user in managers or any(user in self._members(group, now) for group in groups)
        )

    def _members(self, group: str, now: int) -> frozenset[str]:
        def ask() -> frozenset[str]:
            return frozenset(self._client.usergroups_users_list(usergroup=group).get("users") or ())

        return self._answer(f"group:{group}", ask, now)

    def names_of(self, user: str, *, now: int) -> frozenset[str]:
        """Give what customers' data may call ``user``, casefolded: the Slack id, and the e-mail address, if Slack says."""

        def ask() -> frozenset[str]:
            answer: SlackResponse = self._client.users_info(user=user)
            email = (answer.get("user") or {}).get("profile", {}).get("email")
            return frozenset({email.casefold()} if email else ())

        return self._answer(f"user:{user}", ask, now) | {user.casefold()}

    def whois(self, name: str, *, now: int) -> Colleague:
        """Give who bears ``name``, a Slack id or an e-mail address, as Slack says now or has said lately."""
        said = name.strip()
        with self._mutex:
            known = self._colleagues.get(said)
        if known is not None and now < known.at + KEPT:
            return known.answer
        answer = self._ask_who(said)
        if answer.found is Found.UNANSWERED:
            return known.answer if known is not None and now < known.at + KEPT_UNANSWERED else answer
        self._keep(self._colleagues, said, _Known(answer, now))
        return answer

    def _ask_who(self, said: str) -> Colleague:
        try:
            if _USER.match(said):
                answer: SlackResponse = self._client.users_info(user=said)
            elif "@" in said:
                answer = self._client.users_lookupByEmail(email=said)
            else:
                return Colleague(Found.UNKNOWN)
        except SlackApiError as error:
            return Colleague(_REFUSALS.get(str(error.response.get("error")), Found.UNANSWERED))
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            log.warning("directory_unanswered", about="whois", kind=type(error).__name__)
            return Colleague(Found.UNANSWERED)
        user = answer.get("user") or {}
        if user.get("deleted"):
            return Colleague(Found.GONE)
        return Colleague(Found.THERE, str(user["id"])) if user.get("id") else Colleague(Found.UNANSWERED)

    def team(self, *, now: int) -> str | None:
        """Give the id of the workspace that the bot is installed in; None where Slack does not say."""

        def ask() -> frozenset[str]:
            team = self._client.auth_test().get("team_id")
            return frozenset({team} if isinstance(team, str) and team else ())

        return next(iter(self._answer("team", ask, now)), None)

    def _answer(self, key: str, ask: Callable[[], frozenset[str]], now: int) -> frozenset[str]:
        with self._mutex:
            known = self._known.get(key)
        if known is not None and now < known.at + KEPT:
            return known.answer
        try:
            answer = ask()
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            # Refused, unreachable or unreadable: the next one who asks tries again.
            log.warning("directory_unanswered", about=key.partition(":")[0], kind=type(error).__name__)
            return known.answer if known is not None and now < known.at + KEPT_UNANSWERED else frozenset()
        self._keep(self._known, key, _Known(answer, now))
        return answer

    def _keep(self, kept: OrderedDict[str, _Known[_Answer]], key: str, known: _Known[_Answer]) -> None:
        with self._mutex:
            kept[key] = known
            kept.move_to_end(key)
            while len(kept) > _MOST:
                kept.popitem(last=False)
