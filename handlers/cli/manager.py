"""Who is at this machine: whoever may run commands here may change rules."""

import getpass

from handlers.rulebook import Request
from rules.access import Actor


def request() -> Request:
    """Give the request of whoever types; the command line asks once."""
    return Request(Actor(id=f"cli:{getpass.getuser()}", manager=True))
