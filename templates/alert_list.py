"""Alerts in lists, a page at a time, and everything that explains one of them.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, InteractiveElement

from rules.alerts.states import Reason
from templates import blocks, facts, limits
from templates.alert import KIND_EMOJI, mark, standing
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.condition_words import condition_code
from templates.people import customer_name, customer_name_plain, mention
from templates.steps import step_words
from templates.suppressions import suppression_line
from templates.views import AlertPage, DeliveryView, ListedAlert, WhyView
from templates.voice import Voice, title
from templates.words import Mrkdwn, cut

_REASONS = (
    Reason.ENTERED,
    Reason.BACKLOG,
    Reason.BACKLOG_EACH,
    Reason.COOLDOWN_OVER,
    Reason.PENDING_OVER,
)
_MOST_EVIDENCE = 10
_MOST_STEPS = 15
_MOST_HELD = 5
_MOST_MESSAGES = 10


def alert_page(view: AlertPage, voice: Voice, *, mine: bool, page_size: int) -> Rendered:
    """Lay out a page of open alerts, with buttons that turn it."""
    listed = "mine" if mine else "open"
    if not view.alerts:
        text = voice.say("alerts", f"{listed}_none")
        return blocks.rendered(text, [blocks.section(text)])
    total = {"n": view.total, "shown": voice.figures.number(view.total)}
    text = voice.say("alerts", f"{listed}_title", total=total)
    layout: list[Block] = [blocks.section(text), *alert_rows(view.alerts, voice)]
    press = Press.MINE if mine else Press.OPEN
    turns: list[InteractiveElement] = []
    if view.page > 0:
        turns.append(_turn("button_previous", press, view.page - 1, voice))
    if view.page * page_size + len(view.alerts) < view.total:
        turns.append(_turn("button_next", press, view.page + 1, voice))
    if turns:
        layout.append(blocks.actions(turns))
    return blocks.rendered(text, layout)


def alert_rows(alerts: Sequence[ListedAlert], voice: Voice) -> list[Block]:
    """Give a row for each alert, with a button that opens it."""
    return [
        blocks.section(
            _row(one, voice),
            accessory=blocks.button(
                voice.plain("common", "button_show"),
                action=action_id(Press.ALERT),
                value=encode(Press.ALERT, one.id),
            ),
        )
        for one in alerts
    ]


def why(view: WhyView, voice: Voice) -> Rendered:
    """Explain an alert: the rule, the numbers then and now, what happened to it, how it was told."""
    alert = view.alert
    reason = view.reason if view.reason in _REASONS else "other"
    said = {
        "id": str(alert.id),
        "rule": title(alert.rule.name),
    }
    rule = voice.say(
        "alerts",
        "rule",
        rule=title(alert.rule.name),
        version=str(view.version),
        author=mention(view.author),
        when=voice.figures.slack_time(view.at),
        condition=condition_code(alert.rule.condition),
    )
    sentence = voice.say(
        "alerts",
        "why_sentence",
        name=customer_name(alert.customer, voice),
        reason=voice.say("alerts", f"reason_{reason}"),
        **said,
    )
    layout: list[Block] = [
        blocks.header(
            voice.plain("alerts", "why_title", name=customer_name_plain(alert.customer, voice), **said)
        ),
        blocks.section(sentence),
        blocks.section(standing(alert.standing, voice)),
        blocks.section(rule),
    ]
    if view.leaving_at is not None:
        until = voice.figures.slack_time(view.leaving_at)
        layout.insert(3, blocks.section(voice.say("alerts", "leaving", until=until)))
    for heading, lines in (
        ("evidence_title", _evidence(view, voice)),
        ("steps_title", _steps(view, voice)),
        ("held_title", _held(view, voice)),
        ("messages_title", deliveries(view.messages, voice)),
    ):
        if lines:
            layout += blocks.paragraphs([voice.say("alerts", heading), *lines])
    return blocks.rendered(sentence, layout)


def _row(one: ListedAlert, voice: Voice) -> Mrkdwn:
    fact = (
        voice.plain(
            "alert", "evidence", label=facts.label(one.fact, voice), value=facts.value(one.fact, voice)
        )
        if one.fact
        else ""
    )
    return voice.say(
        "alerts",
        "row",
        emoji=KIND_EMOJI[one.kind],
        rule=title(one.rule),
        name=customer_name(one.customer, voice, limits.LISTED_NAME),
        fact=fact,
        mark=mark(one.standing),
        day=voice.figures.day(one.opened_at),
        id=str(one.id),
    )


def _turn(label: str, press: Press, page: int, voice: Voice) -> InteractiveElement:
    return blocks.button(
        voice.plain("common", label),
        action=f"{action_id(press)}.{label}",
        value=encode(press, page + 1),
    )


def _evidence(view: WhyView, voice: Voice) -> list[Mrkdwn]:
    now = {one.term: facts.value(one, voice) for one in view.values_now}
    unseen = voice.plain("alerts", "unseen")
    return [
        voice.say(
            "alerts",
            "evidence",
            label=facts.label(one, voice),
            before=facts.value(one, voice),
            now=now.get(one.term, unseen),
        )
        for one in view.alert.facts[:_MOST_EVIDENCE]
    ] + more_of(len(view.alert.facts) - _MOST_EVIDENCE, voice)


def more_of(more: int, voice: Voice) -> list[Mrkdwn]:
    """Say that there are ``more`` besides those that are listed; nothing where there are none."""
    return [voice.say("alerts", "more", n=more)] if more > 0 else []


def _steps(view: WhyView, voice: Voice) -> list[Mrkdwn]:
    shown = view.steps if len(view.steps) <= _MOST_STEPS else (view.steps[0], *view.steps[1 - _MOST_STEPS :])
    return [
        voice.say(
            "alerts",
            "step",
            when=voice.figures.slack_time(one.at),
            said=step_words(one.step, voice, short=True),
        )
        for one in shown
    ]


def _held(view: WhyView, voice: Voice) -> list[Mrkdwn]:
    last = view.suppressions[-_MOST_HELD:]
    return [voice.say("alerts", "held", said=suppression_line(one, voice)) for one in last]


def deliveries(messages: Sequence[DeliveryView], voice: Voice) -> list[Mrkdwn]:
    """Say of each message where it stands on its way, and how often it was tried."""
    return [
        voice.say(
            "alerts",
            "message",
            call=voice.say("alerts", f"call_{one.call}"),
            state=voice.say("alerts", f"state_{one.state}"),
            reason=cut(one.reason or "", 80),
            attempts=one.attempts,
        )
        for one in messages[:_MOST_MESSAGES]
    ]
