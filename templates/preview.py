"""What a rule would have done, in a message: on its own, or with buttons to save it or not.

It must not know where any of it came from.
"""

from collections.abc import Sequence
from datetime import date

from slack_sdk.models.blocks import Block

from rules.conditions.problems import Problem
from rules.instants import DAY, HOUR
from templates import blocks, limits
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.condition_words import condition_code, condition_words
from templates.people import customer_name
from templates.rule_pages import difference
from templates.views import EnteredView, PreviewView
from templates.voice import Voice, title
from templates.warned import warned
from templates.words import Mrkdwn

_ONE_YEAR = 53
"""Weeks; of more, a date without its year could be one of two."""
_BAR = 24
"""Characters of the longest bar in a chart of text."""


def preview_message(view: PreviewView, voice: Voice) -> Rendered:
    """Lay out a preview that changes nothing."""
    sentence = _sentence(view, voice)
    headline = (
        voice.plain("preview", "headline", title=title(view.name))
        if view.name
        else voice.plain("preview", "headline_condition")
    )
    layout = [blocks.header(headline), *_condition(view.condition, voice), blocks.section(sentence)]
    layout += [*warned(view.warnings, voice), *_found(view, voice)]
    return blocks.rendered(sentence, layout)


def draft_message(
    name: str,
    condition: str,
    *,
    number: int,
    edits: str | None,
    warnings: Sequence[Problem],
    preview: PreviewView | None,
    blind: Mrkdwn | None,
    voice: Voice,
) -> Rendered:
    """Lay out a rule that is not saved yet, with what it would have done and the buttons that decide.

    ``edits`` is how it differs from the rule as it is, None for a new one; ``blind`` says why there is no ``preview``.
    """
    text = voice.say("preview", "draft_add" if edits is None else "draft_edit", title=title(name))
    layout: list[Block] = [blocks.section(text), *_condition(condition, voice)]
    if edits is not None:
        layout.append(blocks.section(voice.say("rules", "difference", diff=difference(edits, voice))))
    layout += warned(warnings, voice)
    if preview is not None:
        layout += [blocks.section(_sentence(preview, voice)), *_found(preview, voice)]
    if blind is not None:
        layout.append(blocks.section(voice.say("preview", "draft_blind", said=blind)))
    layout.append(
        blocks.actions(
            [
                blocks.button(
                    voice.plain("preview", f"button_{press}"),
                    action=action_id(press),
                    value=encode(press, number),
                    style=style,
                )
                for press, style in ((Press.SAVE, "primary"), (Press.CANCEL, None))
            ]
        )
    )
    return blocks.rendered(text, layout)


def draft_cancelled(name: str, voice: Voice) -> Rendered:
    """Say that a draft is gone."""
    text = voice.say("preview", "cancelled", title=title(name))
    return blocks.rendered(text, [blocks.section(text)])


