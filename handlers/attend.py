"""What follows a sweep, at its instant: who is told of what, and who is reminded of it.

To be called by who holds the sweep's lock, after the sweep is through with everybody: what is told together, and what a
channel has attention for, is asked of all alerts at once.
"""

from handlers.context import Context
from handlers.digests import tell_digests
from handlers.nagging import remind
from handlers.telling import tell
from handlers.waking import wake


def attend(ctx: Context, *, now: int) -> None:
    """Do what is due as of ``now``."""
    # First who wakes: it is told with what else is due.
    wake(ctx, now=now)
    tell(ctx, now=now)
    tell_digests(ctx, now=now)
    remind(ctx, now=now)
