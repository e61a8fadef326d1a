"""Rules in messages: lists, one rule, its history, what a change did.

It must not know where any of it came from.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from slack_sdk.models.blocks import Block

from rules.alerts.rule import RuleBody, RuleState
from rules.alerts.typed import LENGTHS, length_text, options_of
from rules.book import BookRule
from rules.instants import DAY, HOUR
from templates import blocks, limits
from templates.alert import KIND_EMOJI
from templates.blocks import Rendered
from templates.condition_words import condition_code, condition_words
from templates.notices import channel_name
from templates.people import mention
from templates.views import ChangeView, CheckView, RuleCard, VersionView
from templates.voice import Voice, title
from templates.warned import warned
from templates.words import Mrkdwn, code, cut

_MOST_VERSIONS = 8
_DIFF = 500
_SAID = 200
_CHANGED = re.compile(r"(?P<sign>[-+]) (?P<name>[a-z]+): ?(?P<value>.*)\Z")


def rule_list(cards: Sequence[RuleCard], available: Sequence[BookRule], voice: Voice) -> Rendered:
    """List the rules in use, and the names of those that could be."""
    text = voice.say("rules", "list_title", n=len(cards)) if cards else voice.say("rules", "list_none")
    layout = [
        blocks.section(text),
        *blocks.paragraphs([_row(card, voice) for card in cards], most=9_000, gap="\n\n"),
    ]
    if available:
        layout.append(blocks.context(_shipped(available, voice)))
    return blocks.rendered(text, layout)


def rule_card(card: RuleCard, voice: Voice) -> Rendered:
    """Lay out one rule."""
    return blocks.rendered(_sentence(card, voice), [*_card(card, voice), *warned(card.unknown, voice)])


def rule_history(name: str, versions: Sequence[VersionView], voice: Voice) -> Rendered:
    """List what a rule said from one edit to the next."""
    text = voice.say("rules", "history_title", title=title(name), name=name)
    rows = [
        voice.say(
            "rules",
            "history_row",
            version=str(one.version),
            author=mention(one.author),
            when=voice.figures.slack_time(one.at),
            diff=difference(one.diff, voice),
        )
        for one in versions[:_MOST_VERSIONS]
    ]
    return blocks.rendered(text, [blocks.section(text), *blocks.paragraphs(rows, most=9_000)])


def rule_change(view: ChangeView, voice: Voice) -> Rendered:
    """Say what a change did, and show the rule as it is now."""
    name = title(view.card.name)
    if view.did == "remove":
        closed = {"n": view.closed, "shown": voice.figures.number(view.closed)}
        text = voice.say("rules", "did_remove", title=name, closed=closed)
        return blocks.rendered(text, [blocks.section(text)])
    text = voice.say("rules", f"did_{view.did}", title=name)
    layout = [blocks.section(text), *_counted(view.holding, voice)]
    layout += warned(view.warnings, voice)
    if view.did == "edit":
        layout.append(blocks.section(voice.say("rules", "difference", diff=difference(view.diff, voice))))
    layout += _card(view.card, voice)
    return blocks.rendered(text, layout)


def rule_check(view: CheckView, voice: Voice) -> Rendered:
    """Say that a condition works, and for how many it holds."""
    text = voice.say("rules", "checked", condition=condition_code(view.text))
    words = voice.say("rules", "in_words", said=condition_words(view.text, voice))
    layout = [blocks.section(text), blocks.section(words), *_counted(view.holding, voice)]
    layout += warned(view.warnings, voice)
    return blocks.rendered(text, layout)


def _row(card: RuleCard, voice: Voice) -> Mrkdwn:
    row = voice.say(
        "rules",
        "row",
        emoji=KIND_EMOJI[card.body.kind],
        title=title(card.name),
        name=card.name,
        severity=voice.say("common", f"severity_{card.body.severity}"),
        where=channel_name(card.body.channel, voice),
        condition=condition_code(card.body.condition),
        counts=_counts(card, voice),
    )
    if card.degraded is None:
        return row
    return Mrkdwn(f"{row}\n{voice.say('rules', 'degraded', error=cut(card.degraded, limits.VALUE))}")


def _counts(card: RuleCard, voice: Voice) -> Mrkdwn:
    state = str(card.state) if card.swept_at is not None or card.state is RuleState.PAUSED else "new"
    matched, waiting = voice.figures.number(card.matched), voice.figures.number(card.open_alerts)
    return voice.say("rules", "counts", matched=matched, open=waiting, state=state)


def _shipped(available: Sequence[BookRule], voice: Voice) -> Mrkdwn:
    themes = [
        {"title": title(theme), "names": [Mrkdwn(f"`{rule.name}`") for rule in rules]}
        for theme, rules in groupby(available, key=attrgetter("theme"))
    ]
    return voice.say("rules", "shipped", themes=themes)


def _sentence(card: RuleCard, voice: Voice) -> Mrkdwn:
    return voice.say(
        "rules",
        "show_sentence",
        title=title(card.name),
        state=voice.say("rules", f"state_{card.state}"),
        matched=voice.figures.number(card.matched),
    )


def _card(card: RuleCard, voice: Voice) -> list[Block]:
    body = card.body
    headline = voice.plain("rules", "headline", emoji=KIND_EMOJI[body.kind], title=title(card.name))
    layout: list[Block] = [
        blocks.header(headline),
        blocks.section(Mrkdwn(f"`{condition_code(body.condition)}`")),
        blocks.context(voice.say("rules", "in_words", said=condition_words(body.condition, voice))),
        *blocks.columns(
            [
                voice.say("rules", "field", label=voice.plain("rules", f"label_{name}"), value=value)
                for name, value in _fields(card, voice)
            ]
        ),
    ]
    if body.action:
        action = cut(body.action, limits.ACTION)
        layout.append(blocks.section(voice.say("alert", "suggestion", action=action)))
    if card.degraded is not None:
        layout.append(blocks.section(voice.say("rules", "degraded", error=cut(card.degraded, limits.VALUE))))
    return layout


def _fields(card: RuleCard, voice: Voice) -> list[tuple[str, str]]:
    body = card.body
    version = voice.say(
        "rules",
        "version",
        version=str(card.version),
        author=mention(card.author),
        when=voice.figures.slack_time(card.at),
    )
    counts = (
        [("matched", _count(card.matched, voice)), ("open", _count(card.open_alerts, voice))]
        if card.swept_at is not None
        else []
    )
    return [
        ("state", voice.say("rules", f"state_{card.state}")),
        ("severity", voice.say("common", f"severity_{body.severity}")),
        ("channel", channel_name(body.channel, voice)),
        *counts,
        ("backlog", voice.say("rules", f"backlog_{body.backlog}")),
        ("cooldown", _cooldown(body.cooldown, voice)),
        *_unusual(body, voice),
        ("version", version),
    ]


def _unusual(body: RuleBody, voice: Voice) -> list[tuple[str, Mrkdwn]]:
    """Give what only some rules say, in the words of the options: who reads it can write it."""
    said = options_of(body).written()
    return [
        (name, voice.say("rules", "said", text=cut(said[name], _SAID)))
        for name in ("for", "keep", "remind", "escalate", "hides", "unreadable")
        if name in said
    ]


def _count(n: int, voice: Voice) -> Mrkdwn:
    return voice.say("common", "text", text=voice.figures.number(n))


def _cooldown(milliseconds: int, voice: Voice) -> Mrkdwn:
    if not milliseconds:
        return voice.say("rules", "cooldown_none")
    if milliseconds % DAY == 0:
        return voice.say("terms", "length_d", n=milliseconds // DAY)
    return voice.say("terms", "length_h", n=round(milliseconds / HOUR))


def _counted(holding: int | None, voice: Voice) -> list[Block]:
    if holding is None:
        return []
    return [blocks.section(voice.say("rules", "holding", n=holding, shown=voice.figures.number(holding)))]


def difference(diff: str, voice: Voice) -> Mrkdwn:
    """Give a difference as it may stand in a block of code, its values as people write them."""
    lines = [_changed(line, voice) for line in diff.split("\n")]
    return code(cut("\n".join(lines), _DIFF))


def _changed(line: str, voice: Voice) -> str:
    found = _CHANGED.match(line)
    if found is None:
        return line
    name, value = found["name"], found["value"]
    if name in LENGTHS and value.isdecimal():
        value = length_text(int(value)) if int(value) else voice.plain("rules", "cooldown_none")
    elif not value:
        value = voice.plain("rules", "default_channel" if name == "channel" else "value_none")
    return f"{found['sign']} {name}: {value}"
