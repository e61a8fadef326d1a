"""The reply that tells, in an alert's thread, what happened to it; or, in a digest's, to many.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from rules.alerts.colleague import Lacks
from rules.alerts.escalation import Target
from rules.alerts.states import Reason, Verb
from templates import blocks, facts, limits
from templates.blocks import Rendered
from templates.notices import channel_name
from templates.people import customer_name, mention
from templates.views import StepsView, StepView, UnclaimedView
from templates.voice import Voice, spoken, title
from templates.words import Mrkdwn, cut

MOST_NAMES = 12
"""Names that are listed for one thing that happened; the rest are counted."""
MOST_GROUPS = 12
MOST_MENTIONS = 10
"""Colleagues who are mentioned at once."""


def steps_reply(view: StepsView, voice: Voice) -> Rendered:
    """Say what happened: a sentence for each thing, with the names of those it happened to."""
    groups: dict[tuple[object, ...], list[StepView]] = {}
    for step in view.steps:
        groups.setdefault(_what(step), []).append(step)
    told = [_group(group, voice) for group in list(groups.values())[:MOST_GROUPS]]
    if not told:
        text = voice.say("steps", "nothing")
        return blocks.rendered(text, [blocks.section(text)])
    text = Mrkdwn(" ".join(headline for headline, _ in told))
    layout = [
        blocks.section(voice.say("steps", "many", headline=headline, names=names) if names else headline)
        for headline, names in told
    ]
    return blocks.rendered(text, layout)


def _what(step: StepView) -> tuple[object, ...]:
    """Give what makes a step the same as that of another customer; the owners of several may differ, and are told."""
    about = step.unclaimed
    to = (about.target, about.to, about.lacks, about.channel) if about is not None else ()
    snoozed = step.note, step.until_worse
    return step.verb, step.reason, step.resolution, step.actor, step.until, *snoozed, *to


def step_words(step: StepView, voice: Voice, *, short: bool = False) -> Mrkdwn:
    """Say one step in a sentence; ``short`` as one of many."""
    name = customer_name(step.customer, voice, limits.LISTED_NAME if short else limits.NAME)
    return voice.say("steps", macro(step), customer=name, **_about(step, voice), **_worse(step, voice))


def macro(step: StepView) -> str:
    """Give the name of the text that says a step."""
    match step.verb:
        case Verb.CLAIM | Verb.UNCLAIM | Verb.SNOOZE | Verb.REMIND:
            return str(step.verb)
        case Verb.ESCALATE if step.unclaimed is not None:
            return _escalation(step.unclaimed)
        case Verb.RESOLVE:
            return f"resolve_{step.resolution}_{step.reason}"
        case _:
            return f"{step.verb}_{step.reason}"


def _about(step: StepView, voice: Voice, *, many: bool = False) -> dict[str, object]:
    """Give what the text of a step takes beside the customer; of ``many``, each of which has its own late event."""
    about: dict[str, object] = {}
    if step.reason in (Reason.BY_PERSON, Reason.TOO_OLD):
        about["who"] = mention(step.actor) if step.actor else voice.say("steps", "somebody")
    if step.verb is Verb.SNOOZE and step.until is not None:
        about["until"] = voice.figures.slack_time(step.until)
        about |= {"worse": step.until_worse, "note": cut(step.note, limits.NOTE)}
    if step.unclaimed is not None:
        about |= _about_unclaimed(step.unclaimed, voice)
    if step.late is not None and not many:
        about["kind"] = spoken(step.late.kind)
        about["day"] = voice.figures.day(step.late.occurred_at)
        about["came"] = voice.figures.day(step.late.came_at)
    return about


def _escalation(about: UnclaimedView) -> str:
    """Give the name of the text that says whom an alert is brought to, and why it is not the owner."""
    if about.target is Target.CHANNEL:
        return "escalate_channel"
    if not about.to:
        return "escalate_nobody"
    return f"escalate_{about.target}_{about.lacks}" if about.lacks is not None else f"escalate_{about.target}"


def _about_unclaimed(about: UnclaimedView, voice: Voice) -> dict[str, object]:
    said: dict[str, object] = {"length": voice.length(about.after)}
    if about.target is Target.CHANNEL:
        said["channel"] = channel_name(about.channel, voice)
    elif about.to:
        said["to"] = [mention(one) for one in about.to[:MOST_MENTIONS]]
        if about.lacks in (Lacks.GONE, Lacks.UNKNOWN):
            said["owner"] = mention(about.owner)
    return said


def _worse(step: StepView, voice: Voice) -> dict[str, object]:
    """Give what one alert that woke because it worsened says besides."""
    if step.reason is not Reason.WORSENED:
        return {}
    if step.worse is None:
        return {"rule": title(step.rule), "label": "", "before": "", "now": ""}
    return {
        "rule": "",
        "label": facts.label(step.worse.before, voice),
        "before": facts.value(step.worse.before, voice),
        "now": facts.value(step.worse.now, voice),
    }


def _group(group: Sequence[StepView], voice: Voice) -> tuple[Mrkdwn, Mrkdwn | None]:
    first = group[0]
    if len(group) == 1:
        return step_words(first, voice), None
    names = [customer_name(step.customer, voice, limits.LISTED_NAME) for step in group[:MOST_NAMES]]
    more = len(group) - len(names)
    headline = voice.say("steps", f"many_{macro(first)}", n=len(group), **_about(first, voice, many=True))
    return headline, voice.say("common", "and_more", items=names, more=more) if more else voice.say(
        "common", "list_and", items=names
    )
