"""Doctor says of each thing whether it is in order, and in words what to do where it is not."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from handlers import doctor
from handlers.demo.cdnow import DemoDataMissingError
from handlers.doctor import Answer, Finding, State
from settings import Settings
from storage import events
from storage.database import Database
from templates.words import Words
from tests.conftest import DatabaseUrls

SCOPES = frozenset({"chat:write", "commands"})
MANIFEST = "oauth_config:\n  scopes:\n    bot: [chat:write, commands]\n"
GOOD: Mapping[str, Any] = {
    "slack_bot_token": "xoxb-1-2-abc",
    "slack_app_token": "xapp-1-A1-abc",
    "default_channel": "#care",
    "managers": "U1 S2",
    "ingest_keys": "k" * 24,
    "business_timezone": "Europe/Berlin",
}


def settings(**changes: Any) -> Settings:
    return Settings(_env_file=None, **{**GOOD, **changes})  # type: ignore[call-arg]


class Slack:
    """Slack as a table of answers, and what was asked of it."""

    def __init__(self, **answers: Answer | Callable[..., Answer]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answers = {
            "auth_test": Answer(ok=True, data={"team": "Northwind", "user": "warmline"}, scopes=SCOPES),
            "apps_connections_open": Answer(ok=True, data={"url": "wss://x"}),
            "conversations_list": Answer(ok=True, data={"channels": [{"name": "care", "is_member": True}]}),
            "conversations_info": Answer(ok=True, data={"channel": {"name": "care", "is_member": True}}),
            "users_info": Answer(ok=True, data={"user": {"id": "U1"}}),
            "usergroups_users_list": Answer(ok=True),
            **answers,
        }

    def __call__(self, method: str, token: str, /, **params: str) -> Answer:
        self.asked.append((method, token))
        answer = self._answers[method.replace(".", "_")]
        return answer(**params) if callable(answer) else answer


@pytest.fixture(autouse=True)
def manifest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(MANIFEST)
    monkeypatch.setattr(doctor, "MANIFEST", path)


@pytest.fixture
def opened(new_database_url: DatabaseUrls) -> Iterator[Database]:
    with closing(Database(new_database_url("sqlite"))) as database:
        yield database


def _of(findings: list[Finding], check: str) -> Finding:
    (found,) = [one for one in findings if one.check == check]
    return found


def examined(opened: Database, slack: Slack | None = None, **changes: Any) -> list[Finding]:
    return doctor.examine(settings(**changes), opened, slack or Slack())


def test_all_in_order(opened: Database) -> None:
    slack = Slack()
    findings = examined(opened, slack)
    assert {one.check: one.state for one in findings} == dict.fromkeys(
        (
            "python",
            "install",
            "demo_data",
            "database",
            "kinds",
            "zone",
            "bot_token",
            "app_token",
            "auth",
            "socket",
            "scopes",
            "channel",
            "managers",
            "ingest_keys",
        ),
        State.OK,
    )
    assert not any(one.stops for one in findings)
    # Each token goes only where it belongs.
    assert {token for method, token in slack.asked if method == "apps.connections.open"} == {"xapp-1-A1-abc"}
    assert {token for method, token in slack.asked if method != "apps.connections.open"} == {"xoxb-1-2-abc"}


@pytest.mark.parametrize(
    ("changes", "check", "problem", "words"),
    [
        ({"slack_bot_token": ""}, "bot_token", "none", "SLACK_BOT_TOKEN is missing"),
        ({"slack_bot_token": "xapp-1-A1-abc"}, "bot_token", "form", "begins with xoxb-"),
        ({"slack_bot_token": "xoxb-1 2"}, "bot_token", "form", "OAuth & Permissions"),
        ({"slack_app_token": "xoxb-1"}, "app_token", "form", "connections:write"),
        ({"slack_app_token": ""}, "mode", "none", "SLACK_SIGNING_SECRET"),
        (
            {"slack_app_token": "", "slack_signing_secret": "xoxb-1-2-abcdefghijkl"},
            "signing_secret",
            "form",
            "App Credentials",
        ),
        (
            {"slack_app_token": "", "slack_signing_secret": "short"},
            "signing_secret",
            "form",
            "Signing Secret",
        ),
    ],
)
def test_a_missing_or_wrong_token_is_a_sentence_that_says_which_and_where_to_get_it(
    changes: Mapping[str, Any], check: str, problem: str, words: str
) -> None:
    (found,) = doctor.missing_for_run(settings(**changes))
    assert (found.check, found.problem, found.stops) == (check, problem, True)
    said = doctor.say(Words(), found)
    assert words in said
    assert "api.slack.com/apps" in said
    for secret in changes.values():
        assert not secret or secret not in said


def test_with_all_tokens_nothing_is_missing_in_either_mode() -> None:
    assert doctor.missing_for_run(settings()) == []
    over_http = settings(slack_app_token="", slack_signing_secret="8f742231b10e8888abcd99yyyzzz85a5")
    assert doctor.missing_for_run(over_http) == []


def test_a_token_that_slack_refuses_is_told_with_slack_s_word() -> None:
    slack = Slack(
        auth_test=Answer(ok=False, error="invalid_auth"),
        apps_connections_open=Answer(ok=False, error="not_allowed_token_type"),
    )
    auth, socket = doctor.refused_by_slack(settings(), slack)
    assert "invalid_auth" in doctor.say(Words(), auth)
    assert "SLACK_BOT_TOKEN" in doctor.say(Words(), auth)
    assert "not_allowed_token_type" in doctor.say(Words(), socket)
    assert "SLACK_APP_TOKEN" in doctor.say(Words(), socket)
    assert doctor.refused_by_slack(settings(), Slack()) == []


def test_slack_out_of_reach_is_no_refusal_but_doctor_tells_it(opened: Database) -> None:
    away = Answer(ok=False, error="unreachable")
    slack = Slack(auth_test=away, apps_connections_open=away)
    assert doctor.refused_by_slack(settings(), slack) == []
    findings = examined(opened, slack)
    assert _of(findings, "auth").stops
    assert "cannot be reached" in doctor.say(Words(), _of(findings, "auth"))
    assert _of(findings, "managers").state is State.OK
    assert not [one for one in findings if one.check in ("scopes", "channel")]


def test_scopes_that_the_manifest_has_and_the_app_has_not(opened: Database) -> None:
    granted = Answer(ok=True, data={}, scopes=frozenset({"commands", "users:read"}))
    found = _of(examined(opened, Slack(auth_test=granted)), "scopes")
    assert found.stops
    assert found.params == {"scopes": ["chat:write"]}


def _page(name: str, cursor: str = "", **more: Any) -> Answer:
    return Answer(
        ok=True, data={"channels": [{"name": name, **more}], "response_metadata": {"next_cursor": cursor}}
    )


@pytest.mark.parametrize(
    ("name", "answers", "state", "problem"),
    [
        ("", {}, State.NOTE, "none"),
        ("care", {}, State.OK, "ok"),
        ("C0123456789", {}, State.OK, "ok"),
        ("#nowhere", {}, State.WRONG, "unknown"),
        (
            "C0123456789",
            {"conversations_info": Answer(ok=False, error="channel_not_found")},
            State.WRONG,
            "unknown",
        ),
        (
            "C0123456789",
            {"conversations_info": Answer(ok=False, error="missing_scope")},
            State.NOTE,
            "unasked",
        ),
        ("#care", {"conversations_list": _page("care", is_member=False)}, State.WRONG, "outside"),
        (
            "#care",
            {"conversations_list": _page("care", is_member=True, is_archived=True)},
            State.WRONG,
            "archived",
        ),
        (
            "#care",
            {
                "conversations_list": lambda cursor, **_: (
                    _page("care", is_member=True) if cursor == "next" else _page("other", cursor="next")
                )
            },
            State.OK,
            "ok",
        ),
        ("#care", {"conversations_list": _page("other", cursor="again")}, State.WRONG, "unknown"),
    ],
)
def test_the_default_channel(
    opened: Database, name: str, answers: dict[str, Any], state: State, problem: str
) -> None:
    found = _of(examined(opened, Slack(**answers), default_channel=name), "channel")
    assert (found.state, found.problem) == (state, problem)
    assert not found.stops


@pytest.mark.parametrize(
    ("managers", "answers", "state", "unknown"),
    [
        ("", {}, State.MISSING, None),
        ("U1,S2 W3", {}, State.OK, None),
        ("ann@example.com", {}, State.WRONG, ["ann@example.com"]),
        ("U1", {"users_info": Answer(ok=False, error="user_not_found")}, State.WRONG, ["U1"]),
        ("U1", {"users_info": Answer(ok=True, data={"user": {"deleted": True}})}, State.WRONG, ["U1"]),
        ("S2", {"usergroups_users_list": Answer(ok=False, error="no_such_subteam")}, State.WRONG, ["S2"]),
        ("S2", {"usergroups_users_list": Answer(ok=False, error="missing_scope")}, State.OK, None),
    ],
)
def test_managers(
    opened: Database, managers: str, answers: dict[str, Any], state: State, unknown: list[str] | None
) -> None:
    found = _of(examined(opened, Slack(**answers), managers=managers), "managers")
    assert found.state is state
    assert found.params.get("unknown") == unknown


@pytest.mark.parametrize(
    ("keys", "state"), [("", State.NOTE), ("k" * 23, State.WRONG), (f"{'k' * 24},short", State.WRONG)]
)
def test_keys_for_intake(opened: Database, keys: str, state: State) -> None:
    found = _of(examined(opened, ingest_keys=keys), "ingest_keys")
    assert found.state is state
    assert "short" not in doctor.say(Words(), found)
    # With a key that can be guessed, nothing is to run.
    refused = doctor.missing_for_run(settings(ingest_keys=keys))
    assert refused == ([found] if state is State.WRONG else [])
    assert all("24" in doctor.say(Words(), one) for one in refused)


def test_the_database(tmp_path: Path, database: Database) -> None:
    assert _of(examined(database), "database").state is State.OK
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert _of(examined(empty), "database").problem == "empty"
    empty.close()
    nowhere = Database(f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}")
    assert _of(examined(nowhere), "database").problem == "unreachable"
    with database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    found = _of(examined(database), "database")
    assert found.stops
    assert "db upgrade" in doctor.say(Words(), found)


def test_kinds_of_event_that_no_process_has(opened: Database) -> None:
    with opened.writing() as tx:
        events.ensure_kinds(tx, ["purchase", "wish", "order_completed"])
    found = _of(examined(opened), "kinds")
    assert (found.state, found.params["kinds"], found.stops) == (State.NOTE, ["wish"], False)
    assert "processes assign" in doctor.say(Words(), found)


def test_an_install_that_differs_from_the_lock(
    opened: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("click==0.1 \\\n    --hash=sha256:0\n    # via warmline\nno-such-package==1\n")
    monkeypatch.setattr(doctor, "LOCK", lock)
    assert _of(examined(opened), "install").params == {"packages": ["click", "no-such-package"]}
    lock.unlink()
    assert _of(examined(opened), "install").state is State.NOTE


def test_an_old_python_and_missing_demo_data(opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> Path:
        raise DemoDataMissingError

    monkeypatch.setattr(doctor, "purchases_path", absent)
    monkeypatch.setattr(doctor, "_OLDEST_PYTHON", (99, 0))
    findings = examined(opened)
    assert _of(findings, "python").stops
    assert _of(findings, "demo_data").state is State.NOTE
    assert not _of(findings, "demo_data").stops


def test_every_finding_that_the_code_can_make_has_words_and_the_other_way_round() -> None:
    code = Path(doctor.__file__).read_text()
    page = (Path(doctor.__file__).parents[1] / "templates" / "text" / "doctor.j2").read_text()
    macros = set(re.findall(r"macro (\w+)\(", page))
    checks = {
        "python": {"ok", "old"},
        "install": {"ok", "unlocked", "differs"},
        "demo_data": {"ok", "none"},
        "database": {"ok", "empty", "differs", "unreachable"},
        "kinds": {"ok", "unassigned"},
        "zone": {"ok", "default"},
        "bot_token": {"ok", "none", "form"},
        "app_token": {"ok", "none", "form"},
        "signing_secret": {"ok", "form"},
        "mode": {"none"},
        "auth": {"ok", "refused", "unreachable"},
        "socket": {"ok", "refused", "unreachable"},
        "scopes": {"ok", "lacking"},
        "channel": {"ok", "none", "unknown", "archived", "outside", "unasked"},
        "managers": {"ok", "none", "unknown"},
        "ingest_keys": {"ok", "none", "short"},
    }
    assert set(re.findall(r'Finding\(\s*"(\w+)"', code)) | {
        "bot_token",
        "app_token",
        "auth",
        "socket",
    } == set(checks)
    wanted = {f"{check}_{problem}" for check, problems in checks.items() for problem in problems}
    assert wanted | {"ready", "not_ready", "upgraded"} == macros
