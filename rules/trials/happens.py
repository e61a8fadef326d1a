"""What happens in a test of rules, read: customers and what is said of them, events, and what people do.

It must not know what is expected to come of it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from rules.alerts.person import BY_PERSON, Snooze
from rules.alerts.states import Resolution
from rules.files.tree import Fields, Node, Scalar
from rules.instants import iso
from rules.trials.cast import RULE, Cast
from rules.trials.trial import Act, Deed, Happening, Said

_EVENT: Final = ("at", "customer", "kind", "set", "amount", "currency", "properties", "id", "arrives")
_PLAIN: Final = {"amount": "amount", "currency": "currency", "id": "external_id"}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?\Z", re.ASCII)
_TRUTHS: Final = {"true": True, "false": False}
_SOMEBODY: Final = "somebody"
_LENGTHS: Final = (Snooze.HOUR, Snooze.MORNING, Snooze.WEEK)
_WITH: Final = {Deed.SNOOZE: "for", Deed.RESOLVE: "as"}
"""What goes with a deed: how long a snooze lasts, how an alert ended."""


def customers(cast: Cast, node: Node) -> list[tuple[int, str, dict[str, str]]]:
    """Read (line, name, profile) of the customers who are listed."""
    found = []
    for key, value in cast.gather.entries(node, "customers"):
        cast.customers[key.text] = None
        nothing = isinstance(value, Scalar) and value.is_nothing
        profile = {} if nothing else _profile(cast, value, f"customers, {key.text}")
        found.append((key.line, key.text, profile))
    return found


def _profile(cast: Cast, node: Node, where: str) -> dict[str, str]:
    profile: dict[str, str] = {}
    for key, value in cast.gather.entries(node, where):
        if isinstance(value, Scalar) and value.is_nothing:
            # As an empty cell of a table: there is no such value.
            profile[key.text] = ""
            continue
        said = cast.gather.text(value, f"{where}, {key.text}")
        if key.text == "created_at" and said is not None:
            at = cast.instant(value, f"{where}, created_at")
            said = iso(at) if at is not None else None
        if said is not None:
            profile[key.text] = said
    return profile


def events(cast: Cast, node: Node | None) -> tuple[list[Happening], list[Said]]:
    """Read what happens to customers, and what becomes known of them later."""
    happenings: list[Happening] = []
    said: list[Said] = []
    for item in cast.gather.items(node) if node is not None else ():
        fields = cast.gather.fields(item, _EVENT, "events", required=("at", "customer"))
        at = cast.instant(fields["at"], "events, at") if "at" in fields else None
        customer = cast.new_customer(fields["customer"], "events, customer") if "customer" in fields else None
        if isinstance(item, Fields) and ("kind" in fields) is ("set" in fields):
            cast.gather.add(item, "kind_or_set", "events")
            continue
        if "set" in fields:
            profile = _profile(cast, fields["set"], "events, set")
            if at is not None and customer is not None:
                said.append(Said(item.line, at, customer, profile))
            continue
        happening = _happening(cast, item, fields, at, customer)
        if happening is not None:
            happenings.append(happening)
    return happenings, said


def _happening(
    cast: Cast, item: Node, fields: Mapping[str, Node], at: int | None, customer: str | None
) -> Happening | None:
    record: dict[str, Any] = {}
    kind = cast.gather.text(fields["kind"], "events, kind") if "kind" in fields else None
    for name, column in _PLAIN.items():
        if name in fields:
            record[column] = cast.gather.text(fields[name], f"events, {name}")
    if "properties" in fields:
        record["properties"] = _properties(cast, fields["properties"])
    arrives = cast.instant(fields["arrives"], "events, arrives") if "arrives" in fields else at
    if at is None or customer is None or kind is None or arrives is None:
        return None
    if arrives < at:
        cast.gather.add(fields["arrives"], "arrives_early", "events")
    record |= {"customer": customer, "kind": kind, "occurred_at": iso(at)}
    return Happening(item.line, at, arrives, record)


def _properties(cast: Cast, node: Node) -> dict[str, str | Decimal | bool]:
    """Read properties; without quotes, what looks like a number or a truth is one."""
    found: dict[str, str | Decimal | bool] = {}
    for key, value in cast.gather.entries(node, "events, properties"):
        said = cast.gather.text(value, f"events, properties, {key.text}")
        if said is None:
            continue
        bare = isinstance(value, Scalar) and value.plain
        if bare and said in _TRUTHS:
            found[key.text] = _TRUTHS[said]
        else:
            found[key.text] = Decimal(said) if bare and _NUMBER.match(said) else said
    return found


def people(cast: Cast, node: Node | None) -> list[Act]:
    """Read what people do to alerts."""
    found = [_act(cast, item) for item in cast.gather.items(node)] if node is not None else []
    return [one for one in found if one is not None]


def _act(cast: Cast, node: Node) -> Act | None:
    deeds = [str(one) for one in Deed]
    fields = cast.gather.fields(node, ("at", "by", *deeds, RULE, "for", "as"), "people", required=("at",))
    named = [deed for deed in Deed if deed in fields]
    if len(named) != 1:
        if isinstance(node, Fields):
            cast.gather.add(node, "one_of", "people", known=deeds)
        return None
    deed = named[0]
    choice = _choice(cast, node, deed, fields)
    at = cast.instant(fields["at"], "people, at") if "at" in fields else None
    by = cast.gather.text(fields["by"], "people, by") if "by" in fields else _SOMEBODY
    customer = cast.customer(fields[deed], f"people, {deed}")
    rule = cast.rule(fields.get(RULE), node, "people")
    if at is None or by is None or customer is None or rule is None:
        return None
    return Act(node.line, at, by, deed, rule, customer, choice)


def _choice(cast: Cast, node: Node, deed: Deed, fields: Mapping[str, Node]) -> Snooze | Resolution | None:
    wanted = _WITH.get(deed)
    for key in _WITH.values():
        if key in fields and key != wanted:
            known = ["at", "by", str(deed), RULE, *([wanted] if wanted else [])]
            cast.gather.add(fields[key], "unknown_key", "people", key=key, nearest=None, known=known)
    if wanted is not None and wanted not in fields:
        cast.gather.add(node, "missing_key", "people", key=wanted)
    elif deed is Deed.SNOOZE:
        return cast.gather.choice(fields["for"], _LENGTHS, "people, for")
    elif deed is Deed.RESOLVE:
        return cast.gather.choice(fields["as"], BY_PERSON, "people, as")
    return None
