"""A customer in a message: the card, the timeline, and lists of customers.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, InteractiveElement

from templates import blocks, card_words, facts, limits
from templates.alert_list import alert_rows
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.health import health_lines
from templates.people import customer_name, customer_name_plain, mention
from templates.preview import bar_lines
from templates.views import AttentionPage, CardView, EventView, FoundCustomer, KindView, Money, TimelinePage
from templates.voice import Voice, spoken, title
from templates.words import Mrkdwn, cut, escape, literal, name_of

_MOST_KINDS = 6
_MOST_LABELS = 14
_MOST_ALERTS = 5
_MOST_DETAILS = 3


def customer_card(view: CardView, voice: Voice) -> Rendered:
    """Lay out a customer as one card."""
    layout: list[Block] = [
        blocks.header(customer_name_plain(view.person, voice)),
        blocks.context(_identity(view, voice)),
        *_standing(view, voice),
        *_health(view, voice),
        *_alerts(view, voice),
        *_worth(view, voice),
        *_events_so_far(view, voice),
    ]
    if view.events:
        lines = [voice.say("customer", "events_title"), *(_event(one, voice) for one in view.events)]
        layout += blocks.paragraphs(lines)
        button = _press("button_timeline", Press.TIMELINE, view.id, "0", voice)
        layout.append(blocks.actions([button]))
    return blocks.rendered(_sentence(view, voice), layout)


def timeline_page(view: TimelinePage, voice: Voice) -> Rendered:
    """Lay out a page of a customer's history."""
    name = customer_name(view.person, voice)
    layout: list[Block] = [
        blocks.header(voice.plain("customer", "timeline_title", name=customer_name_plain(view.person, voice)))
    ]
    lines = [_event(one, voice) for one in view.events]
    if view.pruned_before is not None:
        lines.append(voice.say("customer", "older_were_pruned", day=voice.figures.day(view.pruned_before)))
    layout += blocks.paragraphs(lines or [voice.say("customer", "nothing_happened")], most=9_000)
    turns: list[InteractiveElement] = []
    if view.page > 0:
        turns.append(_press("button_previous", Press.TIMELINE, view.id, str(view.page - 1), voice))
    if view.more:
        turns.append(_press("button_next", Press.TIMELINE, view.id, str(view.page + 1), voice))
    if turns:
        layout.append(blocks.actions(turns))
    return blocks.rendered(voice.say("customer", "timeline_sentence", name=name, n=len(view.events)), layout)


def customer_choice(
    text: str, found: Sequence[FoundCustomer], voice: Voice, *, more: bool = False
) -> Rendered:
    """Ask which of several customers is meant; ``more`` where there are others besides."""
    name = "choose_more" if more else "choose"
    return _customers(voice.say("customer", name, text=cut(text, 80), n=len(found)), found, voice)


def nearest_customers(said: Mrkdwn, near: Sequence[FoundCustomer], voice: Voice) -> Rendered:
    """Say that nobody is called so, and let one of those who are called like it be chosen."""
    return _customers(said, near, voice)


def found_customers(
    text: str, found: Sequence[FoundCustomer], voice: Voice, *, more: bool = False
) -> Rendered:
    """List those whom a search found; ``more`` where there are others besides."""
    name = "found_more" if more else "found"
    return _customers(voice.say("customer", name, text=cut(text, 80), n=len(found)), found, voice)


def attention_list(view: AttentionPage, voice: Voice, *, mine: bool, page_size: int) -> Rendered:
    """List customers with open alerts, a page at a time, with buttons that turn it."""
    listed = "attention_mine" if mine else "attention"
    if not view.customers:
        text = voice.say("customer", f"{listed}_gone" if view.total else f"{listed}_none")
        return blocks.rendered(text, [blocks.section(text)])
    text = voice.say("customer", listed, n=view.total, shown=voice.figures.number(view.total))
    if len(view.customers) < view.total:
        text = Mrkdwn(f"{text}\n{_which(view, voice, page_size)}")
    layout: list[Block] = [blocks.section(text), *_rows(view.customers, voice)]
    press = Press.MY_NEEDY if mine else Press.NEEDY
    turns: list[InteractiveElement] = []
    if view.page > 0:
        turns.append(_press("button_previous", press, view.page, "", voice))
    if view.page * page_size + len(view.customers) < view.total:
        turns.append(_press("button_next", press, view.page + 2, "", voice))
    if turns:
        layout.append(blocks.actions(turns))
    layout.append(blocks.context(voice.say("customer", "hint")))
    return blocks.rendered(text, layout)


