"""Who speaks: the words of one language, how it writes figures, and what an amount is counted in."""

from dataclasses import dataclass

from rules.instants import DAY, HOUR, MINUTE
from templates.figures import Figures
from templates.words import Mrkdwn, Words, name_of


@dataclass(frozen=True, slots=True)
class Voice:
    """What every message needs beside its view."""

    words: Words
    figures: Figures
    currency: str

    def say(self, page: str, name: str, /, **params: object) -> Mrkdwn:
        """Give a text as mrkdwn; see `Words.say`."""
        return self.words.say(page, name, **params)

    def plain(self, page: str, name: str, /, **params: object) -> str:
        """Give a text for where nothing is interpreted; see `Words.plain`."""
        return self.words.plain(page, name, **params)

    def length(self, milliseconds: int) -> Mrkdwn:
        """Say a length of time in whole days, hours or minutes, whichever is the longest that says something: ``8 hours``."""
        for unit, size in (("d", DAY), ("h", HOUR)):
            if milliseconds >= 2 * size or milliseconds == size:
                return self.say("terms", f"length_{unit}", n=milliseconds // size)
        return self.say("terms", "length_m", n=max(1, milliseconds // MINUTE))


def title(slug: str) -> str:
    """Give the name of a rule or a kind of event as words: ``big_spender_silent`` is ``Big spender silent``."""
    words = spoken(slug)
    return words[:1].upper() + words[1:]


def spoken(slug: str) -> str:
    """Give a name as words within a sentence: ``support_ticket`` is ``support ticket``."""
    return name_of(slug.replace("_", " "), 60)
