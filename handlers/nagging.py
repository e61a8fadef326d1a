"""Reminding: whom alerts that nobody claims are brought to, and when; what was missed is made up for by one step.

What is due is decided in `rules.alerts.nag`, whom it turns to in `rules.alerts.colleague`. Slack is asked who is who
before anything is written.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from handlers import asking, channels, hushed, steps
from handlers.context import Context
from handlers.steps import TOGETHER, Told
from rules.alerts.colleague import Brought, Colleague, Found, brought
from rules.alerts.escalation import EscalationStep, Target, read_escalation
from rules.alerts.nag import Clocks, Nag, nag
from rules.alerts.pipeline.stage import Silence
from rules.alerts.retry import Delivery
from rules.alerts.rule import RuleState
from rules.alerts.states import Reason, Verb
from rules.instants import HOUR, MINUTE
from storage import alerts, customers, outbox, pace, rules
from storage.alerts import Alert, Step
from storage.channels import places as places_of
from storage.database import Transaction
from storage.outbox import Call, Message, New, Subject
from storage.rules import Rule

AT_ONCE: Final = 250
"""Alerts that one transaction reminds of, but for those that one message tells."""
LOOK_AGAIN: Final = 5 * MINUTE
"""When to look again at an alert that is kept open though its condition has ceased, that is silenced, or that Slack has
not taken yet."""
ASKED_AGAIN: Final = HOUR
"""For how long an owner's step waits for Slack to say who bears the address; then the address itself is named."""

_ON_ITS_WAY: Final = frozenset({Delivery.PENDING, Delivery.SENDING, Delivery.UNKNOWN})


@dataclass(slots=True)
class _Around:
    """What is looked at beside the alerts: rules by id, owners of customers, and who is who."""

    now: int
    rules: dict[int, Rule | None] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    colleagues: dict[str, Colleague] = field(default_factory=dict)
    silences: Mapping[int, Sequence[Silence]] = field(default_factory=dict)
    """By customer: managers' silences that hold now."""
    quiet: dict[str, int | None] = field(default_factory=dict)
    """Until when channels are not to be disturbed, by name, of those that were asked."""

    def quiet_until(self, tx: Transaction, ctx: Context, channel: str) -> int | None:
        """Say until when a channel is not to be disturbed; None where it may be."""
        if channel not in self.quiet:
            self.quiet[channel] = channels.quiet_until(tx, ctx, channel, self.now)
        return self.quiet[channel]

    def is_silenced(self, alert: Alert) -> bool:
        """Say whether a silence that holds for the customer is about the alert's rule, or about all."""
        return any(one.rule_id in (None, alert.rule_id) for one in self.silences.get(alert.customer_id, ()))


@dataclass(frozen=True, slots=True)
class _Due:
    """One alert that it is time for: what is to be done, and whom it is brought to."""

    alert: Alert
    rule: Rule
    nag: Nag
    brought: Brought | None = None


def remind(ctx: Context, *, now: int) -> int:
    """Take what is due as of ``now`` of alerts that nobody claims; gives how many somebody is told of.

    To be called by who holds the sweep's lock.
    """
    with ctx.database.reading() as tx:
        waiting = alerts.due_to_nag(tx, now=now)
        if not waiting:
            return 0
        around = _Around(now)
        _load(tx, ctx, around, alerts.by_ids(tx, [number for number, _ in waiting]).values())
    around.colleagues = asking.ask(ctx, around.owners.values())
    told = 0
    for numbers in _cut(waiting):
        with ctx.database.writing() as tx:
            told += _remind(tx, ctx, around, alerts.to_nag(tx, numbers, now=now))
    if told:
        with ctx.database.writing() as tx:
            outbox.release_forming(tx, now=ctx.elapsed())
    return told


def _load(tx: Transaction, ctx: Context, around: _Around, some: Iterable[Alert]) -> None:
    """Load the rules, what is silenced, and the owners of those whose alert is to be brought to them."""
    to_owner, saying = [], set()
    for alert in some:
        if alert.rule_id not in around.rules:
            around.rules[alert.rule_id] = rules.by_id(tx, alert.rule_id)
        due = _due(alert, around)
        if due is not None and _says(due.nag):
            saying.add(alert.customer_id)
        if due is not None and due.nag.step is not None and due.nag.step.target is Target.OWNER:
            to_owner.append(alert.customer_id)
    around.silences = hushed.silenced(tx, ctx, saying, around.now)
    profiles = customers.by_ids(tx, to_owner)
    around.owners = {number: one.owner for number, one in profiles.items() if one.owner}


