"""What is to be minded in a condition or in a rule, said in a message.

It must not know where any of it came from.
"""

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import Block

from rules.conditions.problems import Problem
from templates import blocks
from templates.voice import Voice

_MOST: Final = 3


def warned(problems: Sequence[Problem], voice: Voice) -> list[Block]:
    """Say the first of what is to be minded; what is so in two places is said once."""
    said = list(dict.fromkeys(voice.words.problem(one) for one in problems))
    return [blocks.section(voice.say("rules", "warning", said=one)) for one in said[:_MOST]]
