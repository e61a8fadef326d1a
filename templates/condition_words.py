"""A condition said in words: ``no purchase for 30 days, and the count of purchase ever is at least 3``."""

from rules.conditions.describe import describe
from rules.conditions.parse import parse
from rules.conditions.problems import ConditionError
from templates import limits
from templates.voice import Voice
from templates.words import Mrkdwn, code, cut, name_of


def condition_words(condition: str, voice: Voice) -> str:
    """Say a condition as plain text, cut; one that cannot be read any more, as it stands."""
    try:
        tree = parse(condition)
    except ConditionError:
        return name_of(condition, limits.CONDITION)

    def say(name: str, /, **params: object) -> str:
        return voice.plain("conditions", name, **params)

    return cut(describe(tree, say), limits.CONDITION)


def condition_code(condition: str) -> Mrkdwn:
    """Give a condition as it may stand between backticks, cut."""
    return code(cut(condition, limits.CONDITION))