def bars(weeks: Sequence[tuple[date, int]], voice: Voice, most: int) -> tuple[int, list[tuple[str, int]]]:
    """Give at most ``most`` bars, and how many weeks each of them stands for: its first Monday, and how many entered."""
    each = -(-len(weeks) // most)
    years = len(weeks) > _ONE_YEAR
    return each, [
        (voice.figures.short_day(weeks[first][0], year=years), sum(n for _, n in weeks[first : first + each]))
        for first in range(0, len(weeks), each)
    ]


def bar_lines(shown: Sequence[tuple[str, int]], voice: Voice) -> list[str]:
    """Draw bars in characters, one a line."""
    longest, wide = max((n for _, n in shown), default=0), max((len(label) for label, _ in shown), default=0)
    return [
        f"{label.rjust(wide)} {'█' * (-(-n * _BAR // longest) if longest else 0)} {voice.figures.number(n)}"
        for label, n in shown
    ]


def chart_title(each: int, voice: Voice) -> str:
    """Say what the bars count, where each stands for so many weeks."""
    return voice.plain("preview", "chart_title", weeks=each)


def notes(view: PreviewView, voice: Voice) -> list[Mrkdwn]:
    """Say what should be known about a preview: how it looked, and what it had to look at."""
    said = []
    if not view.known:
        said.append(voice.say("preview", "no_customers"))
    elif view.asks_for_events and view.data_from is None:
        said.append(voice.say("preview", "no_events"))
    elif view.data_from is not None and view.data_from > view.since:
        said.append(voice.say("preview", "data_from", day=voice.figures.day(view.data_from)))
    if view.valued_from is not None and view.valued_from > view.since:
        said.append(voice.say("preview", "valued_from", day=voice.figures.day(view.valued_from)))
    if view.asks_for_health:
        said.append(voice.say("preview", "asks_for_health"))
    if view.clipped:
        said.append(voice.say("preview", "clipped"))
    every = (
        voice.say("terms", "length_d", n=view.every // DAY)
        if view.every % DAY == 0
        else voice.say("terms", "length_h", n=view.every // HOUR)
    )
    said.append(voice.say("preview", "looks", every=every, steps=voice.figures.number(view.steps)))
    return said


def figures(view: PreviewView, voice: Voice) -> list[tuple[str, str]]:
    """Give the counts of a preview as (label, value)."""
    number = voice.figures.number
    share = voice.figures.share(view.returned, view.entered) if view.entered else ""
    returned = voice.plain("preview", "part", shown=number(view.returned), share=share)
    shown = (
        ("backlog", number(view.backlog)),
        ("messages", number(view.messages)),
        ("entered", number(view.entered)),
        ("left", number(view.left)),
        ("customers", number(view.customers)),
        ("returned", returned),
    )
    return [(voice.plain("preview", f"label_{name}"), value) for name, value in shown]


def _sentence(view: PreviewView, voice: Voice) -> Mrkdwn:
    when = {"since": voice.figures.day(view.since), "until": voice.figures.day(view.until)}
    of = {"title": title(view.name)} if view.name else {}
    ending = "" if view.name else "_condition"
    if not view.customers:
        return voice.say("preview", f"nobody{ending}", **of, **when)
    counts = {
        name: {"n": n, "shown": voice.figures.number(n)}
        for name, n in (
            ("customers", view.customers),
            ("entered", view.entered),
            ("messages", view.messages),
        )
    }
    return voice.say("preview", f"sentence{ending}", **of, **when, **counts)


def _condition(condition: str, voice: Voice) -> list[Block]:
    return [
        blocks.section(Mrkdwn(f"`{condition_code(condition)}`")),
        blocks.context(voice.say("rules", "in_words", said=condition_words(condition, voice))),
    ]


def _found(view: PreviewView, voice: Voice) -> list[Block]:
    layout: list[Block] = [
        blocks.fields(
            [voice.say("rules", "field", label=label, value=value) for label, value in figures(view, voice)]
        )
    ]
    if view.entered:
        layout.append(_chart(view, voice))
    if view.top:
        lines = [voice.say("preview", "top", n=len(view.top))]
        lines += [_member(rank, one, voice) for rank, one in enumerate(view.top, start=1)]
        layout += blocks.paragraphs(lines)
    layout.append(blocks.context(Mrkdwn("\n".join(notes(view, voice)))))
    return layout


def _chart(view: PreviewView, voice: Voice) -> Block:
    each, shown = bars(view.weeks, voice, limits.CHART_CATEGORIES)
    heading = chart_title(each, voice)
    drawn = Mrkdwn("\n".join(bar_lines(shown, voice)))
    instead = blocks.section(voice.say("preview", "chart_text", title=heading, bars=drawn))
    return blocks.Bars(title=heading, name=voice.plain("preview", "chart_name"), bars=shown, instead=instead)


def _member(rank: int, one: EnteredView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "preview",
        "member",
        rank=voice.figures.number(rank),
        name=customer_name(one.customer, voice, limits.LISTED_NAME),
        spent=voice.figures.money(one.spent.minor, one.spent.currency) if one.spent else "",
        since=voice.figures.day(one.entered_at),
    )
