"""What is stored, loaded as the views that templates show.

It must not know how anything is laid out, nor Slack's client.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from urllib.parse import quote

from handlers import channels, spending
from handlers.context import Context
from rules.alerts.colleague import Lacks
from rules.alerts.escalation import Target
from rules.alerts.evidence import Evidence
from rules.alerts.rule import RuleBody
from rules.alerts.states import Reason, Resolution, Verb
from rules.instants import Calendar
from storage import alerts, customers, rules
from storage.alerts import Alert, OpenMember, Transition
from storage.customers import Profile
from storage.database import Transaction
from storage.events import PastEvent
from storage.suppressions import Suppression
from templates.figures import Figures
from templates.views import (
    AlertView,
    DigestView,
    EventView,
    LateView,
    ListedAlert,
    Member,
    Money,
    Person,
    RuleView,
    Standing,
    StepView,
    SuppressionView,
    UnclaimedView,
    WorseView,
)
from templates.voice import Voice
from templates.words import Words

_LONGEST_URL = 1_000
_SUM_EVER = re.compile(r"sum\([^(),]*\)\Z")
TOP = 10
"""The most valuable customers that a digest names."""


def voice(ctx: Context) -> Voice:
    """Give the words and figures that everything is said in."""
    return Voice(ctx.words, Figures(ctx.words.language, ctx.calendar), ctx.currency)


def voice_in(tx: Transaction, ctx: Context, channel: str) -> Voice:
    """Give the words and figures of a channel: in its own language, by the clocks of its own zone."""
    said = channels.settings_of(tx, ctx, channel)
    words = Words(said.language) if said.language else ctx.words
    calendar = Calendar.of(said.zone) if said.zone else ctx.calendar
    return Voice(words, Figures(words.language, calendar), ctx.currency)


def person(profile: Profile | None, customer_id: int, ctx: Context) -> Person:
    """Give a customer as alerts show one; of one who is gone, the number that is left."""
    if profile is None:
        return Person(external_id=f"#{customer_id}")
    return Person(
        external_id=profile.external_id,
        name=profile.name,
        segment=profile.segment,
        owner=profile.owner,
        url=customer_url(profile.external_id, ctx),
    )


def customer_url(external_id: str, ctx: Context) -> str | None:
    """Give the link to a customer in the company's own CRM, where it has one."""
    if not ctx.customer_url:
        return None
    known = quote(external_id.encode("utf-8", "replace"), safe="")
    url = ctx.customer_url.replace("{id}", known).replace("|", "%7C")
    return url if len(url) <= _LONGEST_URL else None


def rule_view(name: str, body: RuleBody) -> RuleView:
    """Give what an alert shows of a version of a rule."""
    return RuleView(
        name=name, kind=body.kind, severity=body.severity, condition=body.condition, action=body.action
    )


def standing(alert: Alert | OpenMember) -> Standing:
    """Give where an alert stands."""
    if isinstance(alert, OpenMember):
        return Standing(
            claimed_by=alert.claimed_by, snoozed_until=alert.snoozed_until, snoozed_by=alert.snoozed_by
        )
    return Standing(
        claimed_by=alert.claimed_by,
        snoozed_until=alert.snoozed_until,
        snoozed_by=alert.snoozed_by,
        snooze_note=alert.snooze_reason or "",
        until_worse=alert.worse_than is not None,
        resolution=alert.resolution,
        resolved_by=alert.resolved_by,
        resolved_at=alert.resolved_at,
    )


def standing_at(steps: Iterable[Transition], at: int) -> Standing:
    """Give where an alert that had not ended stood at the instant ``at``, by the steps it took, the first one first."""
    stood = Standing()
    for step in steps:
        if step.at > at:
            break
        match step.verb:
            case Verb.CLAIM:
                stood = replace(stood, claimed_by=step.actor)
            case Verb.UNCLAIM:
                stood = replace(stood, claimed_by=None)
            case Verb.SNOOZE:
                stood = replace(
                    stood,
                    snoozed_until=int(step.detail["until"]),
                    snoozed_by=step.actor,
                    snooze_note=str(step.detail.get("note", "")),
                    until_worse=bool(step.detail.get("worse")),
                )
            case Verb.WAKE:
                stood = replace(stood, snoozed_until=None, snoozed_by=None, snooze_note="", until_worse=False)
    return stood


def alert_view(tx: Transaction, alert: Alert, ctx: Context, *, nobody: str | None = None) -> AlertView:
    """Load one alert as its message shows it: the evidence, and what was spent, as they were when it opened.

    ``nobody`` is the owner whom its message was to reach and who is nobody in Slack.
    """
    rule = rules.by_id(tx, alert.rule_id)
    body = rules.version_of(tx, alert.rule_id, alert.rule_version).body
    # What the evidence says already is not said again.
    says_sum = any(_SUM_EVER.match(one.term) for one in alert.evidence)
    totals = {} if says_sum else spending.totals(tx, ctx, [alert.customer_id], alert.opened_at)
    spent = totals.get(alert.customer_id)
    return AlertView(
        id=alert.id,
        steps=alert.steps,
        opened_at=alert.opened_at,
        rule=rule_view(rule.name if rule else "?", body),
        customer=person(customers.by_id(tx, alert.customer_id), alert.customer_id, ctx),
        facts=alert.evidence,
        standing=standing(alert),
        spent=Money(spent, ctx.currency) if spent else None,
        nobody=nobody,
    )


