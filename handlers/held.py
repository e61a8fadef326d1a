"""What a channel's digest tells and names, loaded as its message and its pages show it: each customer once.

It must not know when a digest is due, nor how anything is laid out.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers import shown, spending
from handlers.context import Context
from rules.alerts.pipeline.stage import Why
from rules.alerts.rule import RuleBody, Severity
from storage import alerts, customers, digests, rules
from storage.alerts import Alert, OpenMember
from storage.customers import Profile
from storage.database import Transaction
from templates.views import HeldView, Member, Money, RuleWaiting, Waiting

TOP: Final = 5
"""The most valuable customers of each rule that a digest names."""
_WEIGHTS: Final = {one: weight for weight, one in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class _Line:
    """A customer's line: the alert that it stands under, and the rules of the others."""

    alert: OpenMember | Alert
    rule: tuple[int, int]
    others: tuple[tuple[int, int], ...]
    why: Why | None
    spent: int


class _Rules:
    """The rules, by id and version, that alerts are of; each is loaded once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._found: dict[tuple[int, int], tuple[str, RuleBody]] = {}

    def __getitem__(self, key: tuple[int, int]) -> tuple[str, RuleBody]:
        if key not in self._found:
            rule = rules.by_id(self._tx, key[0])
            self._found[key] = (rule.name if rule else "?", rules.version_of(self._tx, *key).body)
        return self._found[key]


def view(tx: Transaction, root: int, ctx: Context) -> HeldView:
    """Load a digest as its alerts stand; what it names without telling, as it was at its time."""
    members = alerts.open_of_root(tx, root)
    named = digests.listed_in(tx, root)
    digest = digests.of_root(tx, root)
    known = _Rules(tx)
    return HeldView(
        root=root,
        at=digest.slot if digest else ctx.now(),
        counts=alerts.resolutions(tx, root),
        claimed=sum(one.claimed_by is not None and one.snoozed_until is None for one in members),
        snoozed=sum(one.snoozed_until is not None for one in members),
        rules=tuple(_by_rule(tx, ctx, _lines(tx, ctx, members, {}, known), known)),
        held=tuple(Counter(one.why for one in named).most_common()),
        passed=digest.passed if digest else 0,
    )


def page(tx: Transaction, root: int, ctx: Context, *, first: int, n: int) -> tuple[int, list[Waiting], int]:
    """Give ``n`` customers of a digest from place ``first`` on, as they stand now: its time, they, and how many in all."""
    digest = digests.of_root(tx, root)
    named = {one.alert_id: one.why for one in digests.listed_in(tx, root)}
    waiting = [one for one in alerts.by_ids(tx, named).values() if one.unresolved and one.root is None]
    known = _Rules(tx)
    lines = _lines(tx, ctx, [*alerts.open_of_root(tx, root), *waiting], named, known)
    shown_now = _waiting(tx, ctx, lines[first : first + n], known)
    return (digest.slot if digest else ctx.now()), shown_now, len(lines)


def _lines(
    tx: Transaction,
    ctx: Context,
    members: Sequence[OpenMember | Alert],
    named: Mapping[int, Why],
    known: _Rules,
) -> list[_Line]:
    """Give each customer once, under the gravest of its alerts: rule by rule, the most valuable first."""
    by_customer: dict[int, list[OpenMember | Alert]] = defaultdict(list)
    for one in members:
        by_customer[one.customer_id].append(one)
    spent = spending.totals(tx, ctx, by_customer, ctx.now())
    lines = []
    for customer_id, some in by_customer.items():
        first, *others = sorted(some, key=lambda one: _rank(one, named, known))
        lines.append(
            _Line(
                alert=first,
                rule=_key(first),
                others=tuple(_key(one) for one in others),
                why=named.get(_number(first)),
                spent=spent.get(customer_id, 0),
            )
        )
    lines.sort(key=lambda one: (one.why is not None, -one.spent, _number(one.alert)))
    # A rule stands where its most valuable customer does.
    order = {rule: place for place, rule in enumerate(dict.fromkeys((one.why, one.rule[0]) for one in lines))}
    return sorted(lines, key=lambda one: (one.why is not None, order[one.why, one.rule[0]]))


def _by_rule(tx: Transaction, ctx: Context, lines: Sequence[_Line], known: _Rules) -> list[RuleWaiting]:
    by_rule: dict[int, list[_Line]] = defaultdict(list)
    for one in lines:
        by_rule[one.rule[0]].append(one)
    return [
        RuleWaiting(
            rule=shown.rule_view(*known[some[0].rule]),
            customers=len(some),
            top=tuple(_waiting(tx, ctx, some[:TOP], known)),
        )
        for some in by_rule.values()
    ]


def _waiting(tx: Transaction, ctx: Context, lines: Sequence[_Line], known: _Rules) -> list[Waiting]:
    profiles = customers.by_ids(tx, [one.alert.customer_id for one in lines])
    return [
        Waiting(
            member=_member(one, profiles, ctx),
            rule=known[one.rule][0],
            others=tuple(known[key][0] for key in one.others),
            why=one.why,
        )
        for one in lines
    ]


def _member(line: _Line, profiles: Mapping[int, Profile], ctx: Context) -> Member:
    customer_id = line.alert.customer_id
    return Member(
        alert_id=_number(line.alert),
        customer=shown.person(profiles.get(customer_id), customer_id, ctx),
        standing=shown.standing(line.alert),
        spent=Money(line.spent, ctx.currency) if line.spent else None,
    )


def _rank(one: OpenMember | Alert, named: Mapping[int, Why], known: _Rules) -> tuple[bool, int, int]:
    """Order alerts of one customer: what is told before what is only named, then the gravest, then the oldest."""
    number = _number(one)
    return number in named, -_WEIGHTS[known[_key(one)][1].severity], number


def _key(one: OpenMember | Alert) -> tuple[int, int]:
    return one.rule_id, one.rule_version


def _number(one: OpenMember | Alert) -> int:
    return one.id if isinstance(one, Alert) else one.alert_id
