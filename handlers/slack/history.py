"""``/lifecycle flow|cohorts|activity``: read what was typed, ask, lay the answer out."""

from collections.abc import Callable, Mapping
from typing import Final

from handlers import history
from handlers.slack.asked import Asked
from handlers.slack.typed import ExtraArgumentError, first_word, read
from rules.lifecycle.months import read_months
from templates import history_pages
from templates.blocks import Rendered

USAGE: Final[Mapping[str, str]] = {
    "flow": "/lifecycle flow stage 6",
    "cohorts": "/lifecycle cohorts 12",
    "activity": "/lifecycle activity 12",
}


def flow(asked: Asked, text: str) -> Rendered:
    """Answer ``/lifecycle flow [stage|status] [months]``, in either order."""
    words = read(text, ("months",))
    first, rest = first_word(words.rest)
    if first[:1].isdigit():
        first, rest = first_word(rest)[0], f"{first} {first_word(rest)[1]}"
    months = _months("flow", rest, words.options.get("months"), history.USUAL_FLOW)
    view = history.flow(asked.ctx, history.flowing(first), months)
    return history_pages.flow(view, asked.voice())


def cohorts(asked: Asked, text: str) -> Rendered:
    """Answer ``/lifecycle cohorts [months]``."""
    words = read(text, ("months",))
    months = _months("cohorts", words.rest, words.options.get("months"), history.USUAL_MONTHS)
    view = history.cohorts(asked.ctx, months, most=history.MOST_IN_CHAT)
    return history_pages.cohorts(view, asked.voice())


def activity(asked: Asked, text: str) -> Rendered:
    """Answer ``/lifecycle activity [months]``."""
    words = read(text, ("months",))
    months = _months("activity", words.rest, words.options.get("months"), history.USUAL_MONTHS)
    view = history.activity(asked.ctx, months, most=history.MOST_IN_CHAT)
    return history_pages.activity(view, asked.voice())


def _months(subcommand: str, text: str, option: str | None, usual: int) -> int:
    said, more = first_word(text)
    if more or (said and option is not None):
        raise ExtraArgumentError(text=(more or said)[:40], usage=USAGE[subcommand])
    asked = option if option is not None else said
    return read_months(asked) if asked else usual


ANSWERS: Final[Mapping[str, Callable[[Asked, str], Rendered]]] = {
    "flow": flow,
    "cohorts": cohorts,
    "activity": activity,
}
