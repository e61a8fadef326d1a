"""Health in messages: a customer's, with what it is made of and what changed it; and how it is worked out for everybody.

It must not know where any of it came from.
"""

from collections.abc import Iterator

from slack_sdk.models.blocks import Block

from rules.lifecycle.health import HEALTHIEST, WEIGHTS, Measured, Part
from templates import blocks, facts
from templates.blocks import Rendered
from templates.preview import bar_lines
from templates.views import HealthDimensionView, HealthPage, HealthPartView, HealthView
from templates.voice import Voice
from templates.words import Mrkdwn, code, cut

_TERM = 120
"""Characters of a term that are shown."""


def health_lines(view: HealthView, voice: Voice) -> list[Mrkdwn]:
    """Say a customer's health: the score and what changed it, then a line for each dimension with its parts."""
    number = voice.figures.number
    head = voice.say("health", "score", score=number(view.score), day=voice.figures.day(view.as_of))
    lines = [Mrkdwn(f"{head}, {_change(view, voice)}")]
    lines += [_dimension(one, voice) for one in view.dimensions]
    if not view.exact:
        lines.append(voice.say("health", "not_exact"))
    return lines


def health_parts(view: HealthView, voice: Voice) -> list[str]:
    """Say what a score is made of without marks, for a terminal: the dimensions that are known, and their points."""
    return [
        f"{voice.plain('health', one.name)} {voice.figures.number(one.points)}"
        for one in view.dimensions
        if one.points is not None
    ]


def health_page(view: HealthPage, voice: Voice) -> Rendered:
    """Say how health is worked out, and draw how many customers have how much of it."""
    text = voice.say("health", "title_edited" if view.edited else "title", preset=code(view.preset))
    layout: list[Block] = [blocks.section(text)]
    lines = [line for one in view.health.measured for line in _measured(one, voice)]
    layout += blocks.paragraphs(lines, most=7_500)
    layout += _spread(view, voice)
    layout.append(blocks.context(voice.say("health", "how"), voice.say("health", "change_how")))
    return blocks.rendered(text, layout)


def steps(view: HealthPage) -> list[tuple[str, int]]:
    """Give the bars of the chart: from which score to which, and how many customers."""
    width = HEALTHIEST // len(view.spread)
    return [(f"{place * width}–{(place + 1) * width}", n) for place, n in enumerate(view.spread)]


def ran(view: HealthPage, voice: Voice) -> Mrkdwn:
    """Say when health was worked out last, and of how many."""
    if view.at is None:
        return voice.say("health", "never_ran")
    number = voice.figures.number
    said = {"scored": number(view.scored), "customers": number(view.customers)}
    return voice.say("health", "ran", day=voice.figures.day(view.at), n=view.scored, **said)


def _change(view: HealthView, voice: Voice) -> Mrkdwn:
    since = voice.figures.day(view.since)
    if view.before is None or view.moved is None:
        return voice.say("health", "unchanged", since=since)
    by = "" if view.moved == WEIGHTS else _signed(view.moved_by or 0, voice)
    before, name = voice.figures.number(view.before), voice.plain("health", view.moved)
    return voice.say("health", "changed", before=before, since=since, name=name, by=by)


def _signed(points: int, voice: Voice) -> str:
    return f"{'+' if points > 0 else '−'}{voice.figures.number(abs(points))}"


def _dimension(one: HealthDimensionView, voice: Voice) -> Mrkdwn:
    name, weight = voice.plain("health", one.name), voice.figures.number(one.weight)
    if one.points is None:
        return voice.say("health", "line_unknown", name=name, weight=weight)
    parts = [_part(part, voice) for part in one.parts]
    points = voice.figures.number(one.points)
    return voice.say("health", "line", name=name, points=points, weight=weight, parts=parts)


def _part(part: HealthPartView, voice: Voice) -> Mrkdwn:
    label = facts.label(part.fact, voice)
    if part.points is None:
        return voice.say("health", "fact_unknown", label=label)
    return voice.say(
        "health",
        "fact",
        label=label,
        value=facts.value(part.fact, voice),
        points=voice.figures.number(part.points),
        weight="" if part.weight == 1 else voice.figures.number(part.weight),
    )


def _measured(one: Measured, voice: Voice) -> Iterator[Mrkdwn]:
    name = voice.plain("health", one.dimension.value)
    yield voice.say("health", "dimension", name=name, weight=voice.figures.number(one.weight))
    for part in one.parts:
        yield _written(part, voice)


def _written(part: Part, voice: Voice) -> Mrkdwn:
    weight = "" if part.weight == 1 else voice.figures.number(part.weight)
    text, scale = code(cut(part.text, _TERM)), code(part.scale_text)
    return voice.say("health", "part", text=text, scale=scale, weight=weight)


def _spread(view: HealthPage, voice: Voice) -> list[Block]:
    layout: list[Block] = [blocks.section(ran(view, voice))]
    if view.scored:
        heading, bars = voice.plain("health", "chart_title"), steps(view)
        drawn = Mrkdwn("\n".join(bar_lines(bars, voice)))
        instead = blocks.section(voice.say("health", "chart_text", title=heading, bars=drawn))
        name = voice.plain("health", "chart_name")
        layout.append(blocks.Bars(title=heading, name=name, bars=bars, instead=instead))
    if view.changing:
        layout.append(blocks.section(voice.say("health", "changing")))
    return layout