def _which(view: AttentionPage, voice: Voice, page_size: int) -> Mrkdwn:
    n, total = len(view.customers), voice.figures.number(view.total)
    if view.page == 0:
        return voice.say("customer", "attention_top", n=n, total=total)
    first = view.page * page_size + 1
    last = voice.figures.number(first + n - 1)
    return voice.say("customer", "attention_span", first=voice.figures.number(first), last=last, total=total)


def _customers(text: Mrkdwn, found: Sequence[FoundCustomer], voice: Voice) -> Rendered:
    return blocks.rendered(text, [blocks.section(text), *_rows(found, voice)])


def _rows(found: Sequence[FoundCustomer], voice: Voice) -> list[Block]:
    return [
        blocks.section(_row(one, voice), accessory=_press("button_show", Press.CARD, one.id, "", voice))
        for one in found
    ]


def _row(one: FoundCustomer, voice: Voice) -> Mrkdwn:
    parts: list[str] = [name_of(one.person.external_id, limits.LISTED_NAME)]
    if one.email:
        parts.append(name_of(one.email, limits.LISTED_NAME))
    if one.person.segment:
        parts.append(name_of(one.person.segment, limits.LISTED_NAME))
    if one.spent is not None:
        parts.append(_money(one.spent, voice))
    if one.open_alerts:
        parts.append(voice.plain("customer", "row_alerts", n=one.open_alerts))
    name = Mrkdwn(f"*{customer_name(one.person, voice, limits.LISTED_NAME)}*")
    return voice.say("customer", "row", name=name, parts=parts)


def _press(label: str, press: Press, subject: int, choice: str, voice: Voice) -> InteractiveElement:
    return blocks.button(
        voice.plain("common", label),
        # Two buttons of a row need ids of their own; the part after the press is not looked at.
        action=f"{action_id(press)}.{label}",
        value=encode(press, subject, choice),
    )


def _sentence(view: CardView, voice: Voice) -> Mrkdwn:
    name = customer_name(view.person, voice)
    latest = max(view.kinds, key=lambda one: one.last_at, default=None)
    last = (
        voice.say("customer", "last", kind=spoken(latest.kind), when=_days_ago(latest.days_since, voice))
        if latest
        else ""
    )
    status = spoken(view.status) if view.status else ""
    return voice.say("customer", "sentence", name=name, status=status, last=last, open=len(view.alerts))


def _identity(view: CardView, voice: Voice) -> Mrkdwn:
    who = view.person
    parts: list[str] = [name_of(text, limits.NAME) for text in (who.segment, view.email) if text]
    if who.owner:
        parts.append(voice.say("alert", "small_owner", owner=mention(who.owner)))
    parts.append(voice.say("alert", "small_id", id=name_of(who.external_id, limits.NAME)))
    parts += [name_of(text, 20) for text in (view.country, view.language) if text]
    parts += [
        voice.say("customer", "attribute", name=spoken(name), value=name_of(value, limits.LISTED_NAME))
        for name, value in view.more
    ]
    if who.url:
        parts.append(voice.say("alert", "small_link", url=literal(who.url)))
    if view.is_past:
        parts.append(voice.say("customer", "as_of", day=voice.figures.day(view.as_of)))
    return voice.say("alert", "small_line", parts=[escape(part) for part in parts])


