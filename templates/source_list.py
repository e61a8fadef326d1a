"""Sources of events in messages: which there are, how long each may be quiet, and which have stopped.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from rules.alerts.rhythm import Flow
from templates import blocks
from templates.blocks import Rendered
from templates.views import SourceView
from templates.voice import Voice
from templates.words import Mrkdwn, name_of

_MOST: int = 40
_MARKS = {Flow.FLOWING: "✅", Flow.STOPPED: "⚠️", Flow.RETURNING: "🔄", Flow.UNWATCHED: "⚪"}


def source_list(sources: Sequence[SourceView], voice: Voice) -> Rendered:
    """List sources, those that have stopped first."""
    if not sources:
        text = voice.say("alerts", "sources_none")
        return blocks.rendered(text, [blocks.section(text)])
    text = voice.say("alerts", "sources_title", n=len(sources))
    ranked = sorted(sources, key=lambda one: (one.flow is not Flow.STOPPED, one.name))
    rows = [_row(one, voice) for one in ranked[:_MOST]]
    hint = blocks.context(voice.say("alerts", "sources_hint"))
    return blocks.rendered(text, [blocks.section(text), *blocks.paragraphs(rows, most=9_000), hint])


def source_changed(source: SourceView, voice: Voice) -> Rendered:
    """Say what was noted of a source."""
    text = voice.say("alerts", "source_changed", name=name_of(source.name), patience=_patience(source, voice))
    return blocks.rendered(text, [blocks.section(text)])


def _row(one: SourceView, voice: Voice) -> Mrkdwn:
    last = (
        voice.figures.slack_time(one.last_at)
        if one.last_at is not None
        else voice.say("alerts", "source_no_event")
    )
    since = (
        {"since": voice.figures.slack_time(one.stale_since)}
        if one.flow is Flow.STOPPED and one.stale_since is not None
        else {}
    )
    return voice.say(
        "alerts",
        "source_row",
        mark=_MARKS[one.flow],
        name=name_of(one.name),
        last=last,
        patience=_patience(one, voice),
        state=voice.say("alerts", f"source_{one.flow}", **since),
    )


def _patience(one: SourceView, voice: Voice) -> Mrkdwn:
    if one.patience is None:
        return voice.say("alerts", "source_off" if one.said else "source_unlearned")
    return voice.say(
        "alerts", "source_said" if one.said else "source_learned", length=voice.length(one.patience)
    )
