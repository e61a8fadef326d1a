"""What is missing to run for real, and how to get it: looks at the settings, the install, the database and Slack.

Changes nothing. The words stand in ``templates/text/doctor.j2``: one macro for each finding, named by what was looked
at and what is the matter with it. It must not know how a terminal looks.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

from handlers import processes
from handlers.demo.cdnow import DemoDataMissingError, purchases_path
from rules.errors import WarmlineError
from settings import Settings
from storage import schema
from storage.database import Database
from templates.words import Words

PROJECT: Final = Path(__file__).parents[1]
MANIFEST: Final = PROJECT / "handlers" / "slack" / "manifest.yaml"
LOCK: Final = PROJECT / "requirements.lock"
_OLDEST_PYTHON: Final = (3, 11)
_SHORTEST_KEY: Final = 24
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{6,}\Z")
_PIN: Final = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)\s*\\?$")
_PAGES: Final = 50
_MOST_NAMED: Final = 8


class State(StrEnum):
    """How something stands."""

    OK = "ok"
    NOTE = "note"
    """In order, and yet worth knowing."""
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands; ``needed``: without it ``run`` does not work. The words are ``check_problem``'s."""

    check: str
    state: State
    problem: str = "ok"
    needed: bool = False
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def stops(self) -> bool:
        """Whether ``run`` cannot work like this."""
        return self.needed and self.state in (State.MISSING, State.WRONG)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Slack said to a call: ``error`` is its word for what was wrong; ``scopes`` those that the token has."""

    ok: bool
    error: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()


class Call(Protocol):
    """Calls a method of Slack's Web API; where Slack cannot be reached, the error is ``unreachable``."""

    def __call__(self, method: str, token: str, /, **params: str) -> Answer:
        """Call ``method`` with ``token``."""
        ...


def say(words: Words, finding: Finding) -> str:
    """Say how something stands, and what to do where it is not in order."""
    return words.plain("doctor", f"{finding.check}_{finding.problem}", **finding.params)


def examine(settings: Settings, database: Database, call: Call) -> list[Finding]:
    """Look at everything; the order is that in which somebody would mend it."""
    return [
        _python(),
        _install(),
        _demo_data(),
        _database(database),
        *_kinds(database),
        _zone(settings),
        *_tokens(settings),
        *_slack(settings, call),
        _keys(settings),
    ]


def missing_for_run(settings: Settings) -> list[Finding]:
    """Give what of Slack's tokens is missing or is plainly another thing, and keys that can be guessed; asks nobody."""
    return [one for one in (*_tokens(settings), _keys(settings)) if one.stops]


def refused_by_slack(settings: Settings, call: Call) -> list[Finding]:
    """Give the tokens that Slack refuses; where Slack cannot be reached, nothing: it may be there later."""
    return [
        one
        for one in (*_bot_token(settings, call)[0], *_app_token(settings, call))
        if one.stops and one.problem == "refused"
    ]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    new_enough = sys.version_info >= _OLDEST_PYTHON
    return Finding(
        "python",
        State.OK if new_enough else State.WRONG,
        "ok" if new_enough else "old",
        needed=True,
        params={"version": version},
    )


def _install() -> Finding:
    """Compare what is installed with what was locked and tested."""
    if not LOCK.is_file():
        return Finding("install", State.NOTE, "unlocked")
    differ = []
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        pin = _PIN.match(line)
        if pin and _installed(pin[1]) != pin[2]:
            differ.append(pin[1])
    if differ:
        return Finding("install", State.WRONG, "differs", params={"packages": sorted(differ)})
    return Finding("install", State.OK)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _demo_data() -> Finding:
    try:
        purchases_path()
    except DemoDataMissingError:
        return Finding("demo_data", State.NOTE, "none")
    return Finding("demo_data", State.OK)


def _database(database: Database) -> Finding:
    try:
        found, wanted = schema.revisions(database)
    except WarmlineError as error:
        return Finding("database", State.WRONG, "unreachable", needed=True, params={"code": error.code})
    params = {"engine": database.dialect, "found": found or "", "wanted": wanted or ""}
    if found is None:
        return Finding("database", State.NOTE, "empty", needed=True, params=params)
    if found != wanted:
        return Finding("database", State.WRONG, "differs", needed=True, params=params)
    return Finding("database", State.OK, needed=True, params=params)


def _kinds(database: Database) -> list[Finding]:
    """Look for kinds of event that came and that no process has; nothing to say where the database is not ready."""
    if _database(database).state is not State.OK:
        return []
    with database.reading() as tx:
        kinds = processes.unassigned(tx)
    params = {"n": len(kinds), "kinds": list(kinds[:_MOST_NAMED])}
    return (
        [Finding("kinds", State.NOTE, "unassigned", params=params)] if kinds else [Finding("kinds", State.OK)]
    )


def _zone(settings: Settings) -> Finding:
    # Settings with an unknown zone cannot be made: what is here is one.
    named = "business_timezone" in settings.model_fields_set
    return Finding(
        "zone",
        State.OK if named else State.NOTE,
        "ok" if named else "default",
        params={"zone": settings.business_timezone, "currency": settings.currency},
    )


def _tokens(settings: Settings) -> list[Finding]:
    bot = settings.slack_bot_token.get_secret_value()
    app = settings.slack_app_token.get_secret_value()
    secret = settings.slack_signing_secret.get_secret_value()
    found = [_token("bot_token", bot, "xoxb-")]
    if app:
        found.append(_token("app_token", app, "xapp-"))
    elif secret:
        found.append(_secret(secret))
    else:
        found.append(Finding("mode", State.MISSING, "none", needed=True))
    return found


