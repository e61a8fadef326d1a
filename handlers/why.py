"""Why somebody was told of a rule and a customer, or was not: for any pair, whether or not there ever was an alert.

It must not know Slack's requests, nor how an answer is laid out.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from handlers import meaning, routing, rulebook, shown
from handlers.answer import NoCustomerError
from handlers.context import Context
from rules.alerts.evidence import evidence_of, evidence_terms
from rules.alerts.route import Place
from rules.alerts.verdict import Latest, Pair, verdict
from rules.conditions.columns import Column
from rules.conditions.evaluate import evaluate
from rules.conditions.print import to_text
from rules.conditions.reach import within
from rules.conditions.terms import Subject, Term
from rules.conditions.tree import Condition, Test, leaves, terms
from rules.errors import WarmlineError
from storage import alerts, customers, matches, outbox, pruned, suppressions
from storage import terms as answers
from storage.alerts import Alert
from storage.customers import Profile
from storage.database import Transaction
from storage.outbox import Message
from storage.rules import Rule
from templates.views import (
    AskedView,
    DeliveryView,
    PairView,
    PlaceView,
    RouteTestView,
)

_MOST_NAMED: Final = 5


class ManyMeantError(WarmlineError):
    """Several customers could be meant by ``text``: ``names`` are theirs, each with the id."""

    code: ClassVar[str] = "many_meant"


def pair(ctx: Context, who: str, name: str) -> PairView:
    """Explain a rule and a customer as they stand; raises `NoRuleError`, `NoCustomerError` or `ManyMeantError`."""
    with ctx.database.reading() as tx:
        rule = rulebook.named(tx, name)
        profile = customer(tx, who)
        taken = routing.taken_by(tx, ctx, [(0, rule.id, profile.id)], ctx.now())
    # Who an owner is in Slack is asked outside of any transaction.
    place = routing.places(ctx, taken).get(0)
    with ctx.database.reading() as tx:
        return _pair(tx, ctx, rule, profile, place)


def where(ctx: Context, who: str, name: str) -> RouteTestView:
    """Say where alerts of a rule about a customer would be told; raises what `pair` raises."""
    with ctx.database.reading() as tx:
        rule = rulebook.named(tx, name)
        profile = customer(tx, who)
        taken = routing.taken_by(tx, ctx, [(0, rule.id, profile.id)], ctx.now())
    place = routing.places(ctx, taken).get(0)
    return RouteTestView(shown.person(profile, profile.id, ctx), rule.name, _place(place))


def split(ctx: Context, text: str) -> tuple[str, str]:
    """Split ``CUSTOMER RULE`` as it was typed: the longest end of it that names a rule is the rule.

    Where none does, the last word is what should have been one; or there is none, where all of it is a customer.
    """
    quoted = re.match(r"[\"“'](.+?)[\"”']\s+(.+)\Z", text)
    if quoted:
        return quoted[1], quoted[2]
    words = text.split()
    with ctx.database.reading() as tx:
        for first in range(1, len(words)):
            try:
                rulebook.named(tx, " ".join(words[first:]))
            except rulebook.NoRuleError:
                continue
            return " ".join(words[:first]), " ".join(words[first:])
        if customers.exact(tx, text, 1):
            return text, ""
    return " ".join(words[:-1]), words[-1] if words else ""


def customer(tx: Transaction, who: str) -> Profile:
    """Give the one customer whom ``who`` means; raises `NoCustomerError` or `ManyMeantError`."""
    found = customers.exact(tx, who, 2) or customers.search(tx, who, _MOST_NAMED + 1)
    if len(found) == 1:
        return found[0]
    if not found:
        near = customers.suggest(tx, who, _MOST_NAMED)
        raise NoCustomerError(text=who[:80], nearest=[one.name or one.external_id for one in near])
    names = [f"{one.name or '?'} ({one.external_id})"[:80] for one in found[:_MOST_NAMED]]
    raise ManyMeantError(text=who[:80], names=names)


def _pair(tx: Transaction, ctx: Context, rule: Rule, profile: Profile, place: Place | None) -> PairView:
    tree = meaning.of(tx, rule.body.condition)
    holds, tests = _tests(tx, ctx, tree, profile.id)
    latest = alerts.latest_of(tx, rule_id=rule.id, customer_id=profile.id)
    sent = _sent(tx, latest)
    since, held_until = matches.of_pair(tx, rule_id=rule.id, customer_id=profile.id)
    last = suppressions.of_alert(tx, profile.id, latest.id) if latest is not None else []
    return PairView(
        customer=shown.person(profile, profile.id, ctx),
        rule=shown.rule_view(rule.name, rule.body),
        verdict=verdict(_facts(rule, latest, sent, holds=holds, since=since, held_until=held_until)),
        holds_now=holds,
        tests=tests,
        since=since,
        held_until=held_until,
        alert_id=latest.id if latest else None,
        opened_at=latest.opened_at if latest else None,
        standing=shown.standing(latest) if latest else None,
        suppression=shown.suppression_view(last[-1]) if last else None,
        place=_place(place),
        messages=tuple(DeliveryView(str(one.call), str(one.state), one.reason, one.attempts) for one in sent),
        sent_to=sent[0].posted_channel or sent[0].channel if sent else None,
    )


def _facts(
    rule: Rule,
    latest: Alert | None,
    sent: Sequence[Message],
    *,
    holds: bool,
    since: int | None,
    held_until: int | None,
) -> Pair:
    return Pair(
        state=rule.state,
        swept=rule.swept_at is not None,
        holds_now=holds,
        since=since,
        held_until=held_until,
        cooldown=rule.body.cooldown,
        backlog=rule.body.backlog,
        latest=None
        if latest is None
        else Latest(
            unresolved=latest.unresolved,
            told=latest.root is not None,
            delivery=sent[0].state if sent else None,
            held=latest.held_by is not None,
            resolved_at=latest.resolved_at,
            by_person=latest.resolved_by is not None,
        ),
    )


def _tests(
    tx: Transaction, ctx: Context, tree: Condition, customer_id: int
) -> tuple[bool, tuple[AskedView, ...]]:
    """Give whether a condition holds now, and each of its tests with the value beside it."""
    now = ctx.now()
    tests = tuple(dict.fromkeys(leaves(tree)))
    horizon = pruned.horizon(tx)
    behind = {test: within(evidence_terms(test), horizon, now, ctx.calendar) for test in tests}
    asked = tuple(dict.fromkeys([*terms(tree), *(term for some in behind.values() for term in some)]))
    ids, columns = answers.answer(
        tx, asked, now=now, calendar=ctx.calendar, currency=ctx.currency, customers=[customer_id]
    )
    if not len(ids):
        return False, ()
    return bool(evaluate(tree, columns)[0]), tuple(_test(test, behind[test], columns) for test in tests)


def _test(test: Test, behind: Sequence[Term], columns: Mapping[Subject, Column]) -> AskedView:
    values = evidence_of(behind, columns, [0])[0]
    return AskedView(to_text(test), bool(evaluate(test, columns)[0]), values[0] if values else None)


def _sent(tx: Transaction, found: Alert | None) -> list[Message]:
    if found is None or found.root is None:
        return []
    followed = [one for one in outbox.of_root(tx, found.root) if one.alert_id in (None, found.id)]
    return [outbox.get(tx, found.root), *followed]


def _place(place: Place | None) -> PlaceView:
    if place is None:
        return PlaceView("", thread=False, route="", asked_in_vain=True)
    return PlaceView(place.channel, place.thread, place.route, place.nobody)
