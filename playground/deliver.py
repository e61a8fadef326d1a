"""Bringing something to the app and waiting for its answer, whichever way it is connected.

It must not know what is brought.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from playground.workspace import JSON

Kind = Literal["slash_commands", "interactive", "events_api"]
ACK_SECONDS: Final = 3.0
"""An app has this long to acknowledge."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a delivery: acknowledged with ``payload`` (may be empty), or ``error`` as Slack names it."""

    error: str | None = None
    payload: JSON | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the app acknowledged in time."""
        return self.error is None


class Delivery(Protocol):
    """A way to the app."""

    def deliver(self, kind: Kind, payload: JSON) -> Answer:
        """Bring ``payload`` and wait for the acknowledgement, three seconds at most."""
        ...

    def redeliver(self) -> Answer:
        """Bring the last thing once more, as Slack does when it is not sure that it arrived."""
        ...
