"""What holds alerts back from being told, in words.

It must not know where any of it came from.
"""

from templates import limits
from templates.people import mention
from templates.views import SuppressionView
from templates.voice import Voice, title
from templates.words import Mrkdwn, cut


def suppression_words(one: SuppressionView, voice: Voice) -> Mrkdwn:
    """Say why an alert is held back: the rest of a sentence that begins with "because"."""
    return voice.say(
        "why",
        f"held_{one.why}",
        until=voice.figures.slack_time(one.until) if one.until is not None else "",
        who=mention(one.actor) if one.actor else "",
        by=title(one.by) if one.why == "hidden_by_rule" else cut(one.by, limits.VALUE),
    )


def suppression_line(one: SuppressionView, voice: Voice) -> Mrkdwn:
    """Say which stage held an alert back, when and why: the rest of a sentence."""
    return voice.say(
        "why",
        "held",
        when=voice.figures.slack_time(one.at),
        stage=voice.say("why", f"stage_{one.stage}"),
        said=suppression_words(one, voice),
    )
