"""Where alerts are told: by which route, and who the owner is in Slack.

What a route comes to is decided in `rules.alerts.route`. Slack is asked for owners outside of any transaction; where it
does not answer, or nobody here can ask it, an alert stays untold until the next tick.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from handlers import asking
from handlers.context import Context
from handlers.holding import holding
from rules.alerts import route
from rules.alerts.colleague import Colleague, Found
from rules.alerts.route import Place, Route, To
from rules.instants import HOUR
from storage import customers, routes, rules
from storage.alerts import Alert
from storage.database import Transaction

LONGEST_WAIT: Final = HOUR
"""For how long an alert waits for Slack to say who the owner is; then it is told in the default channel."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The route of an alert, if any takes it; the channel of its rule, or the default one; the customer's owner."""

    route: Route | None
    usual: str
    owner: str | None = None
    waited: bool = False
    """For so long that who the owner is in Slack is waited for no longer."""


def taken(tx: Transaction, ctx: Context, waiting: Sequence[Alert], now: int) -> Mapping[int, Taken]:
    """Give which route each alert takes at ``now``, by alert id."""
    pairs = [(one.id, one.rule_id, one.customer_id) for one in waiting]
    found = taken_by(tx, ctx, pairs, now)
    late = [one.id for one in waiting if max(one.opened_at, one.look_again_at or 0) + LONGEST_WAIT <= now]
    return {**found, **{number: replace(found[number], waited=True) for number in late}}


def taken_by(
    tx: Transaction, ctx: Context, pairs: Iterable[tuple[int, int, int]], now: int
) -> Mapping[int, Taken]:
    """Give which route each of (key, rule id, customer id) takes at ``now``, by key."""
    listed = list(pairs)
    named = {rule_id: rules.by_id(tx, rule_id) for rule_id in {rule_id for _, rule_id, _ in listed}}
    ordered = routes.listing(tx)
    conditions = {one.id: one.condition for one in ordered}
    held = holding(tx, ctx, conditions, {customer for _, _, customer in listed}, now)
    found: dict[int, Taken] = {}
    owned: dict[int, int] = {}
    for key, rule_id, customer in listed:
        rule = named[rule_id]
        usual = (rule.body.channel if rule is not None else "") or ctx.default_channel
        fits = {number for number, who in held.items() if customer in who}
        chosen = route.first(ordered, rule_id=rule_id, holding=fits)
        found[key] = Taken(chosen, usual)
        if chosen is not None and chosen.target is To.OWNER:
            owned[key] = customer
    profiles = customers.by_ids(tx, set(owned.values()))
    for key, customer in owned.items():
        profile = profiles.get(customer)
        found[key] = Taken(found[key].route, found[key].usual, profile.owner if profile else None)
    return found


def places(ctx: Context, found: Mapping[int, Taken], *, ask: bool = True) -> dict[int, Place]:
    """Give where each alert is told; those lack whose owner nobody can be asked for now. Outside of any transaction.

    Unless ``ask``: then Slack is left alone, and those are given the channel that they have without a route.
    """
    owners = {
        one.owner
        for one in found.values()
        if one.owner and one.route is not None and one.route.target is To.OWNER
    }
    colleagues = asking.ask(ctx, owners) if ask else {}
    known = {owner: slack_id(ctx, owner, colleagues.get(owner)) if ask else None for owner in owners}
    made: dict[int, Place] = {}
    for key, one in found.items():
        who = known.get(one.owner) if one.owner in known else ""
        if who is None and ask and not one.waited:
            continue
        if who is None:
            made[key] = Place((ctx.default_channel if ask else "") or one.usual)
            continue
        made[key] = route.place(
            one.route, usual=one.usual, fallback=ctx.default_channel, owner=one.owner, slack_id=who or None
        )
    return made


def slack_id(ctx: Context, owner: str, known: Colleague | None) -> str | None:
    """Give who an owner is in Slack; empty for nobody who is there, None where nobody can be asked now."""
    if ctx.whois is None:
        # An id needs no asking; of an address nobody here can say whose it is.
        return owner if route.SLACK_USER.match(owner) else None
    if known is None or known.found is Found.UNANSWERED:
        return None
    return known.id if known.found is Found.THERE else ""