def _cut(waiting: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Cut (alert id, root) into parts, each told in a transaction of its own; what one message tells stays together."""
    by_root: dict[int, list[int]] = defaultdict(list)
    for number, root in waiting:
        by_root[root].append(number)
    parts: list[list[int]] = [[]]
    for numbers in by_root.values():
        if parts[-1] and len(parts[-1]) + len(numbers) > AT_ONCE:
            parts.append([])
        parts[-1] += numbers
    return [part for part in parts if part]


def _due(alert: Alert, around: _Around) -> _Due | None:
    """Say what is due of an alert; None where nobody is to be told of it: it rests, or somebody has it."""
    rule = around.rules.get(alert.rule_id)
    rests = alert.claimed_by is not None or alert.snoozed_until is not None or not alert.unresolved
    if rule is None or rule.state is not RuleState.ACTIVE or rests or alert.nag_from is None:
        return None
    found = nag(
        Clocks(alert.nag_from, alert.reminded, alert.escalated),
        remind=rule.body.remind,
        steps=read_escalation(rule.body.escalate),
        now=around.now,
    )
    return _Due(alert, rule, found)


def _remind(tx: Transaction, ctx: Context, around: _Around, some: Sequence[Alert]) -> int:
    roots = outbox.by_numbers(tx, sorted({one.root for one in some if one.root is not None}))
    unseen = _unseen(tx, ctx, roots)
    moved: list[tuple[int, int, int | None]] = []
    stuck: list[Alert] = []
    taken: list[Step] = []
    posts: dict[tuple[int, int | None, str], New] = {}
    for alert in some:
        due = _due(alert, around)
        root = roots.get(alert.root or 0)
        if due is not None and root is not None and _says(due.nag) and root.id in unseen:
            stuck.append(alert)
            continue
        if due is None or root is None or not _says(due.nag):
            moved.append((alert.customer_id, alert.id, due.nag.next_at if due is not None else None))
            continue
        step = due.nag.step
        place = step.channel if step is not None and step.channel else root.channel
        quiet = around.quiet_until(tx, ctx, place)
        if quiet is None and (alert.leaving_at is not None or around.is_silenced(alert)):
            # It has ceased to hold, and may come back, or a manager wants quiet: nobody is to do anything about it now.
            quiet = around.now + LOOK_AGAIN
        if quiet is None and _is_to_wait(ctx, due, around):
            quiet = around.now + 1
        if quiet is not None and quiet > around.now:
            moved.append((alert.customer_id, alert.id, quiet))
            continue
        taken.append(_step(ctx, due, around))
        if step is not None and step.target is Target.CHANNEL:
            # Of alerts that one message tells alone, as of one customer, each is repeated by itself.
            key = (root.id, alert.id if root.subject not in TOGETHER else None, step.channel)
            posts.setdefault(key, _elsewhere(tx, due, root, step))
    alerts.nag_at(tx, moved)
    alerts.nag_later(tx, stuck, since=around.now, again_at=around.now + LOOK_AGAIN)
    steps.take(tx, taken, Told(now=around.now, elapsed=ctx.elapsed(), forming=True))
    outbox.add_all(tx, list(posts.values()), now=ctx.elapsed())
    return len(taken)


def _unseen(tx: Transaction, ctx: Context, roots: Mapping[int, Message]) -> set[int]:
    """Give the messages that Slack has not taken yet though that was tried: nobody has seen their alerts, then.

    It was tried as well where the head of their thread does not come to stand there, or where their channel, or all of
    Slack, takes nothing: who waits for that is not sent at all.
    """
    waiting = {number: one for number, one in roots.items() if one.state in _ON_ITS_WAY}
    if not waiting:
        return set()
    heads = outbox.by_numbers(tx, sorted({one.root for one in waiting.values() if one.root is not None}))
    held = pace.held(tx, now=0)
    names = {one.channel or ctx.default_channel for one in waiting.values()}
    places = places_of(tx, names)
    closed = {name for name in names if not held.keys().isdisjoint({pace.EVERYWHERE, name, places[name]})}
    return {
        number
        for number, one in waiting.items()
        if one.attempts > 0
        or (one.channel or ctx.default_channel) in closed
        or (one.root is not None and heads[one.root].state in _ON_ITS_WAY and heads[one.root].attempts > 0)
    }


def _is_to_wait(ctx: Context, due: _Due, around: _Around) -> bool:
    """Say whether the owner's step waits because nobody has said yet who bears the address."""
    step, owner = due.nag.step, around.owners.get(due.alert.customer_id, "")
    if ctx.whois is None or step is None or step.target is not Target.OWNER or "@" not in owner:
        return False
    colleague = around.colleagues.get(owner)
    unanswered = colleague is None or colleague.found is Found.UNANSWERED
    return unanswered and around.now < due.nag.clocks.since + step.after + ASKED_AGAIN


def _says(found: Nag) -> bool:
    return found.remind or found.step is not None


def _step(ctx: Context, due: _Due, around: _Around) -> Step:
    changes = {
        "reminded": due.nag.clocks.reminded,
        "escalated": due.nag.clocks.escalated,
        "next_nag_at": due.nag.next_at,
    }
    step = due.nag.step
    if step is None:
        detail: Mapping[str, object] = {"after": around.now - due.nag.clocks.since}
        return Step(due.alert, Verb.REMIND, Reason.UNCLAIMED, changes, detail=detail)
    owner = around.owners.get(due.alert.customer_id)
    found = brought(step, owner, around.colleagues.get(owner or ""), ctx.managers)
    detail = {
        "after": step.after,
        "target": str(found.target),
        "to": list(found.to),
        "lacks": str(found.lacks) if found.lacks is not None else None,
        "owner": owner,
        "channel": step.channel,
    }
    return Step(due.alert, Verb.ESCALATE, Reason.UNCLAIMED, changes, detail=detail)


def _elsewhere(tx: Transaction, due: _Due, root: Message, step: EscalationStep) -> New:
    """Give the message that repeats an alert in another channel; of those told together, one repeats the message.

    It is known by the alert, or by the first of those: whatever changes where that stands edits it.
    """
    together = root.subject in TOGETHER
    known_by = alerts.of_root(tx, root.id, limit=1)[0] if together else due.alert
    return New(
        call=Call.POST,
        subject=Subject.ESCALATION,
        channel=step.channel,
        rule_id=due.alert.rule_id,
        customer_id=None if together else due.alert.customer_id,
        alert_id=known_by.id,
        payload={"after": step.after, "root": root.id},
    )
