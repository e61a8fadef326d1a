"""How good rules are, in a message; and the question before old alerts are ended together.

It must not know where any of it came from.
"""

from collections.abc import Sequence
from fractions import Fraction

from slack_sdk.models.blocks import Block

from rules.instants import DAY, HOUR, MINUTE
from templates import blocks
from templates.alert import KIND_EMOJI
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.views import OldAlertsView, QualityView
from templates.voice import Voice, title
from templates.words import Mrkdwn

_MOST = 12


def quality_page(views: Sequence[QualityView], voice: Voice) -> Rendered:
    """Lay out how rules did, each in two columns, those that told most first."""
    if not views:
        text = voice.say("quality", "nothing")
        return blocks.rendered(text, [blocks.section(text)])
    text = voice.say("quality", "title")
    layout: list[Block] = [blocks.section(text)]
    ranked = sorted(views, key=lambda one: (-one.posted, one.rule))
    for one in ranked[:_MOST]:
        headline = voice.say("quality", "rule", emoji=KIND_EMOJI[one.kind], rule=title(one.rule))
        layout += [blocks.divider(), blocks.section(headline), blocks.fields(_numbers(one, voice))]
    if len(ranked) > _MOST:
        layout.append(blocks.context(voice.say("alerts", "more", n=len(ranked) - _MOST)))
    return blocks.rendered(text, layout)


def old_alerts(view: OldAlertsView, voice: Voice) -> Rendered:
    """Say how many alerts are that old, and ask whether to end them."""
    text = voice.say(
        "quality",
        "old",
        rule=title(view.rule),
        found=_counted(view.found, voice),
        unresolved=voice.figures.number(view.unresolved),
        day=voice.figures.day(view.before),
    )
    button = blocks.button(
        voice.plain("quality", "button_clear"),
        action=action_id(Press.CLEAR),
        value=encode(Press.CLEAR, view.rule_id, str(view.before)),
        style="danger",
    )
    return blocks.rendered(text, [blocks.section(text), blocks.actions([button])])


def cleared(view: OldAlertsView, voice: Voice) -> Rendered:
    """Say how many alerts were ended."""
    text = voice.say("quality", "cleared", rule=title(view.rule), found=_counted(view.found, voice))
    return blocks.rendered(text, [blocks.section(text)])


def _numbers(one: QualityView, voice: Voice) -> list[Mrkdwn]:
    figures = voice.figures
    voices = one.useful + one.useless
    pairs = [
        (
            "posted",
            voice.plain("quality", "of", n=figures.number(one.posted), all=figures.number(one.opened)),
        ),
        ("claimed", _share(one.claimed, one.posted, voice)),
        ("by_itself", _share(one.by_itself, one.opened, voice)),
        ("wait", _length(one.wait, voice)),
        (
            "useful",
            voice.plain("quality", "votes", up=figures.number(one.useful), down=figures.number(one.useless))
            if voices
            else voice.plain("quality", "nobody_said"),
        ),
        ("per_week", _per_week(one, voice)),
    ]
    return [
        voice.say("alert", "fact", label=voice.plain("quality", f"label_{name}"), value=value)
        for name, value in pairs
    ]


def _share(part: int, whole: int, voice: Voice) -> str:
    if not whole:
        return voice.figures.number(part)
    return voice.plain(
        "quality", "share", n=voice.figures.number(part), share=voice.figures.share(part, whole)
    )


def _per_week(one: QualityView, voice: Voice) -> str:
    rate = voice.figures.number(Fraction(one.messages * 7, one.days))
    if one.promised is None:
        return voice.plain("quality", "rate", n=rate)
    messages, days = one.promised
    promised = voice.figures.number(Fraction(messages * 7, days))
    return voice.plain("quality", "rate_promised", n=rate, promised=promised)


def _length(wait: int | None, voice: Voice) -> str:
    if wait is None:
        return voice.plain("quality", "unclaimed")
    for name, size in (("days", DAY), ("hours", HOUR)):
        if wait >= size:
            return voice.plain("quality", name, n=voice.figures.number(Fraction(wait, size)))
    return voice.plain("quality", "minutes", n=voice.figures.number(wait // MINUTE))


def _counted(n: int, voice: Voice) -> dict[str, object]:
    return {"n": n, "shown": voice.figures.number(n)}
