"""Alerts take their next steps, and the message that tells each of them is asked for, in the caller's transaction.

The one place that knows who tells what: a step of an alert with a message of its own edits that message and replies in
its thread; steps of alerts told together in a digest are told together, in one reply. What the step is was decided
elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rules.alerts.states import AlertState, Reason, Resolution, Verb
from storage import alerts, outbox
from storage.alerts import Alert, Step
from storage.database import Transaction
from storage.outbox import Call, Message, Subject


@dataclass(frozen=True, slots=True)
class Told:
    """When steps are taken (``now``, the business's) and asked to be told (``elapsed``); ``actor`` is who takes them.

    ``forming``: more steps of the same digests follow, in other transactions of one sweep.
    """

    now: int
    elapsed: int
    actor: str | None = None
    forming: bool = False


def take(tx: Transaction, steps: Sequence[Step], told: Told) -> None:
    """Let alerts take these steps, at most one for each alert, and ask for the messages that tell them."""
    roots = outbox.by_numbers(tx, sorted({step.alert.root for step in steps}))
    replies: dict[int, int] = {}
    taken: list[Step] = []
    for step in steps:
        root = roots[step.alert.root]
        if root.subject is Subject.DIGEST:
            if root.id not in replies:
                replies[root.id] = _digest_reply(tx, root, told)
            reply = replies[root.id]
        else:
            reply = _reply(tx, root, told, alert=step.alert)
        taken.append(replace(step, told_in=reply, actor=told.actor))
    for root in roots.values():
        outbox.add_update(tx, root, now=told.elapsed)
    alerts.take_steps(tx, taken, now=told.now)


def resolving(
    alert: Alert, *, resolution: Resolution, reason: Reason, now: int, actor: str | None = None
) -> Step:
    """Give the step that ends an alert."""
    return _step(
        alert,
        Verb.RESOLVE,
        reason,
        {
            "state": AlertState.RESOLVED,
            "resolution": resolution,
            "resolved_at": now,
            "resolved_by": actor,
            "snoozed_until": None,
        },
        {"resolution": str(resolution)},
    )


def waking(alert: Alert, *, reason: Reason) -> Step:
    """Give the step that ends a snooze."""
    return _step(alert, Verb.WAKE, reason, {"snoozed_until": None, "snoozed_by": None}, {})


def _step(
    alert: Alert, verb: Verb, reason: Reason, changes: Mapping[str, Any], detail: Mapping[str, Any]
) -> Step:
    return Step(alert=alert, verb=verb, reason=reason, changes=changes, detail=detail)


def _digest_reply(tx: Transaction, root: Message, told: Told) -> int:
    if told.forming and root.rule_id is not None:
        waiting = outbox.forming(tx, rule_id=root.rule_id, root=root.id)
        if waiting is not None:
            return waiting
    return _reply(tx, root, told)


def _reply(tx: Transaction, root: Message, told: Told, *, alert: Alert | None = None) -> int:
    return outbox.add(
        tx,
        call=Call.REPLY,
        subject=Subject.STEPS,
        channel=root.channel,
        now=told.elapsed,
        root=root.id,
        rule_id=root.rule_id,
        customer_id=alert.customer_id if alert else None,
        alert_id=alert.id if alert else None,
        forming=told.forming and root.subject is Subject.DIGEST,
    )


def resolve_all(
    tx: Transaction, open_alerts: Iterable[Alert], *, resolution: Resolution, reason: Reason, told: Told
) -> int:
    """End alerts together, as when their rule is removed; gives how many."""
    steps = [
        resolving(alert, resolution=resolution, reason=reason, now=told.now, actor=told.actor)
        for alert in open_alerts
    ]
    take(tx, steps, told)
    return len(steps)
