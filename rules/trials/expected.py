"""What a test of rules expects, read: alerts and messages at instants. It must not know what happens."""

from collections.abc import Mapping
from typing import Any, Final

from rules.alerts.states import Reason, Resolution
from rules.files.tree import Fields, Node
from rules.trials.cast import RULE, Cast
from rules.trials.trial import Expectation, Message, Outcome, Stage, Telling, Told

SECTIONS: Final = ("open", "opens", "resolves", "messages", "suppressed")
_KEYS: Final = {
    "open": ("customer", RULE),
    "opens": ("customer", RULE, "reason"),
    "resolves": ("customer", RULE, "as", "reason"),
    "suppressed": ("customer", RULE, "stage", "reason"),
}
_REASONS: Final = {
    "opens": (
        *(Reason.ENTERED, Reason.BACKLOG, Reason.BACKLOG_EACH, Reason.COOLDOWN_OVER, Reason.PENDING_OVER),
    ),
    "resolves": (
        *(Reason.LEFT, Reason.LATE_EVENT, Reason.RULE_EDITED, Reason.RULE_REMOVED, Reason.BY_PERSON),
    ),
    "suppressed": (Reason.COOLDOWN, Reason.PENDING, Reason.BACKLOG_IGNORED, Reason.ALREADY_TOLD),
}


def expectations(cast: Cast, node: Node) -> tuple[Expectation, ...]:
    """Read the section ``expect``, in the order of its instants."""
    found: dict[int, Expectation] = {}
    for item in cast.gather.items(node):
        one = _expectation(cast, item)
        if one is None:
            continue
        if one.at in found:
            cast.gather.add(item, "expected_twice", f"expect, {one.written}", first=found[one.at].line)
        found.setdefault(one.at, one)
    return tuple(found[at] for at in sorted(found))


def _expectation(cast: Cast, node: Node) -> Expectation | None:
    fields = cast.gather.fields(node, ("at", *SECTIONS), "expect", required=("at",))
    written = (cast.gather.text(fields["at"], "expect, at") or "") if "at" in fields else ""
    at = cast.instant(fields["at"], "expect, at") if written else None
    where = f"expect, {written}"
    said: dict[str, Any] = {
        section: _told(cast, section, fields[section], f"{where}, {section}")
        for section in _KEYS
        if section in fields
    }
    if "messages" in fields:
        said["messages"] = _messages(cast, fields["messages"], f"{where}, messages")
    if isinstance(node, Fields) and not any(section in fields for section in SECTIONS):
        cast.gather.add(node, "nothing_expected", where)
    return Expectation(node.line, at, written, Outcome(**said)) if at is not None else None


def _told(cast: Cast, section: str, node: Node, where: str) -> tuple[Told, ...]:
    found = [_one_told(cast, section, item, where) for item in cast.gather.items(node)]
    return tuple(one for one in found if one is not None)


def _one_told(cast: Cast, section: str, node: Node, where: str) -> Told | None:
    if not isinstance(node, Fields):
        customer, rule = cast.customer(node, where), cast.rule(None, node, where)
        return Told(rule, customer) if customer is not None and rule is not None else None
    fields = cast.gather.fields(node, _KEYS[section], where, required=("customer",))
    customer = cast.customer(fields["customer"], where) if "customer" in fields else None
    rule = cast.rule(fields.get(RULE), node, where)
    choices = _choices(cast, section, fields, where)
    return Told(rule, customer, **choices) if customer is not None and rule is not None else None


def _choices(cast: Cast, section: str, fields: Mapping[str, Node], where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "reason" in fields:
        found["reason"] = cast.gather.choice(fields["reason"], _REASONS[section], f"{where}, reason")
    if "as" in fields:
        found["resolution"] = cast.gather.choice(fields["as"], Resolution, f"{where}, as")
    if "stage" in fields:
        found["stage"] = cast.gather.choice(fields["stage"], Stage, f"{where}, stage")
    return found


def _messages(cast: Cast, node: Node, where: str) -> tuple[Message, ...]:
    found = [_message(cast, item, where) for item in cast.gather.items(node)]
    return tuple(one for one in found if one is not None)


def _message(cast: Cast, node: Node, where: str) -> Message | None:
    tellings = [str(one) for one in Telling]
    fields = cast.gather.fields(node, (*tellings, RULE, "channel", "says"), where)
    named = [telling for telling in Telling if telling in fields]
    if len(named) != 1:
        if isinstance(node, Fields):
            cast.gather.add(node, "one_of", where, known=tellings)
        return None
    customers = cast.customers_of(fields[named[0]], f"{where}, {named[0]}")
    rule = cast.rule(fields.get(RULE), node, where)
    channel = cast.gather.text(fields["channel"], f"{where}, channel") if "channel" in fields else None
    says = cast.texts(fields["says"], f"{where}, says") if "says" in fields else ()
    return Message(named[0], rule, customers, channel, says) if customers is not None and rule else None
