"""Routes in messages: where alerts are told, and the head of a day's thread.

It must not know where any of it came from.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from slack_sdk.models.blocks import Block

from templates import blocks, limits
from templates.blocks import Rendered
from templates.condition_words import condition_words
from templates.notices import channel_name
from templates.people import customer_name, mention
from templates.views import PlaceView, RouteTestView, RouteView
from templates.voice import Voice, title
from templates.words import Mrkdwn, code, cut

_MOST = 20


def thread_head(day: date, voice: Voice) -> Rendered:
    """Say what the messages below are: the alerts of a day."""
    text = voice.say("routes", "thread", day=voice.figures.short_day(day))
    return blocks.rendered(text, [blocks.section(text)])


def route_list(views: Sequence[RouteView], voice: Voice) -> Rendered:
    """List the routes in their order."""
    if not views:
        text = voice.say("routes", "nothing")
        return blocks.rendered(text, [blocks.section(text)])
    text = voice.say("routes", "title", n=len(views))
    rows = [_row(rank, one, voice) for rank, one in enumerate(views[:_MOST], start=1)]
    layout: list[Block] = [blocks.section(text), *blocks.paragraphs(rows, most=9_000, gap="\n\n")]
    return blocks.rendered(text, layout)


def route_changed(view: RouteView, did: Literal["added", "removed"], voice: Voice) -> Rendered:
    """Say that a route was added or removed."""
    text = voice.say("routes", did, name=view.name, target=_target(view, voice))
    return blocks.rendered(text, [blocks.section(text), blocks.section(_row(None, view, voice))])


def route_test(view: RouteTestView, voice: Voice) -> Rendered:
    """Say where alerts of a rule about a customer would be told."""
    text = voice.say(
        "routes",
        "tested",
        rule=title(view.rule),
        name=customer_name(view.customer, voice),
        place=place_words(view.place, voice),
    )
    return blocks.rendered(text, [blocks.section(text)])


def place_words(place: PlaceView, voice: Voice) -> Mrkdwn:
    """Say where an alert is told, and by which route: the rest of a sentence."""
    if place.asked_in_vain:
        return voice.say("routes", "unanswered")
    where = _channel(place.channel, voice)
    if place.nobody is not None:
        owner = cut(place.nobody, limits.NAME)
        return voice.say("routes", "at_fallback", where=where, route=place.route, owner=owner)
    name = "at_thread" if place.thread else "at_channel"
    if place.channel[:1] in ("U", "W"):
        name, where = "at_owner", mention(place.channel)
    return voice.say("routes", name, where=where, route=place.route)


def _row(rank: int | None, one: RouteView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "routes",
        "row",
        rank=str(rank) if rank is not None else "",
        name=one.name,
        condition=code(cut(one.condition, limits.ROW_CONDITION)),
        words=cut(condition_words(one.condition, voice), limits.ROW_WORDS),
        rule=title(one.rule) if one.rule else "",
        target=_target(one, voice),
        author=mention(one.author),
        when=voice.figures.day(one.at),
    )


def _target(one: RouteView, voice: Voice) -> Mrkdwn:
    return voice.say("routes", f"to_{one.target}", where=_channel(one.channel, voice))


def _channel(channel: str, voice: Voice) -> Mrkdwn:
    return channel_name(channel, voice) if channel else voice.say("routes", "nowhere")
