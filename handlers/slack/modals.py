"""Dialogs: opened by a press, and what their submission does. Who submits is asked again whether that is allowed."""

from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPException
from typing import Any, ClassVar, Final

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from handlers.act import Said, act
from handlers.slack.asked import Asked
from rules.alerts.person import MORNING, AlertEndedError
from rules.errors import WarmlineError
from rules.instants import InstantError
from templates.codec import Press, StaleButtonError, Value, decode
from templates.modals import DAY_BLOCK, INPUT, REASON_BLOCK, Modal, snooze_modal

log = structlog.get_logger(__name__)
_LATER: Final = 7
"""Days ahead of today that the dialog begins with."""


class NoDayChosenError(WarmlineError):
    """The dialog was submitted without a day that can be read."""

    code: ClassVar[str] = "no_day_chosen"


class DialogNotOpenedError(WarmlineError):
    """Slack did not open the dialog; ``usage`` does the same without one."""

    code: ClassVar[str] = "dialog_not_opened"


def snooze_dialog(asked: Asked, value: Value) -> Modal:
    """Give the dialog that asks until which day an alert is to sleep.

    Raises `answer.NoAlertError`, or `AlertEndedError` for one that has ended.
    """
    view = asked.view(value.subject)
    if view.standing.resolution is not None:
        raise AlertEndedError(resolution=str(view.standing.resolution), by=view.standing.resolved_by)
    ctx = asked.ctx
    return snooze_modal(
        view, value.choice, ctx.calendar.date_of(ctx.now()) + timedelta(days=_LATER), asked.voice()
    )


def opened(client: WebClient, trigger: str, modal: Modal) -> bool:
    """Open a dialog by the trigger of a press, which Slack honours for three seconds; whether it did."""
    try:
        client.views_open(trigger_id=trigger, view=modal)
    except (SlackClientError, OSError, HTTPException, ValueError) as error:
        log.warning("dialog_not_opened", kind=type(error).__name__)
        return False
    return True


def submitted(asked: Asked, view: Mapping[str, Any]) -> None:
    """Do what a submitted dialog asks for, once.

    Raises `StaleButtonError` for a forged one, `NoDayChosenError`, and what `handlers.act.act` raises.
    """
    value = decode(view.get("private_metadata"))
    if value.press is not Press.SNOOZE:
        raise StaleButtonError
    values = (view.get("state") or {}).get("values") or {}
    day, note = _entered(values, DAY_BLOCK, "selected_date"), _entered(values, REASON_BLOCK, "value")
    act(asked.ctx, actor=asked.actor(), value=value, key=asked.key, said=Said(_until(asked, day), note))


def _until(asked: Asked, day: str) -> int:
    calendar = asked.ctx.calendar
    if len(day) != len("2026-12-24"):
        raise NoDayChosenError
    try:
        return calendar.parse(day + MORNING)
    except InstantError as error:
        raise NoDayChosenError from error


def _entered(values: Mapping[str, Any], block: str, name: str) -> str:
    element = (values.get(block) or {}).get(INPUT) or {}
    said = element.get(name)
    return said if isinstance(said, str) else ""
