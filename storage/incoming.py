"""What intake hands over to be stored: events and profiles that were read and found in order.

Owns the key of an event. It must not know files, requests or tables.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class EventIn:
    """An event that was read and found in order. ``amount`` is in whole minor units of ``currency``.

    ``customer`` is the external id, ``kind`` the canonical name of what the source calls it, an alias perhaps;
    ``properties`` canonical JSON of an object.
    ``ordinal`` tells equal events without an id apart: the how-manieth of its file this is.
    """

    source: str
    customer: str
    kind: str
    occurred_at: int
    amount: int | None = None
    currency: str | None = None
    external_id: str | None = None
    properties: str | None = None
    ordinal: int = 1

    @property
    def key(self) -> int:
        """8 bytes of hash of (source, external id) or, without an id, of the content."""
        if self.external_id is not None:
            return key_of("id", self.source, self.external_id)
        return key_of(
            "content",
            self.source,
            self.customer,
            self.kind,
            str(self.occurred_at),
            "" if self.amount is None else str(self.amount),
            self.currency or "",
            self.properties or "",
            str(self.ordinal),
        )


def key_of(*parts: str) -> int:
    """Hash ``parts``, none of which holds a NUL, to a signed whole number of 64 bits."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True, slots=True)
class CustomerIn:
    """What a source says of a customer. What it does not speak of lacks; None says that there is none.

    ``own`` holds any of ``name email segment owner country language``; ``created_at`` None: not spoken of.
    """

    external_id: str
    own: Mapping[str, str | None]
    created_at: int | None
    attributes: Mapping[str, str | Decimal | None]
