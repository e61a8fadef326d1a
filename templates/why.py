"""Why somebody was told of a rule and a customer, or was not: the answer first, what it rests on below.

It must not know where any of it came from.
"""

from slack_sdk.models.blocks import Block

from rules.alerts.verdict import Verdict
from templates import blocks, facts, limits
from templates.alert import standing
from templates.alert_list import deliveries, more_of
from templates.blocks import Rendered
from templates.condition_words import condition_code, condition_words
from templates.notices import channel_name
from templates.people import customer_name, customer_name_plain
from templates.routes import place_words
from templates.suppressions import suppression_line, suppression_words
from templates.views import AskedView, PairView
from templates.voice import Voice, title
from templates.words import Mrkdwn, cut

_MOST_TESTS = 8


def why_pair(view: PairView, voice: Voice) -> Rendered:
    """Explain a rule and a customer."""
    rule = title(view.rule.name)
    headline = voice.plain("why", "title", rule=rule, name=customer_name_plain(view.customer, voice))
    sentence = _verdict(view, voice)
    layout: list[Block] = [blocks.header(headline), blocks.section(sentence)]
    layout += blocks.paragraphs([_matched(view, voice), *_tests(view, voice)])
    layout.append(blocks.section(_condition(view, voice)))
    layout += blocks.paragraphs(_told(view, voice))
    if view.messages:
        layout += blocks.paragraphs(
            [voice.say("alerts", "messages_title"), *deliveries(view.messages, voice)]
        )
    return blocks.rendered(sentence, layout)


def _verdict(view: PairView, voice: Voice) -> Mrkdwn:
    said: dict[str, object] = {
        "name": customer_name(view.customer, voice),
        "rule": view.rule.name,
        "until": voice.figures.slack_time(view.held_until) if view.held_until is not None else "",
        "id": str(view.alert_id or ""),
        "where": channel_name(view.sent_to, voice) if view.sent_to else "",
        "because": "",
    }
    if view.verdict is Verdict.HELD and view.suppression is not None:
        said["because"] = suppression_words(view.suppression, voice)
    return voice.say("why", f"verdict_{view.verdict}", **said)


def _matched(view: PairView, voice: Voice) -> Mrkdwn:
    since = voice.figures.slack_time(view.since) if view.since is not None else ""
    return voice.say("why", "matched", holds=view.holds_now, since=since)


def _tests(view: PairView, voice: Voice) -> list[Mrkdwn]:
    shown = [_test(one, voice) for one in view.tests[:_MOST_TESTS]]
    return shown + more_of(len(view.tests) - _MOST_TESTS, voice)


def _test(one: AskedView, voice: Voice) -> Mrkdwn:
    said = cut(condition_words(one.text, voice), limits.VALUE * 2)
    if one.fact is None:
        return voice.say("why", "test", holds=one.holds, said=said, label="", value="")
    label, value = facts.label(one.fact, voice), facts.value(one.fact, voice)
    return voice.say("why", "test", holds=one.holds, said=said, label=label, value=value)


def _condition(view: PairView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "why", "condition", rule=title(view.rule.name), condition=condition_code(view.rule.condition)
    )


def _told(view: PairView, voice: Voice) -> list[Mrkdwn]:
    lines: list[Mrkdwn] = []
    if view.alert_id is not None and view.opened_at is not None and view.standing is not None:
        lines.append(
            voice.say(
                "why",
                "latest",
                id=str(view.alert_id),
                when=voice.figures.slack_time(view.opened_at),
                standing=standing(view.standing, voice),
            )
        )
    if view.suppression is not None:
        lines.append(voice.say("why", "suppressed", said=suppression_line(view.suppression, voice)))
    lines.append(voice.say("why", "place", place=place_words(view.place, voice)))
    return lines
