"""Buttons and menus: what each press does, and what its presser gets to see.

A press in a message of the channel is told by the message itself; in an ephemeral one, that one is replaced.
"""

from dataclasses import dataclass

from handlers import answer, clearing, drafts, lifecycle_drafts, rulebook
from handlers.act import act
from handlers.rulebook import Request
from handlers.slack.alerts.listing import my_page, open_page
from handlers.slack.asked import Asked
from handlers.slack.customer import attention_page
from handlers.slack.modals import snooze_dialog
from handlers.votes import vote
from rules.alerts.person import Snooze
from templates import lifecycle_pages
from templates.alert import alert_message, voted
from templates.blocks import Rendered
from templates.card import customer_card, timeline_page
from templates.codec import Press, Value
from templates.digest import digest_page
from templates.held import held_page
from templates.modals import Modal
from templates.preview import draft_cancelled
from templates.quality import cleared
from templates.rule_pages import rule_change

_LAST_PAGE = 100_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What the presser sees; ``replace`` where it takes the place of an ephemeral message that was pressed."""

    answer: Rendered | None
    replace: bool = False
    modal: Modal | None = None
    """The dialog that opens."""


def pressed(asked: Asked, value: Value, *, ephemeral: bool) -> Shown:
    """Do what a press asks for; ``ephemeral`` where the message that was pressed is the presser's alone."""
    match value.press:
        case Press.CLAIM | Press.UNCLAIM | Press.SNOOZE | Press.RESOLVE | Press.VOTE | Press.CLEAR:
            return _done(asked, value, ephemeral=ephemeral)
        case Press.ALERT:
            return Shown(_alert(asked, value.subject))
        case Press.CUSTOMER:
            return Shown(customer_card(answer.card_of_alert(asked.ctx, value.subject), asked.voice()))
        case Press.CARD:
            return Shown(customer_card(answer.card(asked.ctx, value.subject), asked.voice()))
        case Press.TIMELINE:
            page = answer.timeline(asked.ctx, value.subject, int(value.choice))
            return Shown(timeline_page(page, asked.voice()), replace=ephemeral and int(value.choice) > 0)
        case Press.DIGEST:
            return Shown(_digest(asked, value.subject, int(value.choice)), replace=ephemeral)
        case Press.SAVE | Press.CANCEL | Press.ADOPT | Press.DISCARD | Press.REROUTE:
            return Shown(_decided(asked, value), replace=True)
        case Press.OPEN | Press.MINE | Press.NEEDY | Press.MY_NEEDY:
            return Shown(_turned(asked, value), replace=ephemeral)


def _done(asked: Asked, value: Value, *, ephemeral: bool) -> Shown:
    """Do what changes alerts; a message in a channel shows by itself what was done."""
    if value.press is Press.SNOOZE and value.choice == Snooze.DATE:
        return Shown(None, modal=snooze_dialog(asked, value))
    if value.press is Press.VOTE:
        useful = vote(asked.ctx, actor=asked.actor(), value=value, key=asked.key)
        return Shown(None if useful is None else voted(asked.voice(), useful=useful))
    if value.press is Press.CLEAR:
        request = Request(asked.actor(), asked.key)
        ended = clearing.clear(asked.ctx, request, value.subject, int(value.choice))
        return Shown(None if ended is None else cleared(ended, asked.voice()), replace=ephemeral)
    acted = act(asked.ctx, actor=asked.actor(), value=value, key=asked.key)
    if acted.alert is None or not ephemeral:
        return Shown(None)
    return Shown(_alert(asked, acted.alert.id), replace=True)


def _decided(asked: Asked, value: Value) -> Rendered | None:
    request = Request(asked.actor(), asked.key)
    if value.press in {Press.ADOPT, Press.DISCARD}:
        return _decided_of_lifecycle(asked, value, request)
    if value.press is Press.CANCEL:
        return draft_cancelled(drafts.cancel(asked.ctx, request, value.subject), asked.voice())
    if value.press is Press.REROUTE:
        saved = rulebook.reroute(asked.ctx, request, value.subject, value.choice)
    else:
        saved = drafts.save(asked.ctx, request, value.subject)
    return rule_change(saved, asked.voice()) if saved is not None else None


def _decided_of_lifecycle(asked: Asked, value: Value, request: Request) -> Rendered | None:
    if value.press is Press.DISCARD:
        lifecycle_drafts.cancel(asked.ctx, request, value.subject)
        return lifecycle_pages.cancelled(asked.voice())
    saved = lifecycle_drafts.save(asked.ctx, request, value.subject)
    return lifecycle_pages.changed(saved, asked.voice()) if saved is not None else None


def _turned(asked: Asked, value: Value) -> Rendered:
    # Nobody turns so far; a forged number must not become one that no database can count to.
    page = min(value.subject - 1, _LAST_PAGE)
    match value.press:
        case Press.OPEN:
            return open_page(asked, page)
        case Press.MINE:
            return my_page(asked, page)
        case _:
            return attention_page(asked, page, mine=value.press is Press.MY_NEEDY)


def _alert(asked: Asked, alert_id: int) -> Rendered:
    return alert_message(answer.alert(asked.ctx, alert_id), asked.voice())


def _digest(asked: Asked, root: int, page: int) -> Rendered:
    rows = answer.held_rows(asked.ctx, root, page)
    if rows is not None:
        at, waiting, n = rows
        return held_page(waiting, root=root, at=at, page=page, total=n, voice=asked.voice())
    rule, members, total = answer.digest_rows(asked.ctx, root, page)
    return digest_page(rule, members, root=root, page=page, total=total, voice=asked.voice())
