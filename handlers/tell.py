"""What a message of the outbox says, as things stand now.

It must not know how or when it is sent.
"""

from datetime import date
from typing import assert_never

import structlog

from handlers import held, shown
from handlers.context import Context
from storage import alerts, outbox
from storage.database import Transaction
from storage.outbox import Call, Message, Subject
from templates.alert import alert_message, customer_message
from templates.blocks import Rendered
from templates.digest import digest_message
from templates.escalation import escalation_message
from templates.held import held_message
from templates.limits import LayoutError
from templates.notices import notice, replacing
from templates.routes import thread_head
from templates.steps import steps_reply
from templates.views import StepsView

log = structlog.get_logger(__name__)


def render(tx: Transaction, message: Message, ctx: Context) -> Rendered:
    """Say what ``message`` is about; the words alone where the layout would be refused."""
    try:
        rendered = _render(tx, message, ctx)
        return replacing(rendered, shown.voice(ctx)) if _is_posted_anew(tx, message) else rendered
    except LayoutError as error:
        log.exception(
            "layout_refused", subject=str(message.subject), outbox=message.id, problems=error.problems
        )
        return Rendered(error.text)


def goes_on(tx: Transaction, message: Message) -> bool:
    """Tell whether something that a message tells has not ended: only then is it missed where somebody deletes it."""
    # An alert that is brought elsewhere is told by another message.
    return alerts.any_open(tx, int(message.payload.get("root", message.id)))


def _render(tx: Transaction, message: Message, ctx: Context) -> Rendered:
    voice = shown.voice_in(tx, ctx, message.channel)
    match message.subject:
        case Subject.ALERT:
            found = alerts.by_id(tx, message.alert_id) if message.alert_id is not None else None
            if found is None:
                raise LookupError(f"message {message.id} tells no alert")
            return alert_message(shown.alert_view(tx, found, ctx, nobody=_nobody(tx, message)), voice)
        case Subject.ESCALATION:
            return _escalation(tx, message, ctx)
        case Subject.CUSTOMER:
            root = _teller(message)
            views = [shown.alert_view(tx, one, ctx) for one in alerts.of_root(tx, root)]
            return customer_message(views, voice)
        case Subject.GROUP:
            return digest_message(shown.digest_view(tx, _teller(message), ctx), voice)
        case Subject.DIGEST:
            return held_message(held.view(tx, _teller(message), ctx), voice)
        case Subject.THREAD:
            return thread_head(date.fromisoformat(message.payload["day"]), voice)
        case Subject.STEPS:
            steps = shown.step_views(tx, alerts.told_in(tx, message.id), ctx)
            return steps_reply(StepsView(steps), voice)
        case Subject.NOTICE:
            payload = message.payload
            return notice(str(payload["code"]), payload["params"], voice, choose=payload.get("choose"))
        case _:
            assert_never(message.subject)


def _teller(message: Message) -> int:
    """Give the number of the message that tells alerts: an edit shows what its root does; a reply may tell alerts itself."""
    return message.root if message.call is Call.UPDATE and message.root is not None else message.id


def _nobody(tx: Transaction, message: Message) -> str | None:
    """Give the owner whom a route led to and who is nobody in Slack, where that is so."""
    teller = message if message.call is not Call.UPDATE else outbox.get(tx, _teller(message))
    said = teller.payload.get("nobody")
    return None if said is None else str(said)


def _escalation(tx: Transaction, message: Message, ctx: Context) -> Rendered:
    """Say an alert again, or the message that tells it with others, and why it is brought here."""
    first = outbox.get(tx, message.root) if message.root is not None else message
    root = outbox.get(tx, int(first.payload["root"]))
    found = alerts.by_id(tx, message.alert_id) if message.alert_id is not None else None
    if found is None:
        raise LookupError(f"message {message.id} tells no alert")
    voice = shown.voice_in(tx, ctx, message.channel)
    match root.subject:
        case Subject.GROUP:
            told = digest_message(shown.digest_view(tx, root.id, ctx), voice)
        case Subject.DIGEST:
            told = held_message(held.view(tx, root.id, ctx), voice)
        case _:
            told = alert_message(shown.alert_view(tx, found, ctx), voice)
    channel = root.posted_channel or root.channel or ctx.default_channel
    return escalation_message(told, after=int(first.payload["after"]), channel=channel, voice=voice)


def _is_posted_anew(tx: Transaction, message: Message) -> bool:
    """Tell whether what is posted, or edited, takes the place of a message that somebody deleted."""
    match message.call:
        case Call.POST:
            return bool(message.gone)
        case Call.UPDATE:
            return message.root is not None and bool(outbox.get(tx, message.root).gone)
        case Call.REPLY:
            return False
        case _:
            assert_never(message.call)