def _standing(view: CardView, voice: Voice) -> list[Block]:
    """Say where the customer stands in the life cycle, and why."""
    lines = [
        voice.say("card", "line", label=one.label, said=one.said, grounds=list(one.grounds))
        for one in card_words.standing_lines(view, voice)[:_MOST_LABELS]
    ]
    return blocks.paragraphs(lines, most=limits.SECTION) if lines else []


def _health(view: CardView, voice: Voice) -> list[Block]:
    """Say how healthy the customer is, and of what that is made."""
    return (
        []
        if view.health is None
        else blocks.paragraphs(health_lines(view.health, voice), most=limits.SECTION)
    )


def _alerts(view: CardView, voice: Voice) -> list[Block]:
    if not view.alerts:
        return [blocks.section(voice.say("customer", "no_alerts"))]
    heading = blocks.section(voice.say("customer", "alerts_title", n=len(view.alerts)))
    return [heading, *alert_rows(view.alerts[:_MOST_ALERTS], voice)]


def _worth(view: CardView, voice: Voice) -> list[Block]:
    """Say what the customer is worth, and in which rhythm they come."""
    shown = [
        voice.say("card", "field", label=facts.label(one, voice), value=facts.value(one, voice))
        for one in card_words.worth_facts(view)
    ]
    notes = Mrkdwn("\n".join(escape(one) for one in card_words.worth_notes(view, voice)))
    return [*([blocks.fields(shown)] if shown else []), *([blocks.context(notes)] if notes else [])]


def _events_so_far(view: CardView, voice: Voice) -> list[Block]:
    """Say what happened in all, by kind and by month."""
    known = [_known_since(view, voice)]
    if spent := card_words.spent_words(view, voice):
        label = voice.plain("card", "label_spent")
        known.append(voice.say("card", "field", label=label, value=spent))
    # What happened lately says more than what comes first in the alphabet.
    latest = sorted(view.kinds, key=lambda one: -one.last_at)[:_MOST_KINDS]
    layout: list[Block] = [blocks.fields([*known, *(_kind(one, voice) for one in latest)])]
    if not view.kinds:
        layout.append(blocks.section(voice.say("customer", "nothing_happened")))
    if len(view.kinds) > _MOST_KINDS:
        layout.append(blocks.context(voice.say("customer", "more_kinds", n=len(view.kinds) - _MOST_KINDS)))
    if any(n for _, n in view.months):
        layout.append(_chart(view, voice))
    return layout


def _chart(view: CardView, voice: Voice) -> Block:
    bars = [(voice.figures.month(month), n) for month, n in view.months]
    heading = voice.plain("card", "chart_title")
    drawn = Mrkdwn("\n".join(bar_lines(bars, voice)))
    instead = blocks.section(voice.say("preview", "chart_text", title=heading, bars=drawn))
    return blocks.Bars(title=heading, name=voice.plain("card", "chart_name"), bars=bars, instead=instead)


def _known_since(view: CardView, voice: Voice) -> Mrkdwn:
    age = voice.plain("terms", "value_days", n=view.tenure_days, shown=voice.figures.number(view.tenure_days))
    return voice.say("customer", "known_since", day=voice.figures.day(view.known_since), age=age)


def _kind(one: KindView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "customer",
        "kind",
        name=title(one.kind),
        times=voice.plain("customer", "times", n=one.count, shown=voice.figures.number(one.count)),
        sums=[_money(money, voice) for money in one.sums[:5]],
        average=_money(one.average, voice) if one.average is not None else "",
        last=_days_ago(one.days_since, voice),
    )


def _event(one: EventView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "customer",
        "event",
        day=voice.figures.day(one.occurred_at),
        kind=spoken(one.kind),
        amount=_money(one.amount, voice) if one.amount is not None else "",
        details=[
            voice.plain("customer", "attribute", name=spoken(name[:60]), value=name_of(value, 20))
            for name, value in one.details[:_MOST_DETAILS]
        ],
    )


def _days_ago(days: int, voice: Voice) -> str:
    return voice.plain("terms", "value_days_ago", n=days, shown=voice.figures.number(days))


def _money(money: Money, voice: Voice) -> str:
    return voice.figures.money(money.minor, money.currency)
