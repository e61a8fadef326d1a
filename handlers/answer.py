"""Questions about customers and alerts, answered: load, and give what the answer shows.

It must not know Slack's requests, nor how an answer is laid out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from handlers import held, shown, spending, waking
from handlers.card import card as card_of
from handlers.context import Context
from rules.errors import WarmlineError
from storage import alerts, customers, digests, events, outbox, pruned, rules, suppressions
from storage.alerts import Alert
from storage.customers import Profile
from storage.database import Transaction
from storage.outbox import Message
from templates.digest import PAGE as DIGEST_PAGE
from templates.views import (
    AlertPage,
    AlertView,
    AttentionPage,
    CardView,
    DatedStep,
    DeliveryView,
    FoundCustomer,
    Member,
    Money,
    TimelinePage,
    Waiting,
    WhyView,
)

PAGE: Final = 12
"""Customers or alerts on one page."""
TIMELINE: Final = 20
"""Events on a page of the timeline."""
_LAST_PAGE: Final = 200
_MOST_NEAR: Final = 5


class NoCustomerError(WarmlineError):
    """Nobody is called so: ``text``, cut; ``nearest`` are names that are like it, perhaps none."""

    code: ClassVar[str] = "no_customer"
    near: tuple[FoundCustomer, ...] = ()
    """Those whose names are ``nearest``, for whoever lets one of them be chosen."""


class NobodyFoundError(NoCustomerError):
    """A search for ``text`` found nobody; ``nearest`` are names that are like it, perhaps none."""

    code: ClassVar[str] = "nobody_found"


class NoAlertError(WarmlineError):
    """There is no alert of this number: ``id``."""

    code: ClassVar[str] = "no_alert"


@dataclass(frozen=True, slots=True)
class Choice:
    """Several customers could be meant by ``text``; ``more`` where there are others besides these."""

    text: str
    customers: tuple[FoundCustomer, ...]
    more: bool = False


def status(ctx: Context, who: str, *, as_of: int | None = None) -> CardView | Choice:
    """Give the customer whom ``who`` names: by id, e-mail address or name; or those who could be meant.

    Raises `NoCustomerError` with the nearest names, and `storage.pruned.BeforeHorizonError` for an ``as_of`` of which
    events were pruned.
    """
    with ctx.database.reading() as tx:
        if as_of is not None:
            pruned.refuse_before(tx, as_of)
        found = customers.exact(tx, who, PAGE + 1) or customers.search(tx, who, PAGE + 1)
        if len(found) == 1:
            return card_of(tx, found[0], ctx, as_of)
        if found:
            return _choice(who, found, ctx)
        near = customers.suggest(tx, who, _MOST_NEAR)
    raise _named_like(NoCustomerError(text=who[:80], nearest=_names(near)), near, ctx)


def card(ctx: Context, customer_id: int) -> CardView:
    """Give a customer by the program's own id; raises `NoCustomerError`."""
    with ctx.database.reading() as tx:
        return card_of(tx, _known(tx, customer_id), ctx, None)


def card_of_alert(ctx: Context, alert_id: int) -> CardView:
    """Give the customer of an alert; raises `NoAlertError` or `NoCustomerError`."""
    with ctx.database.reading() as tx:
        return card_of(tx, _known(tx, _alert(tx, alert_id).customer_id), ctx, None)


def find(ctx: Context, text: str) -> Choice:
    """Give those whom ``text`` may mean, the surest first; raises `NobodyFoundError` with the nearest names."""
    with ctx.database.reading() as tx:
        found = customers.search(tx, text, PAGE + 1)
        if found:
            return _choice(text, found, ctx)
        near = customers.suggest(tx, text, _MOST_NEAR)
    raise _named_like(NobodyFoundError(text=text[:80], nearest=_names(near)), near, ctx)


def needing_attention(ctx: Context, *, names: frozenset[str] | None = None, page: int = 0) -> AttentionPage:
    """Give a page of the customers with open alerts, who spent most first; with ``names``, of those owned by them."""
    with ctx.database.reading() as tx:
        waiting = Counter(customer for _, customer, _ in alerts.unresolved_pairs(tx))
        wanted = set(waiting) if names is None else customers.owned_among(tx, waiting, names)
        spent = spending.totals(tx, ctx, wanted, ctx.now())
        ranked = sorted(wanted, key=lambda one: (-spent.get(one, 0), one))
        shown_now = ranked[page * PAGE : (page + 1) * PAGE]
        profiles = customers.by_ids(tx, shown_now)
        found = tuple(
            _found(profiles[one], ctx, open_alerts=waiting[one], spent=spent.get(one))
            for one in shown_now
            if one in profiles
        )
        return AttentionPage(found, page, len(ranked))


def timeline(ctx: Context, customer_id: int, page: int = 0) -> TimelinePage:
    """Give a page of a customer's history, the newest first; raises `NoCustomerError`."""
    page = min(page, _LAST_PAGE)
    with ctx.database.reading() as tx:
        profile = _known(tx, customer_id)
        last = (page + 1) * TIMELINE
        found = events.timeline(tx, customer_id, ctx.now(), last + 1)
        more = len(found) > last
        return TimelinePage(
            id=customer_id,
            person=shown.person(profile, customer_id, ctx),
            events=tuple(shown.event_view(one) for one in found[page * TIMELINE : last]),
            page=page,
            more=more,
            pruned_before=pruned.horizon(tx) if not more and pruned.tallies(tx, [customer_id]) else None,
        )


