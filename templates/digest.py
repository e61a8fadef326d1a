"""The message that tells many customers of one rule, its backlog or a burst, and the pages that list them.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, InteractiveElement

from templates import blocks, limits
from templates.alert import KIND_EMOJI, mark
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.condition_words import condition_words
from templates.people import customer_name
from templates.views import DigestView, HeldView, Member
from templates.voice import Voice, title
from templates.words import Mrkdwn, cut

PAGE = 15
"""Customers on one page."""
_ENDS = ("recovered", "lost", "not_an_issue", "expired", "rule_changed")


def digest_message(view: DigestView, voice: Voice) -> Rendered:
    """Lay out many alerts of one rule as they stand."""
    burst = "_burst" if view.burst else ""
    total, still_open = sum(view.counts.values()), view.counts.get("open", 0)
    rule = title(view.rule.name)
    emoji = KIND_EMOJI[view.rule.kind] if still_open else "✅"
    headline = voice.plain("digest", f"headline{burst}", emoji=emoji, rule=rule, total=counted(total, voice))
    condition = condition_words(view.rule.condition, voice)
    layout: list[Block] = [
        blocks.header(headline),
        blocks.context(counts(view, voice)),
        blocks.section(voice.say("digest", f"intro{burst}", condition=condition)),
    ]
    if view.top:
        lines = [voice.say("digest", "top", n=len(view.top))]
        lines += [_member(rank, member, voice) for rank, member in enumerate(view.top, start=1)]
        layout += blocks.paragraphs(lines)
    if view.rule.action and still_open:
        action = cut(view.rule.action, limits.ACTION)
        layout.append(blocks.section(voice.say("alert", "suggestion", action=action)))
    if still_open:
        button = blocks.button(
            voice.plain("digest", "button_all"),
            action=action_id(Press.DIGEST),
            value=encode(Press.DIGEST, view.root, "0"),
            style="primary",
        )
        layout.append(blocks.actions([button]))
    else:
        layout.append(blocks.section(voice.say("digest", "all_ended")))
    text = voice.say(
        "digest",
        f"sentence{burst}",
        rule=rule,
        total=counted(total, voice),
        open=voice.figures.number(still_open),
    )
    return blocks.rendered(text, layout)


def digest_page(
    rule: str, members: Sequence[Member], *, root: int, page: int, total: int, voice: Voice
) -> Rendered:
    """Lay out one page of a digest's open alerts; ``page`` counts from 0, ``total`` is how many there are."""
    name = title(rule)
    if not members:
        text = voice.say("digest", "page_empty", rule=name)
        return blocks.rendered(text, [blocks.section(text)])
    first = page * PAGE + 1
    span = {
        "first": voice.figures.number(first),
        "last": voice.figures.number(first + len(members) - 1),
        "total": voice.figures.number(total),
    }
    layout: list[Block] = [blocks.section(voice.say("digest", "page_title", rule=name, **span))]
    for rank, member in enumerate(members, start=first):
        show = blocks.button(
            voice.plain("common", "button_show"),
            action=action_id(Press.ALERT),
            value=encode(Press.ALERT, member.alert_id),
        )
        layout.append(blocks.section(_member(rank, member, voice), accessory=show))
    layout += turns(root, page, more=page * PAGE + len(members) < total, voice=voice)
    return blocks.rendered(voice.say("digest", "page_sentence", rule=name, **span), layout)


def turns(root: int, page: int, *, more: bool, voice: Voice) -> list[Block]:
    """Give the buttons that turn the pages of one message's customers, where there are any."""
    buttons: list[InteractiveElement] = []
    if page > 0:
        buttons.append(_turn("button_previous", root, page - 1, voice))
    if more:
        buttons.append(_turn("button_next", root, page + 1, voice))
    return [blocks.actions(buttons)] if buttons else []


def _turn(label: str, root: int, page: int, voice: Voice) -> InteractiveElement:
    # Two buttons of a row need ids of their own; the part after the press is not looked at.
    return blocks.button(
        voice.plain("common", label),
        action=f"{action_id(Press.DIGEST)}.{label}",
        value=encode(Press.DIGEST, root, str(page)),
    )


def _member(rank: int, member: Member, voice: Voice) -> Mrkdwn:
    spent = voice.figures.money(member.spent.minor, member.spent.currency) if member.spent else ""
    return voice.say(
        "digest",
        "member",
        rank=voice.figures.number(rank),
        name=customer_name(member.customer, voice, limits.LISTED_NAME),
        spent=spent,
        mark=mark(member.standing),
    )


def counts(view: DigestView | HeldView, voice: Voice) -> Mrkdwn:
    """Say how many of the alerts of one message are open, and how many ended in which way."""
    still_open = view.counts.get("open", 0)
    shown = [
        ("open", still_open - view.claimed - view.snoozed),
        ("claimed", view.claimed),
        ("snoozed", view.snoozed),
    ]
    shown += [(end, view.counts.get(end, 0)) for end in _ENDS]
    parts = [voice.say("digest", f"count_{name}", n=counted(n, voice)) for name, n in shown if n > 0]
    return voice.say("alert", "small_line", parts=parts)


def counted(n: int, voice: Voice) -> dict[str, object]:
    """Give a number for a text that depends on it: itself, and as it is shown."""
    return {"n": n, "shown": voice.figures.number(n)}
