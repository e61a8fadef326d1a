"""A channel's digest: the message that tells what it had no attention for and names what else was held back, and its pages.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from rules.alerts.pipeline.stage import Why
from templates import blocks, limits
from templates.alert import KIND_EMOJI, mark
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.digest import PAGE, counted, counts, turns
from templates.people import customer_name
from templates.views import HeldView, RuleWaiting, Waiting
from templates.voice import Voice, title
from templates.words import Mrkdwn

MOST_RULES = 5
"""Rules that a digest shows customers of."""
MOST_OTHERS = 3
"""Further rules of one customer that are named."""


def held_message(view: HeldView, voice: Voice) -> Rendered:
    """Lay out a channel's digest as its alerts stand."""
    told, still_open = sum(view.counts.values()), view.counts.get("open", 0)
    total = counted(told + sum(n for _, n in view.held), voice)
    headline = "headline" if told else "headline_held"
    layout: list[Block] = [blocks.header(voice.plain("held", headline, total=total))]
    if told:
        layout.append(blocks.context(counts(view, voice)))
    if still_open:
        layout.append(blocks.section(voice.say("held", "intro", n=told)))
    elif told:
        layout.append(blocks.section(voice.say("held", "all_ended")))
    for one in view.rules[:MOST_RULES]:
        layout += blocks.paragraphs(_rule(one, voice))
    if len(view.rules) > MOST_RULES:
        layout.append(blocks.context(voice.say("held", "more_rules", n=len(view.rules) - MOST_RULES)))
    layout += _small_print(view, voice)
    if still_open or view.held:
        button = blocks.button(
            voice.plain("held", "button_all"),
            action=action_id(Press.DIGEST),
            value=encode(Press.DIGEST, view.root, "0"),
            style="primary",
        )
        layout.append(blocks.actions([button]))
    if told:
        text = voice.say("held", "sentence", total=total, open=voice.figures.number(still_open))
    else:
        text = voice.say("held", "sentence_held", total=total)
    return blocks.rendered(text, layout)


def held_page(
    members: Sequence[Waiting], *, root: int, at: int, page: int, total: int, voice: Voice
) -> Rendered:
    """Lay out one page of a digest's customers; ``page`` counts from 0, ``total`` is how many there are."""
    day = voice.figures.day(at)
    if not members:
        text = voice.say("held", "page_empty", day=day)
        return blocks.rendered(text, [blocks.section(text)])
    first = page * PAGE + 1
    span = {
        "day": day,
        "first": voice.figures.number(first),
        "last": voice.figures.number(first + len(members) - 1),
        "total": voice.figures.number(total),
    }
    layout: list[Block] = [blocks.section(voice.say("held", "page_title", **span))]
    for rank, one in enumerate(members, start=first):
        show = blocks.button(
            voice.plain("common", "button_show"),
            action=action_id(Press.ALERT),
            value=encode(Press.ALERT, one.member.alert_id),
        )
        why = why_words(one.why, voice) if one.why is not None else ""
        row = voice.say("held", "row", member=_member(rank, one, voice), rule=title(one.rule), why=why)
        layout.append(blocks.section(row, accessory=show))
    layout += turns(root, page, more=page * PAGE + len(members) < total, voice=voice)
    return blocks.rendered(voice.say("held", "page_sentence", **span), layout)


def why_words(why: Why, voice: Voice) -> Mrkdwn:
    """Say in a few words what holds an alert back."""
    name = f"why_{why}"
    return voice.say("held", name if voice.words.has("held", name) else "why_other")


def _rule(one: RuleWaiting, voice: Voice) -> list[Mrkdwn]:
    emoji, customers = KIND_EMOJI[one.rule.kind], counted(one.customers, voice)
    lines = [voice.say("held", "rule", emoji=emoji, rule=title(one.rule.name), customers=customers)]
    lines += [_member(rank, waiting, voice) for rank, waiting in enumerate(one.top, start=1)]
    more = one.customers - len(one.top)
    if more > 0:
        lines.append(voice.say("held", "more_customers", n=counted(more, voice)))
    return lines


def _member(rank: int, waiting: Waiting, voice: Voice) -> Mrkdwn:
    member, others = waiting.member, [title(name) for name in waiting.others[:MOST_OTHERS]]
    spent = voice.figures.money(member.spent.minor, member.spent.currency) if member.spent else ""
    return voice.say(
        "held",
        "member",
        rank=voice.figures.number(rank),
        name=customer_name(member.customer, voice, limits.LISTED_NAME),
        spent=spent,
        mark=mark(member.standing),
        others=", ".join(others),
    )


def _small_print(view: HeldView, voice: Voice) -> list[Block]:
    layout: list[Block] = []
    if view.held:
        lines = [voice.say("held", "held_title")]
        lines += [
            voice.say("held", "held", n=voice.figures.number(n), why=why_words(why, voice))
            for why, n in view.held
        ]
        layout += blocks.paragraphs(lines)
    if view.passed:
        layout.append(blocks.context(voice.say("held", "passed", n=counted(view.passed, voice))))
    return layout