def _token(check: str, token: str, prefix: str) -> Finding:
    if not token:
        return Finding(check, State.MISSING, "none", needed=True)
    if not token.startswith(prefix) or not token.isascii() or any(one.isspace() for one in token):
        return Finding(check, State.WRONG, "form", needed=True, params={"prefix": prefix})
    return Finding(check, State.OK, needed=True)


def _secret(secret: str) -> Finding:
    if secret.startswith(("xox", "xapp-")) or len(secret) < 16 or any(one.isspace() for one in secret):
        return Finding("signing_secret", State.WRONG, "form", needed=True)
    return Finding("signing_secret", State.OK, needed=True)


def _slack(settings: Settings, call: Call) -> Iterator[Finding]:
    findings, scopes = _bot_token(settings, call)
    yield from findings
    yield from _app_token(settings, call)
    if scopes is not None:
        yield _scopes(scopes)
        yield _channel(settings, call)
    yield from _managers(settings, call if scopes is not None else None)


def _bot_token(settings: Settings, call: Call) -> tuple[list[Finding], frozenset[str] | None]:
    """Ask Slack whose the bot's token is; with the scopes that it has, where it is good."""
    token = settings.slack_bot_token.get_secret_value()
    if _token("bot_token", token, "xoxb-").stops:
        return [], None
    answer = call("auth.test", token)
    if not answer.ok:
        return [_refusal("auth", answer)], None
    params = {"team": str(answer.data.get("team", "")), "user": str(answer.data.get("user", ""))}
    return [Finding("auth", State.OK, needed=True, params=params)], answer.scopes


def _app_token(settings: Settings, call: Call) -> list[Finding]:
    token = settings.slack_app_token.get_secret_value()
    if not token or _token("app_token", token, "xapp-").stops:
        return []
    answer = call("apps.connections.open", token)
    return [Finding("socket", State.OK, needed=True) if answer.ok else _refusal("socket", answer)]


def _refusal(check: str, answer: Answer) -> Finding:
    problem = "unreachable" if answer.error == "unreachable" else "refused"
    return Finding(check, State.WRONG, problem, needed=True, params={"error": answer.error})


def _scopes(granted: frozenset[str]) -> Finding:
    lacking = sorted(_wanted_scopes() - granted)
    if lacking:
        return Finding("scopes", State.MISSING, "lacking", needed=True, params={"scopes": lacking})
    return Finding("scopes", State.OK, needed=True)


def _wanted_scopes() -> frozenset[str]:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return frozenset(manifest["oauth_config"]["scopes"]["bot"])


def _channel(settings: Settings, call: Call) -> Finding:
    name = settings.default_channel
    token = settings.slack_bot_token.get_secret_value()
    if not name:
        return Finding("channel", State.NOTE, "none")
    params: dict[str, object] = {"channel": name}
    if _CHANNEL_ID.match(name):
        answer = call("conversations.info", token, channel=name)
        found = answer.data.get("channel") if answer.ok else None
    else:
        answer, found = _channel_named(name.removeprefix("#"), token, call)
    if not answer.ok and answer.error != "channel_not_found":
        return Finding("channel", State.NOTE, "unasked", params={**params, "error": answer.error})
    if not isinstance(found, Mapping):
        return Finding("channel", State.WRONG, "unknown", params=params)
    if found.get("is_archived"):
        return Finding("channel", State.WRONG, "archived", params=params)
    if not found.get("is_member"):
        return Finding("channel", State.WRONG, "outside", params=params)
    return Finding("channel", State.OK, params=params)


def _channel_named(name: str, token: str, call: Call) -> tuple[Answer, Mapping[str, Any] | None]:
    cursor = ""
    answer = Answer(ok=True)
    for _ in range(_PAGES):
        answer = call(
            "conversations.list", token, types="public_channel,private_channel", limit="200", cursor=cursor
        )
        for one in answer.data.get("channels") or ():
            if one.get("name") == name:
                return answer, one
        cursor = str((answer.data.get("response_metadata") or {}).get("next_cursor") or "")
        if not answer.ok or not cursor:
            break
    return answer, None


def _managers(settings: Settings, call: Call | None) -> Iterator[Finding]:
    if not settings.managers:
        yield Finding("managers", State.MISSING, "none")
        return
    token = settings.slack_bot_token.get_secret_value()
    asked: Mapping[str, Callable[[Call, str], Answer]] = {
        "U": lambda slack, one: slack("users.info", token, user=one),
        "W": lambda slack, one: slack("users.info", token, user=one),
        "S": lambda slack, one: slack("usergroups.users.list", token, usergroup=one),
    }
    unknown = []
    for one in settings.managers:
        ask = asked.get(one[:1])
        if ask is None:
            unknown.append(one)
        elif call is not None:
            answer = ask(call, one)
            deleted = bool((answer.data.get("user") or {}).get("deleted"))
            if deleted or answer.error in ("user_not_found", "no_such_subteam", "subteam_not_found"):
                unknown.append(one)
    if unknown:
        yield Finding("managers", State.WRONG, "unknown", params={"unknown": unknown})
    else:
        yield Finding("managers", State.OK, params={"n": len(settings.managers)})


def _keys(settings: Settings) -> Finding:
    keys = [key.get_secret_value() for key in settings.ingest_keys]
    if not keys:
        return Finding("ingest_keys", State.NOTE, "none")
    if min(len(key) for key in keys) < _SHORTEST_KEY:
        # Whoever guesses one may write: better not to run at all.
        return Finding("ingest_keys", State.WRONG, "short", needed=True, params={"shortest": _SHORTEST_KEY})
    return Finding("ingest_keys", State.OK, params={"n": len(keys)})