def digest_view(tx: Transaction, root: int, ctx: Context) -> DigestView:
    """Load the alerts of one rule that one message tells, as they stand."""
    first = alerts.of_root(tx, root, limit=1)[0]
    rule = rules.by_id(tx, first.rule_id)
    members = alerts.open_of_root(tx, root)
    return DigestView(
        root=root,
        rule=rule_view(
            rule.name if rule else "?", rules.version_of(tx, first.rule_id, first.rule_version).body
        ),
        counts=alerts.resolutions(tx, root),
        claimed=sum(one.claimed_by is not None and one.snoozed_until is None for one in members),
        snoozed=sum(one.snoozed_until is not None for one in members),
        top=tuple(most_valuable(tx, members, ctx)[:TOP]),
        burst=first.reason is not Reason.BACKLOG,
    )


def most_valuable(
    tx: Transaction, members: Sequence[OpenMember], ctx: Context, *, first: int = 0, n: int = TOP
) -> list[Member]:
    """Give ``n`` members from place ``first`` on in the order of what they spent, the most first."""
    spent = spending.totals(tx, ctx, [one.customer_id for one in members], ctx.now())
    ranked = sorted(members, key=lambda one: (-spent.get(one.customer_id, 0), one.alert_id))[
        first : first + n
    ]
    profiles = customers.by_ids(tx, [one.customer_id for one in ranked])
    return [
        Member(
            alert_id=one.alert_id,
            customer=person(profiles.get(one.customer_id), one.customer_id, ctx),
            standing=standing(one),
            spent=Money(amount, ctx.currency) if (amount := spent.get(one.customer_id)) else None,
        )
        for one in ranked
    ]


def step_views(tx: Transaction, steps: Iterable[Transition], ctx: Context) -> tuple[StepView, ...]:
    """Load steps of alerts as replies tell them."""
    listed = list(steps)
    profiles = customers.by_ids(tx, {step.customer_id for step in listed})
    return tuple(step_view(step, profiles, ctx) for step in listed)


def step_view(step: Transition, profiles: Mapping[int, Profile], ctx: Context) -> StepView:
    """Give one step as it is told."""
    resolution, until = step.detail.get("resolution"), step.detail.get("until")
    return StepView(
        verb=step.verb,
        reason=step.reason,
        customer=person(profiles.get(step.customer_id), step.customer_id, ctx),
        actor=step.actor,
        until=int(until) if until is not None else None,
        resolution=Resolution(resolution) if resolution else None,
        unclaimed=_unclaimed(step) if step.reason is Reason.UNCLAIMED else None,
        late=_late(step) if step.reason is Reason.LATE_EVENT else None,
        note=str(step.detail.get("note", "")),
        until_worse=bool(step.detail.get("worse")),
        worse=_worse(step.detail),
        rule=str(step.detail.get("rule", "")),
    )


def _worse(detail: Mapping[str, object]) -> WorseView | None:
    if "term" not in detail:
        return None
    term = str(detail["term"])
    return WorseView(Evidence(term, str(detail["before"])), Evidence(term, str(detail["now"])))


def _unclaimed(step: Transition) -> UnclaimedView:
    said = step.detail
    return UnclaimedView(
        after=int(said["after"]),
        target=Target(said["target"]) if said.get("target") else None,
        to=tuple(said.get("to") or ()),
        lacks=Lacks(said["lacks"]) if said.get("lacks") else None,
        owner=said.get("owner"),
        channel=said.get("channel") or "",
    )


def _late(step: Transition) -> LateView:
    return LateView(str(step.detail["kind"]), int(step.detail["occurred_at"]), step.at)


def listed(
    tx: Transaction, found: Sequence[Alert], ctx: Context, known: Mapping[int, Profile] | None = None
) -> tuple[ListedAlert, ...]:
    """Load alerts as lists show them; ``known`` are the profiles of their customers, where they were loaded."""
    profiles = known if known is not None else customers.by_ids(tx, {one.customer_id for one in found})
    raised = {
        (one.rule_id, one.rule_version): (
            rules.by_id(tx, one.rule_id),
            rules.version_of(tx, one.rule_id, one.rule_version).body,
        )
        for one in {(one.rule_id, one.rule_version): one for one in found}.values()
    }
    made = []
    for one in found:
        rule, body = raised[one.rule_id, one.rule_version]
        made.append(
            ListedAlert(
                id=one.id,
                rule=rule.name if rule else "?",
                kind=body.kind,
                severity=body.severity,
                customer=person(profiles.get(one.customer_id), one.customer_id, ctx),
                standing=standing(one),
                opened_at=one.opened_at,
                fact=one.evidence[0] if one.evidence else None,
            )
        )
    return tuple(made)


def suppression_view(one: Suppression) -> SuppressionView:
    """Give what held an alert back as it is shown."""
    return SuppressionView(one.at, one.stage, one.why, one.until, one.actor, one.by)


def event_view(one: PastEvent) -> EventView:
    """Give one event of a customer's history as it is shown."""
    return EventView(
        kind=one.kind,
        occurred_at=one.occurred_at,
        amount=Money(one.amount, one.currency) if one.amount is not None and one.currency else None,
        details=tuple((name, _plain(value)) for name, value in one.properties.items()),
    )


def _plain(value: object) -> str:
    if isinstance(value, str | Decimal):
        return str(value)
    return json.dumps(value, default=str, ensure_ascii=False)