def open_alerts(ctx: Context, page: int = 0) -> AlertPage:
    """Give a page of all alerts that have not ended."""
    with ctx.database.reading() as tx:
        found = alerts.unresolved(tx, limit=PAGE, offset=page * PAGE)
        return AlertPage(shown.listed(tx, found, ctx), page, alerts.unresolved_count(tx))


def my_alerts(ctx: Context, user: str, names: frozenset[str], page: int = 0) -> AlertPage:
    """Give a page of the alerts that ``user`` claimed, or whose customers are owned by one of ``names``."""
    with ctx.database.reading() as tx:
        pairs = alerts.unresolved_pairs(tx)
        owned = customers.owned_among(tx, {customer for _, customer, _ in pairs}, names)
        mine = [alert for alert, customer, claimed_by in pairs if claimed_by == user or customer in owned]
        wanted = mine[page * PAGE : (page + 1) * PAGE]
        found = alerts.by_ids(tx, wanted)
        return AlertPage(shown.listed(tx, [found[one] for one in wanted], ctx), page, len(mine))


def alert(ctx: Context, alert_id: int) -> AlertView:
    """Give one alert as it stands; raises `NoAlertError`."""
    with ctx.database.reading() as tx:
        return shown.alert_view(tx, _alert(tx, alert_id), ctx)


def digest_rows(ctx: Context, root: int, page: int) -> tuple[str, list[Member], int]:
    """Give a page of a digest's open alerts: the rule's name, the members, and how many are open in all."""
    with ctx.database.reading() as tx:
        first = alerts.of_root(tx, root, limit=1)
        if not first:
            raise NoAlertError(id=str(root))
        rule = rules.by_id(tx, first[0].rule_id)
        members = alerts.open_of_root(tx, root)
        wanted = shown.most_valuable(tx, members, ctx, first=page * DIGEST_PAGE, n=DIGEST_PAGE)
        return (rule.name if rule else "?"), list(wanted), len(members)


def held_rows(ctx: Context, root: int, page: int) -> tuple[int, list[Waiting], int] | None:
    """Give a page of a channel's digest: its time, the customers, and how many in all; None where the message is none."""
    with ctx.database.reading() as tx:
        if digests.of_root(tx, root) is None:
            return None
        return held.page(tx, root, ctx, first=page * DIGEST_PAGE, n=DIGEST_PAGE)


def why(ctx: Context, alert_id: int) -> WhyView:
    """Explain an alert; raises `NoAlertError`."""
    with ctx.database.reading() as tx:
        found = _alert(tx, alert_id)
        version = rules.version_of(tx, found.rule_id, found.rule_version)
        taken = alerts.transitions(tx, found)
        sent = _sent(tx, found)
        return WhyView(
            alert=shown.alert_view(tx, found, ctx),
            reason=found.reason,
            version=version.version,
            author=version.author,
            at=version.at,
            values_now=waking.baseline(tx, ctx, found, ctx.now()),
            steps=tuple(
                DatedStep(step.at, told)
                for step, told in zip(taken, shown.step_views(tx, taken, ctx), strict=True)
            ),
            leaving_at=found.leaving_at,
            messages=tuple(
                DeliveryView(str(one.call), str(one.state), one.reason, one.attempts) for one in sent
            ),
            suppressions=tuple(
                shown.suppression_view(one) for one in suppressions.of_alert(tx, found.customer_id, found.id)
            ),
        )


def _sent(tx: Transaction, found: Alert) -> list[Message]:
    """Give the message that tells an alert, and what followed it; nothing where it is not told."""
    if found.root is None:
        return []
    followed = outbox.of_root(tx, found.root)
    return [outbox.get(tx, found.root), *(one for one in followed if one.alert_id in (None, found.id))]


def _named_like(error: NoCustomerError, near: Sequence[Profile], ctx: Context) -> NoCustomerError:
    error.near = tuple(_found(profile, ctx) for profile in near)
    return error


def _names(near: Sequence[Profile]) -> list[str]:
    return [profile.name or profile.external_id for profile in near]


def _alert(tx: Transaction, alert_id: int) -> Alert:
    found = alerts.by_id(tx, alert_id)
    if found is None:
        raise NoAlertError(id=str(alert_id))
    return found


def _known(tx: Transaction, customer_id: int) -> Profile:
    profile = customers.by_id(tx, customer_id)
    if profile is None:
        raise NoCustomerError(text=f"#{customer_id}", nearest=[])
    return profile


def _choice(text: str, found: Sequence[Profile], ctx: Context) -> Choice:
    return Choice(text, tuple(_found(profile, ctx) for profile in found[:PAGE]), more=len(found) > PAGE)


def _found(
    profile: Profile, ctx: Context, *, open_alerts: int = 0, spent: int | None = None
) -> FoundCustomer:
    return FoundCustomer(
        id=profile.id,
        person=shown.person(profile, profile.id, ctx),
        email=profile.email,
        open_alerts=open_alerts,
        spent=Money(spent, ctx.currency) if spent else None,
    )
