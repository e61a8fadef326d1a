"""The check that makes a row of a table what a source says of a customer: pure, with a reason for every refusal.

It must not know files.
"""

from collections.abc import Mapping
from typing import Final

from handlers.intake.errors import RefusedError
from handlers.intake.events import LONGEST_ID, LONGEST_INSTANT, World, instant_of
from handlers.intake.texts import cell, check
from storage.customers import OWN
from storage.incoming import CustomerIn

LONGEST_NAME: Final = 20_000
"""Characters of a customer's name: any real one is kept whole, and shown cut."""
LONGEST_EMAIL: Final = 320
LONGEST_OWN: Final = 200
"""Characters of a segment, an owner, a country or a language."""
LONGEST_ATTRIBUTE: Final = 2_000
MOST_ATTRIBUTES: Final = 200

_LIMITS: Final = {"name": LONGEST_NAME, "email": LONGEST_EMAIL}
_FIELDS: Final = frozenset({"external_id", "created_at", *OWN})


def customer_of(row: Mapping[str, str], world: World) -> CustomerIn:
    """Make a profile of a row by canonical names of columns. Raises `RefusedError`.

    A column that is there speaks: an empty cell says that there is no such value. But when a customer came is never
    unsaid: an empty ``created_at`` says nothing.
    """
    external_id = check(row.get("external_id", ""), "external_id", limit=LONGEST_ID)
    if not external_id:
        raise RefusedError("missing", field="external_id")
    created = check(row.get("created_at", ""), "created_at", limit=LONGEST_INSTANT)
    attributes = {
        name: cell(text, name, limit=LONGEST_ATTRIBUTE) for name, text in row.items() if name not in _FIELDS
    }
    if len(attributes) > MOST_ATTRIBUTES:
        raise RefusedError("too_many_attributes", found=len(attributes), limit=MOST_ATTRIBUTES)
    return CustomerIn(
        external_id=external_id,
        own={
            name: check(row[name], name, limit=_LIMITS.get(name, LONGEST_OWN)) or None
            for name in OWN
            if name in row
        },
        created_at=instant_of(created, world.calendar, "created_at") if created else None,
        attributes=attributes,
    )
