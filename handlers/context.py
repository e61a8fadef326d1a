"""What every use case is given: the database, the two clocks, the business's settings and the words.

Made once, in ``compose()``; nothing in here is a global.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rules.alerts.colleague import Colleague
from rules.instants import Calendar
from storage.database import Database
from templates.words import Words

Clock = Callable[[], int]
"""Gives milliseconds since 1970-01-01T00:00Z."""


Whois = Callable[[str], Colleague]
"""Says who bears a Slack id or an e-mail address."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a use case needs to know of the world."""

    database: Database
    now: Clock
    """The business's now: what conditions, alerts and snoozes go by. The playground may move it on."""
    elapsed: Clock
    """Real time: leases, pacing, signatures, deduplication."""
    calendar: Calendar
    currency: str
    words: Words
    default_channel: str = ""
    managers: frozenset[str] = frozenset()
    """Slack ids of users and of user groups."""
    whois: Whois | None = None
    """Asks Slack who bears a name; None where there is no Slack to be asked."""
    customer_url: str = ""
    """A link to a customer in the company's own CRM; ``{id}`` stands for the external id."""
