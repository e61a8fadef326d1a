"""Modals: dialogs in which somebody says more than a button can.

It must not know where any of it came from, nor what follows.
"""

from datetime import date
from typing import Any, Final

from slack_sdk.models.blocks import DatePickerElement, InputBlock, PlainTextInputElement

from templates import blocks
from templates.codec import Press, action_id, encode
from templates.people import customer_name
from templates.views import AlertView
from templates.voice import Voice, title

Modal = dict[str, Any]
SNOOZE: Final = action_id(Press.SNOOZE)
"""The ``callback_id`` under which Slack reports that the dialog was submitted."""
DAY_BLOCK: Final = "day"
REASON_BLOCK: Final = "reason"
INPUT: Final = "input"
_MOST_REASON: Final = 3_000


def snooze_modal(view: AlertView, choice: str, initial: date, voice: Voice) -> Modal:
    """Ask until which day an alert is to sleep, and why; ``choice`` is what was pressed, ``initial`` a day to begin with."""
    said = voice.say(
        "modals", "snooze_about", rule=title(view.rule.name), name=customer_name(view.customer, voice)
    )
    about = blocks.section(said)
    day = InputBlock(
        block_id=DAY_BLOCK,
        label=blocks.plain(voice.plain("modals", "snooze_day")),
        element=DatePickerElement(action_id=INPUT, initial_date=initial.isoformat()),
        hint=blocks.plain(voice.plain("modals", "snooze_hint")),
    )
    reason = InputBlock(
        block_id=REASON_BLOCK,
        optional=True,
        label=blocks.plain(voice.plain("modals", "snooze_reason")),
        element=PlainTextInputElement(action_id=INPUT, max_length=_MOST_REASON),
    )
    return {
        "type": "modal",
        "callback_id": SNOOZE,
        "private_metadata": encode(Press.SNOOZE, view.id, choice),
        "title": blocks.plain(voice.plain("modals", "snooze_title")).to_dict(),
        "submit": blocks.plain(voice.plain("common", "button_snooze")).to_dict(),
        "close": blocks.plain(voice.plain("common", "button_cancel")).to_dict(),
        "blocks": [about.to_dict(), day.to_dict(), reason.to_dict()],
    }
