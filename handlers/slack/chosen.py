"""Names of rules that ship and are not in use: what to say to whoever asks for one.

It must not know which command asked.
"""

from typing import ClassVar

from handlers import rulebook
from handlers.rulebook import NoRuleError
from handlers.slack.asked import Asked
from rules.alerts.typed import BadRuleNameError, rule_name
from rules.errors import WarmlineError


class NotChosenError(WarmlineError):
    """The rule ``name`` ships, and is not in use."""

    code: ClassVar[str] = "not_chosen"


def perhaps_not_chosen(asked: Asked, error: NoRuleError) -> WarmlineError:
    """Give what is wrong with a name of no rule in use: perhaps it ships."""
    try:
        slug = rule_name(str(error.params["name"]))
    except BadRuleNameError:
        return error
    shipped = any(one.name == slug for one in rulebook.available(asked.ctx))
    return NotChosenError(name=slug) if shipped else error
