"""``doctor`` on the command line, against a Web API on loopback that answers as Slack does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from handlers.cli.base import Cli
from handlers.cli.doctor import doctor, slack_call
from handlers.context import Context
from handlers.doctor import MANIFEST
from settings import Settings
from storage.database import Database
from tests import contexts
from tests.conftest import DatabaseUrls
from tests.handlers.http.serving import serving

ANSWERS: dict[str, dict[str, Any]] = {
    "auth.test": {"ok": True, "team": "Northwind", "user": "warmline"},
    "apps.connections.open": {"ok": True, "url": "wss://127.0.0.1/x"},
    "conversations.list": {"ok": True, "channels": [{"name": "care", "is_member": True}]},
    "users.info": {"ok": True, "user": {}},
}


@pytest.fixture
def api() -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    answers = {name: dict(answer) for name, answer in ANSWERS.items()}
    app = FastAPI()

    @app.post("/api/{method}")
    def called(method: str, request: Request) -> JSONResponse:
        assert request.headers["authorization"].startswith("Bearer x")
        return JSONResponse(answers[method], headers={"X-OAuth-Scopes": "chat:write, commands"})

    with serving(app) as url:
        yield url + "/api/", answers


def _run(url: str, database_url: str, *arguments: str, **changes: Any) -> Result:
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        **{
            "database_url": database_url,
            "slack_api_url": url,
            "slack_bot_token": "xoxb-1-2-abc",
            "slack_app_token": "xapp-1-A1-abc",
            "default_channel": "#care",
            "managers": "U1",
            **changes,
        },
    )

    def make(settings: Settings) -> Context:
        return contexts.context(Database(settings.database_url))

    cli = Cli(settings=settings, make=make)
    result = CliRunner().invoke(doctor, arguments, obj=cli)
    cli.close()
    return result


@pytest.fixture(autouse=True)
def manifest(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("manifest") / MANIFEST.name
    path.write_text("oauth_config:\n  scopes:\n    bot: [chat:write, commands]\n")
    monkeypatch.setattr("handlers.doctor.MANIFEST", path)


def test_all_in_order_is_exit_0(api: tuple[str, Any], new_database_url: DatabaseUrls) -> None:
    result = _run(api[0], new_database_url("sqlite"))
    assert result.exit_code == 0, result.output
    assert "Slack knows the bot as warmline in Northwind." in result.stdout
    assert "Everything that run needs is here." in result.stdout


def test_what_is_not_in_order_is_counted_though_run_works_without_it(
    api: tuple[str, Any], new_database_url: DatabaseUrls
) -> None:
    database = new_database_url("sqlite")
    one = _run(api[0], database, managers="")
    assert one.exit_code == 0, one.output
    assert "Everything that run needs is here; 1 other thing is not in order." in one.stdout
    two = _run(api[0], database, managers="", default_channel="#nowhere")
    assert two.exit_code == 0, two.output
    assert two.stdout.count("✗") == 2
    assert "Everything that run needs is here; 2 other things are not in order." in two.stdout


def test_what_is_missing_is_exit_1_and_a_json_object(
    api: tuple[str, dict[str, dict[str, Any]]], new_database_url: DatabaseUrls
) -> None:
    url, answers = api
    answers["auth.test"] = {"ok": False, "error": "token_revoked"}
    result = _run(url, new_database_url("sqlite"), "--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert said["ready"] is False
    (auth,) = [one for one in said["findings"] if one["check"] == "auth"]
    assert auth["state"] == "wrong"
    assert auth["needed"] is True
    assert "token_revoked" in auth["says"]
    assert "xoxb-1-2-abc" not in result.output
    text = _run(url, new_database_url("sqlite"))
    assert text.exit_code == 1
    assert "1 thing that run needs is not in order." in text.stdout


def test_nobody_at_the_other_end_is_unreachable() -> None:
    answer = slack_call("http://127.0.0.1:9/api/")("auth.test", "xoxb-1")
    assert (answer.ok, answer.error) == (False, "unreachable")


def test_an_answer_that_is_not_slack_s_is_an_error_and_no_crash() -> None:
    app = FastAPI()

    @app.post("/api/auth.test")
    def called() -> JSONResponse:
        return JSONResponse("<html>", status_code=502)

    with serving(app) as url:
        assert not slack_call(url + "/api/")("auth.test", "xoxb-1").ok
