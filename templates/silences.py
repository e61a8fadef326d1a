"""Silences in messages: what one covers, which are running.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from templates import blocks, limits
from templates.blocks import Rendered
from templates.condition_words import condition_words
from templates.people import mention
from templates.views import SilencedView, SilenceView
from templates.voice import Voice, title
from templates.warned import warned
from templates.words import Mrkdwn, code, cut

_MOST = 20


def silenced(view: SilencedView, voice: Voice) -> Rendered:
    """Say whom a silence that was just made covers, and until when."""
    one = view.silence
    text = voice.say("silences", "made", id=str(one.id), until=voice.figures.slack_time(one.until))
    layout: list[Block] = [blocks.section(text), blocks.section(_row(one, voice)), _covers(view, voice)]
    layout += warned(view.warnings, voice)
    return blocks.rendered(text, layout)


def silence_list(views: Sequence[SilenceView], voice: Voice) -> Rendered:
    """List the silences that are running."""
    if not views:
        text = voice.say("silences", "nothing")
        return blocks.rendered(text, [blocks.section(text)])
    text = voice.say("silences", "title", n=len(views))
    rows = [_row(one, voice) for one in views[:_MOST]]
    return blocks.rendered(text, [blocks.section(text), *blocks.paragraphs(rows, most=9_000, gap="\n\n")])


def unsilenced(view: SilenceView, voice: Voice) -> Rendered:
    """Say that a silence was ended."""
    text = voice.say("silences", "ended", id=str(view.id))
    return blocks.rendered(text, [blocks.section(text), blocks.section(_row(view, voice))])


def _row(one: SilenceView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "silences",
        "row",
        id=str(one.id),
        condition=code(cut(one.condition, limits.ROW_CONDITION)),
        words=cut(condition_words(one.condition, voice), limits.ROW_WORDS),
        rule=title(one.rule) if one.rule else "",
        until=voice.figures.slack_time(one.until),
        author=mention(one.author),
        reason=cut(one.reason, limits.ROW_WORDS),
    )


def _covers(view: SilencedView, voice: Voice) -> Block:
    if view.counted is None:
        return blocks.section(voice.say("silences", "uncounted"))
    found, known = view.counted
    name = "everybody" if found == known and known else "covers"
    counted = {"n": found, "shown": voice.figures.number(found)}
    return blocks.section(voice.say("silences", name, counted=counted))
