"""Asking Slack who bears a name, for many names at once and never for long: whoever asks holds the sweep's lock.

It must not know what is done with the answers. Slack is asked outside of any transaction.
"""

from collections.abc import Iterable
from typing import Final

from handlers.context import Context
from rules.alerts.colleague import Colleague, Found
from rules.instants import MINUTE, SECOND

LONGEST: Final = 5 * SECOND
"""How long it is asked in one tick; in elapsed time. A call that is under way then is waited for."""
MOST_IN_VAIN: Final = 3
"""After so many names that Slack does not answer for nobody else is asked about."""


def ask(ctx: Context, names: Iterable[str]) -> dict[str, Colleague]:
    """Give who bears these names; those lack for whom there was no time, all where there is no Slack to be asked.

    Another name comes first in each minute, so that those which take long, or get no answer, keep no other waiting.
    """
    ordered = sorted(set(names))
    if ctx.whois is None or not ordered:
        return {}
    begun, in_vain, found = ctx.elapsed(), 0, dict[str, Colleague]()
    first = begun // MINUTE % len(ordered)
    for name in (*ordered[first:], *ordered[:first]):
        if ctx.elapsed() - begun > LONGEST or in_vain >= MOST_IN_VAIN:
            break
        found[name] = ctx.whois(name)
        in_vain += found[name].found is Found.UNANSWERED
    return found
