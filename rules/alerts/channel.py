"""What a channel says of itself: its hours, and how much attention it has to give. Pure.

It must not know Slack, nor which channels there are.
"""

from dataclasses import dataclass
from typing import Final

USUAL_GROUP: Final = 10


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """How alerts are told in a channel; what is said nowhere is usual.

    ``budget``: alerts that it reads in a day of its zone, None for any number. ``group``: past so many customers of one
    rule at once, one message tells them all.
    """

    budget: int | None = None
    group: int = USUAL_GROUP


USUAL: Final = ChannelSettings()
