"""A test of rules, read from YAML with every mistake at its line. It must not know what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final
from zoneinfo import ZoneInfoNotFoundError

from rules.book import book
from rules.book.written import NOTHING_KNOWN, Written, rules_of
from rules.conditions.check import Vocabulary
from rules.conditions.names import BadNameError, name_of
from rules.conditions.parse import parse
from rules.conditions.suggest import nearest
from rules.conditions.terms import events_of
from rules.conditions.tree import terms
from rules.files.gather import Gather
from rules.files.mistakes import Mistake
from rules.files.tree import Fields, Node
from rules.instants import Calendar
from rules.lifecycle import processes
from rules.lifecycle.definitions import NO_LIFECYCLE
from rules.lifecycle.presets import presets
from rules.lifecycle.resolve import resolve
from rules.money import UnknownCurrencyError, exponent
from rules.trials import happens
from rules.trials.cast import Cast, shipped
from rules.trials.expected import expectations
from rules.trials.trial import Happening, Said, Trial
from rules.trials.when import When, every

KEYS: Final = (
    "about",
    "book",
    "rules",
    "lifecycle",
    "fitted",
    "start",
    "timezone",
    "currency",
    "channel",
    "customers",
    "events",
    "people",
    "sweeps",
    "expect",
)
START: Final = "2026-01-01"
ZONE: Final = "UTC"
CURRENCY: Final = "USD"
CHANNEL: Final = "#alerts"
MOST_SWEEPS: Final = 1_000
MOST_FITS: Final = 100
_NO_LIFECYCLE: Final = replace(NOTHING_KNOWN, labels={})


def read_trial(text: str) -> Trial:
    """Read a test of rules. Raises `rules.files.mistakes.BadFileError` with every mistake in it."""
    gather = Gather()
    fields = gather.fields(gather.tree(text), KEYS, "", required=("expect",))
    calendar = _calendar(gather, fields.get("timezone"))
    when = When(_start(gather, fields.get("start")), calendar)
    lifecycle = _lifecycle(gather, fields.get("lifecycle"))
    rules = _rules(gather, fields, lifecycle)
    cast = Cast(gather, when, tuple(rule.name for rule in rules), {}, listed="customers" in fields)
    profiles = happens.customers(cast, fields["customers"]) if "customers" in fields else []
    happenings, said = happens.events(cast, fields.get("events"))
    acts = happens.people(cast, fields.get("people"))
    expected = expectations(cast, fields["expect"]) if "expect" in fields else ()
    sweeps = _sweeps(cast, fields["sweeps"]) if "sweeps" in fields else []
    fitted = _instants(cast, fields["fitted"], "fitted", MOST_FITS) if "fitted" in fields else []
    currency = _currency(gather, fields.get("currency"))
    channel = gather.text(fields["channel"], "channel") if "channel" in fields else CHANNEL
    if "expect" in fields and not expected and not gather.mistakes:
        gather.add(fields["expect"], "nothing_expected", "expect")
    gather.finish()
    all_sweeps = tuple(sorted({*sweeps, *(one.at for one in expected)}))
    moments = [*(one.arrives for one in happenings), *(one.at for one in said), *(one.at for one in acts)]
    begins = min([*all_sweeps, *moments, *fitted])
    return Trial(
        rules=tuple(rules),
        calendar=calendar,
        currency=currency,
        channel=channel or CHANNEL,
        begins=begins,
        said=(*(Said(line, begins, name, profile) for line, name, profile in profiles), *said),
        happenings=tuple(happenings),
        acts=tuple(acts),
        sweeps=all_sweeps,
        expectations=expected,
        hints=_hints(rules, happenings, lifecycle),
        lifecycle=lifecycle,
        fitted=tuple(sorted(set(fitted))),
    )


def _calendar(gather: Gather, node: Node | None) -> Calendar:
    said = gather.text(node, "timezone") if node is not None else ZONE
    try:
        return Calendar.of(said or ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if node is not None:
            gather.add(node, "bad_zone", "timezone", text=said)
        return Calendar.of(ZONE)


def _start(gather: Gather, node: Node | None) -> date:
    said = gather.text(node, "start") if node is not None else START
    try:
        return date.fromisoformat(said or START)
    except ValueError:
        if node is not None:
            gather.add(node, "bad_date", "start", text=said)
        return date.fromisoformat(START)


def _currency(gather: Gather, node: Node | None) -> str:
    said = (gather.text(node, "currency") if node is not None else None) or CURRENCY
    try:
        exponent(said.upper())
    except UnknownCurrencyError:
        if node is not None:
            gather.add(node, "bad_currency", "currency", text=said)
    return said.upper()


def _names(lifecycle: str) -> Vocabulary:
    """Give what is known in the database of a test: no data yet, the labels of its life cycle, the aliases that ship."""
    known = NOTHING_KNOWN if lifecycle else _NO_LIFECYCLE
    return replace(known, aliases=processes.shipped().aliases)


def _lifecycle(gather: Gather, node: Node | None) -> str:
    said = gather.text(node, "lifecycle") if node is not None else None
    if node is None or said is None or said in presets():
        return said or ""
    near = gather.nearest(said, presets())
    gather.add(node, "bad_choice", "lifecycle", found=said, nearest=near, choices=list(presets()))
    return ""


def _rules(gather: Gather, fields: Mapping[str, Node], lifecycle: str) -> list[Written]:
    """Read the rules that are tested: those that ship by their names, and those that are written out."""
    found: dict[str, Written] = {}
    if "book" in fields:
        shipping = book()
        for name in shipped(gather, fields["book"], list(shipping), "book"):
            found[name] = Written(name, shipping[name].body)
    if "rules" in fields:
        for rule in rules_of(gather, fields["rules"], _names(lifecycle)):
            if rule.name in found:
                gather.mistakes.append(
                    Mistake(rule.line, "key_twice", {"key": rule.name, "first": fields["book"].line}, "rules")
                )
            found[rule.name] = rule
    if "book" not in fields and "rules" not in fields:
        gather.mistakes.append(Mistake(1, "nothing_tested"))
    return list(found.values())


def _sweeps(cast: Cast, node: Node) -> list[int]:
    """Read at which instants the rules are evaluated, besides those at which something is expected."""
    if isinstance(node, Fields):
        return _regular(cast, node)
    return _instants(cast, node, "sweeps", MOST_SWEEPS)


def _instants(cast: Cast, node: Node, where: str, limit: int) -> list[int]:
    items = cast.gather.items(node)
    if len(items) > limit:
        cast.gather.add(node, f"too_many_{where}", where, limit=limit)
        return []
    return [at for item in items if (at := cast.instant(item, where)) is not None]


def _regular(cast: Cast, node: Node) -> list[int]:
    fields = cast.gather.fields(node, ("every", "from", "to"), "sweeps", required=("every", "from", "to"))
    first, last = (
        cast.instant(fields[key], f"sweeps, {key}") if key in fields else None for key in ("from", "to")
    )
    said = cast.gather.text(fields["every"], "sweeps, every") if "every" in fields else None
    step = every(said) if said is not None else None
    if said is not None and step is None:
        cast.gather.add(fields["every"], "bad_every", "sweeps", text=said)
    if first is None or last is None or step is None:
        return []
    if last < first:
        cast.gather.add(node, "backwards", "sweeps")
    elif (last - first) // step >= MOST_SWEEPS:
        cast.gather.add(node, "too_many_sweeps", "sweeps", limit=MOST_SWEEPS)
    else:
        return list(range(first, last + 1, step))
    return []


def _hints(rules: Sequence[Written], happenings: Sequence[Happening], lifecycle: str) -> tuple[Mistake, ...]:
    """Find kinds of events that no rule looks at, where one that a rule looks at is spelt nearly the same."""
    definitions = presets()[lifecycle].lifecycle if lifecycle else NO_LIFECYCLE
    watched = {
        events.kind
        for rule in rules
        for term in terms(resolve(parse(rule.body.condition), definitions))
        for events in events_of(term)
    }
    known = processes.shipped()
    hints: dict[str, Mistake] = {}
    for one in happenings:
        try:
            kind = known.meaning(name_of(str(one.record["kind"])))
        except BadNameError:
            continue
        near = nearest(kind, watched)
        if kind not in watched and near is not None:
            hints.setdefault(
                kind, Mistake(one.line, "likely_kind", {"kind": kind, "nearest": near}, "events")
            )
    return tuple(hints.values())
