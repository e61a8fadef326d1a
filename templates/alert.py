"""The message that tells one alert: what happened, in numbers; whose customer; what to do; where it stands.

It must not know where any of it came from.
"""

from collections.abc import Sequence
from dataclasses import replace

from slack_sdk.models.blocks import Block, InteractiveElement

from rules.alerts.person import BY_PERSON, Snooze
from rules.alerts.rule import AlertKind
from rules.alerts.states import Resolution
from templates import blocks, facts, limits
from templates.blocks import Rendered
from templates.codec import USEFUL, USELESS, Press, action_id, encode
from templates.condition_words import condition_words
from templates.limits import LayoutError
from templates.people import customer_name, customer_name_plain, mention
from templates.views import AlertView, Standing
from templates.voice import Voice, title
from templates.words import Mrkdwn, cut, escape, literal

KIND_EMOJI = {AlertKind.PROBLEM: "📉", AlertKind.OPPORTUNITY: "📈"}
END_EMOJI = {
    Resolution.RECOVERED: "✅",
    Resolution.LOST: "🚪",
    Resolution.NOT_AN_ISSUE: "👌",
    Resolution.EXPIRED: "⌛",
    Resolution.RULE_CHANGED: "📝",
}
_MOST_FACTS = 8
_LENGTHS = [Snooze.HOUR, Snooze.MORNING, Snooze.WEEK, Snooze.DATE, Snooze.WORSE]
_FACTS_OF_MANY = 4
"""Numbers of each alert, where one message tells several."""


def alert_message(view: AlertView, voice: Voice) -> Rendered:
    """Lay out an alert as it stands; when it has ended, only the button that shows the customer stays."""
    return blocks.rendered(sentence(view, voice), _layout(view, voice))


def _layout(view: AlertView, voice: Voice) -> list[Block]:
    ended = view.standing.resolution is not None
    layout: list[Block] = [
        blocks.header(_headline(view, voice)),
        blocks.section(standing(view.standing, voice)),
    ]
    numbers = _numbers(view, voice)
    if numbers:
        layout.append(blocks.fields(numbers))
    if view.rule.action and not ended:
        action = cut(view.rule.action, limits.ACTION)
        layout.append(blocks.section(voice.say("alert", "suggestion", action=action)))
    layout += [blocks.context(line) for line in _small_print(view, voice)]
    buttons = [_customer_button(view, voice)] if ended else _buttons(view, voice)
    # The number of steps in the id makes Slack forget what was chosen in a menu once it was done.
    layout.append(blocks.actions(buttons, block_id=f"alert-{view.id}-{view.steps}"))
    if ended or view.standing.claimed_by is not None:
        layout += _question(view, voice)
    return layout


def voted(voice: Voice, *, useful: bool) -> Rendered:
    """Thank somebody for saying whether an alert was useful."""
    text = voice.say("alert", "voted", useful=useful)
    return blocks.rendered(text, [blocks.section(text)])


def _question(view: AlertView, voice: Voice) -> list[Block]:
    """Ask whether the alert was useful, of whoever has dealt with it."""
    buttons: list[InteractiveElement] = [
        blocks.button(
            voice.plain("alert", f"button_{choice}"),
            action=f"{action_id(Press.VOTE)}.{choice}",
            value=encode(Press.VOTE, view.id, choice),
        )
        for choice in (USEFUL, USELESS)
    ]
    return [
        blocks.context(voice.say("alert", "useful")),
        blocks.actions(buttons, block_id=f"useful-{view.id}"),
    ]


def customer_message(views: Sequence[AlertView], voice: Voice) -> Rendered:
    """Lay out several alerts of one customer as they stand: who it is once, then each with its numbers and buttons."""
    customer = customer_name(views[0].customer, voice)
    still_open = sum(view.standing.resolution is None for view in views)
    rules = voice.say("common", "list_and", items=[title(view.rule.name) for view in views])
    text = voice.say(
        "alert", "customer_sentence", customer=customer, n=len(views), rules=rules, open=still_open
    )
    try:
        return blocks.rendered(text, _customer_layout(views, voice, most_facts=_FACTS_OF_MANY))
    except LayoutError:
        return blocks.rendered(text, _customer_layout(views, voice, most_facts=1))


