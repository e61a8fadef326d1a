"""``bot.py doctor``: what is missing to run for real, and how to get it."""

import sys
from typing import Final

import click
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from handlers import doctor as use_case
from handlers.cli.base import FAILED, Cli, as_json, console, print_json
from handlers.doctor import Answer, Call, Finding, State

_MARKS: Final = {State.OK: "✓", State.NOTE: "·", State.MISSING: "✗", State.WRONG: "✗"}
_CALL_TIMEOUT: Final = 10


@click.command("doctor")
@as_json
@click.pass_obj
def doctor(cli: Cli, as_json: bool) -> None:
    """Say what is missing to run for real, and how to get it. Changes nothing."""
    call = slack_call(cli.settings.slack_api_url)
    findings = use_case.examine(cli.settings, cli.bare.database, call)
    stopping = [one for one in findings if one.stops]
    others = [one for one in findings if one.state in (State.MISSING, State.WRONG) and not one.stops]
    if as_json:
        print_json({"ready": not stopping, "findings": [_as_json(cli, one) for one in findings]})
    else:
        for one in findings:
            console().print(
                f"{_MARKS[one.state]} {one.state:8}{use_case.say(cli.words, one)}", soft_wrap=True
            )
        verdict = (
            cli.words.plain("doctor", "not_ready", n=len(stopping))
            if stopping
            else cli.words.plain("doctor", "ready", n=len(others))
        )
        console().print(verdict, soft_wrap=True)
    if stopping:
        sys.exit(FAILED)


def slack_call(base_url: str) -> Call:
    """Give the way to ask Slack, by Slack's own client."""

    def call(method: str, token: str, /, **params: str) -> Answer:
        client = WebClient(token=token, base_url=base_url, timeout=_CALL_TIMEOUT, retry_handlers=[])
        try:
            response = client.api_call(method, params=params)
        except SlackApiError as error:
            said = error.response.data
            word = said.get("error") if isinstance(said, dict) else None
            return Answer(ok=False, error=str(word or f"http_{error.response.status_code}"))
        except OSError:
            return Answer(ok=False, error="unreachable")
        granted = str(response.headers.get("x-oauth-scopes") or response.headers.get("X-OAuth-Scopes") or "")
        return Answer(
            ok=True,
            data=response.data if isinstance(response.data, dict) else {},
            scopes=frozenset(one.strip() for one in granted.split(",") if one.strip()),
        )

    return call


def _as_json(cli: Cli, finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "state": str(finding.state),
        "needed": finding.needed,
        "says": use_case.say(cli.words, finding),
    }
