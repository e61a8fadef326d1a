"""Answers to whoever asked, seen by them alone; and how an error becomes one.

It must not know what was asked.
"""

import secrets
from http.client import HTTPException

import structlog
from slack_sdk.webhook import WebhookClient

from handlers.slack.typed import UsageError
from rules.errors import WarmlineError
from templates import blocks
from templates.blocks import Rendered
from templates.help import command_help
from templates.limits import Block, LayoutError
from templates.voice import Voice

_TIMEOUT_S = 10
_BAD_REQUEST = 400

log = structlog.get_logger(__name__)


def reply(response_url: str, answer: Rendered, *, replace: bool = False) -> None:
    """Answer by the URL that came with the question; ``replace`` the message that was pressed, an ephemeral one.

    Nobody waits for an answer that did not get through, so that is logged and nothing more.
    """
    client = WebhookClient(response_url, timeout=_TIMEOUT_S, retry_handlers=[])
    refused = _send(client, answer.text, answer.blocks, replace=replace)
    if refused == _BAD_REQUEST and answer.elsewhere:
        # A workspace that has no charts yet refuses the whole message.
        refused = _send(client, answer.text, answer.elsewhere, replace=replace)
    if refused is not None:
        log.warning("reply_refused", status=refused)


def _send(client: WebhookClient, text: str, blocks: list[Block], *, replace: bool) -> int | None:
    """Send, and give the status of a refusal."""
    try:
        said = client.send(
            text=text,
            blocks=blocks or None,
            response_type="ephemeral",
            replace_original=replace,
            delete_original=False,
        )
    except (OSError, HTTPException, ValueError) as error:
        log.warning("reply_lost", kind=type(error).__name__)
        return None
    return None if said.status_code == 200 else said.status_code


def error_answer(error: Exception, voice: Voice, *, command: str | None = None) -> Rendered:
    """Say what went wrong and what to do next; of what nobody foresaw, a reference that stands in the log."""
    if isinstance(error, UsageError) and command is not None:
        return command_help(command, voice, wrong=voice.words.error(error))
    if isinstance(error, WarmlineError):
        return blocks.rendered(voice.words.error(error))
    if isinstance(error, LayoutError):
        log.error("layout_refused", problems=error.problems)
        return Rendered(error.text)
    reference = secrets.token_hex(4)
    log.error("listener_failed", reference=reference, command=command, exc_info=error)
    return blocks.rendered(voice.say("errors", "unexpected", reference=reference))