def _customer_layout(views: Sequence[AlertView], voice: Voice, *, most_facts: int) -> list[Block]:
    name = customer_name_plain(views[0].customer, voice)
    ended = all(view.standing.resolution is not None for view in views)
    emoji = "✅" if ended else KIND_EMOJI[views[0].rule.kind]
    layout: list[Block] = [
        blocks.header(voice.plain("alert", "customer_headline", emoji=emoji, customer=name, n=len(views))),
        blocks.context(voice.say("alert", "small_line", parts=_once(views[0], voice))),
    ]
    for view in views:
        layout += [blocks.divider(), *_part(view, voice, most_facts)]
    return [*layout, blocks.divider(), blocks.actions([_customer_button(views[0], voice)])]


def _once(view: AlertView, voice: Voice) -> list[Mrkdwn]:
    """Say of a customer what is the same in all its alerts."""
    parts = _about_customer(view, voice)
    if view.spent is not None:
        money = voice.figures.money(view.spent.minor, view.spent.currency)
        parts.append(voice.say("alert", "evidence", label=voice.plain("terms", "total"), value=money))
    return parts


def _part(view: AlertView, voice: Voice, most_facts: int) -> list[Block]:
    """Lay out one alert of several: who the customer is, stands above."""
    resolution = view.standing.resolution
    emoji = KIND_EMOJI[view.rule.kind] if resolution is None else END_EMOJI[resolution]
    said = voice.say(
        "alert",
        "customer_part",
        emoji=emoji,
        rule=title(view.rule.name),
        standing=standing(view.standing, voice),
    )
    layout: list[Block] = [blocks.section(said)]
    numbers = _numbers(replace(view, spent=None), voice)[:most_facts]
    if numbers:
        layout.append(blocks.fields(numbers))
    if view.rule.action and resolution is None:
        action = cut(view.rule.action, limits.ACTION // 2)
        layout.append(blocks.section(voice.say("alert", "suggestion", action=action)))
    condition = condition_words(view.rule.condition, voice)
    layout += [
        blocks.context(voice.say("alert", "small_line", parts=_about_alert(view, voice))),
        blocks.context(voice.say("alert", "watched", condition=condition)),
    ]
    if resolution is None:
        layout.append(blocks.actions(_steps(view, voice), block_id=f"alert-{view.id}-{view.steps}"))
    return layout


def snoozed(view: AlertView, voice: Voice) -> Rendered:
    """Say to whoever snoozed an alert by a command until when it sleeps."""
    name = customer_name(view.customer, voice)
    text = voice.say("alert", "snoozed", rule=title(view.rule.name), customer=name, id=str(view.id))
    layout: list[Block] = [blocks.section(text), blocks.section(standing(view.standing, voice))]
    return blocks.rendered(Mrkdwn(f"{text} {standing(view.standing, voice)}"), layout)


def sentence(view: AlertView, voice: Voice) -> Mrkdwn:
    """Say an alert in a sentence, as a notification shows it."""
    first = view.facts[0] if view.facts else None
    evidence = (
        voice.say("alert", "evidence", label=facts.label(first, voice), value=facts.value(first, voice))
        if first
        else ""
    )
    return voice.say(
        "alert",
        "sentence",
        rule=title(view.rule.name),
        customer=customer_name(view.customer, voice),
        evidence=evidence,
        standing=standing(view.standing, voice),
    )


def standing(where: Standing, voice: Voice) -> Mrkdwn:
    """Say where an alert stands."""
    if where.resolution is not None:
        who = mention(where.resolved_by) if where.resolved_by else ""
        return voice.say("alert", f"standing_{where.resolution}", who=who)
    if where.snoozed_until is not None:
        until = voice.figures.slack_time(where.snoozed_until)
        return voice.say(
            "alert",
            "standing_snoozed",
            until=until,
            who=mention(where.snoozed_by),
            worse=where.until_worse,
            note=cut(where.snooze_note, limits.NOTE),
        )
    if where.claimed_by is not None:
        return voice.say("alert", "standing_claimed", who=mention(where.claimed_by))
    return voice.say("alert", "standing_open")


def mark(where: Standing) -> str:
    """Give the sign of where an alert stands."""
    if where.resolution is not None:
        return END_EMOJI[where.resolution]
    if where.snoozed_until is not None:
        return "💤"
    return "👀" if where.claimed_by is not None else "⚪"


def _headline(view: AlertView, voice: Voice) -> str:
    resolution = view.standing.resolution
    emoji = END_EMOJI[resolution] if resolution is not None else KIND_EMOJI[view.rule.kind]
    name = customer_name_plain(view.customer, voice)
    return voice.plain("alert", "headline", emoji=emoji, rule=title(view.rule.name), customer=name)


def _numbers(view: AlertView, voice: Voice) -> list[Mrkdwn]:
    shown = [(facts.label(fact, voice), facts.value(fact, voice)) for fact in view.facts[:_MOST_FACTS]]
    if view.spent is not None:
        money = voice.figures.money(view.spent.minor, view.spent.currency)
        shown.append((voice.plain("terms", "total"), money))
    return [voice.say("alert", "fact", label=label, value=value) for label, value in shown]


def _small_print(view: AlertView, voice: Voice) -> list[Mrkdwn]:
    severity, kind, number = _about_alert(view, voice)
    parts = [severity, kind, *_about_customer(view, voice), number]
    condition = condition_words(view.rule.condition, voice)
    lines = [
        voice.say("alert", "small_line", parts=parts),
        voice.say("alert", "watched", condition=condition),
    ]
    if view.nobody is not None:
        # An address is written as it is: nobody bears it, so nobody is called by it.
        lines.append(voice.say("alert", "nobody", owner=cut(view.nobody, limits.NAME)))
    return lines


def _about_alert(view: AlertView, voice: Voice) -> list[Mrkdwn]:
    return [
        voice.say("common", f"severity_{view.rule.severity}"),
        voice.say("common", f"kind_{view.rule.kind}"),
        voice.say("alert", "small_number", id=str(view.id), when=voice.figures.day(view.opened_at)),
    ]


def _about_customer(view: AlertView, voice: Voice) -> list[Mrkdwn]:
    who, parts = view.customer, list[Mrkdwn]()
    if who.segment:
        parts.append(escape(cut(who.segment, limits.NAME)))
    if who.owner:
        parts.append(voice.say("alert", "small_owner", owner=mention(who.owner)))
    parts.append(voice.say("alert", "small_id", id=cut(who.external_id, limits.NAME)))
    if who.url:
        parts.append(voice.say("alert", "small_link", url=literal(who.url)))
    return parts


def _buttons(view: AlertView, voice: Voice) -> list[InteractiveElement]:
    return [*_steps(view, voice), _customer_button(view, voice)]


def _steps(view: AlertView, voice: Voice) -> list[InteractiveElement]:
    """Give what a person may do to an alert."""
    claimed, snoozed = view.standing.claimed_by is not None, view.standing.snoozed_until is not None
    press = Press.UNCLAIM if claimed else Press.CLAIM
    lengths = [Snooze.WAKE] if snoozed else _LENGTHS
    return [
        blocks.button(
            voice.plain("common", f"button_{press}"),
            action=action_id(press),
            value=encode(press, view.id),
            style=None if claimed else "primary",
        ),
        blocks.menu(
            voice.plain("common", "button_snooze"),
            action=action_id(Press.SNOOZE),
            options=[
                (voice.plain("common", f"snooze_{length}"), encode(Press.SNOOZE, view.id, length))
                for length in lengths
            ],
        ),
        blocks.menu(
            voice.plain("common", "button_resolve"),
            action=action_id(Press.RESOLVE),
            options=[
                (voice.plain("common", f"resolution_{end}"), encode(Press.RESOLVE, view.id, end))
                for end in BY_PERSON
            ],
        ),
    ]


def _customer_button(view: AlertView, voice: Voice) -> InteractiveElement:
    return blocks.button(
        voice.plain("common", "button_customer"),
        action=action_id(Press.CUSTOMER),
        value=encode(Press.CUSTOMER, view.id),
    )
